"""`mock-sendpilot wait`, with a running server."""

import json
import threading

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.workspace import Workspace
from tests.cli.commands import EVENT, LEAD, invoke

OTHER_LEAD = "lead_az4fr5"


@pytest.fixture
def three(server: EmulatorServer, workspace: Workspace) -> list[SentWebhook]:
    """Events: a lead's, that of a campaign, and another lead's."""
    workspace.store.set_lead_status(LEAD, status="DONE")
    workspace.campaigns.change("camp_xyz789", "pause", by="user")
    workspace.store.set_lead_status(OTHER_LEAD, status="OPPORTUNITY")
    return server.emulator.outbox(workspace).events.all()


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("wait", *arguments, "--url", server.origin)


def test_an_idle_workspace_is_exit_code_0(server: EmulatorServer) -> None:
    result = run(server)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("idle at 20")
    assert result.stdout.endswith("; next: nothing\n")


def test_an_idle_workspace_is_json_with_the_option(server: EmulatorServer) -> None:
    assert json.loads(run(server, "--json").stdout)["idle"] is True


def test_a_hanging_receiver_is_exit_code_1_with_the_running_attempt(server: EmulatorServer) -> None:
    workspace = server.emulator.workspaces()[0]
    with WebhookReceiver() as receiver:
        server.emulator.outbox(workspace).endpoints.add(receiver.url)
        with receiver.hold_responses():
            workspace.store.set_lead_status("lead_abc123", status="DONE")
            result = run(server, "--timeout", "0.05")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("not idle at 20")
    assert f"; still running: attempt 1 of lead.status.changed to {receiver.url}; " in result.stderr


# --- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        pytest.param(["--event", EVENT], [1], id="event"),
        pytest.param(["--match", f"leadId={OTHER_LEAD}"], [3], id="match"),
        pytest.param(["--match", "newStatus=OPPORTUNITY", "--event", EVENT], [3], id="both"),
        pytest.param(["--event", EVENT, "--count", "2"], [1, 3], id="count"),
        pytest.param(["--count", "3"], [1, 2, 3], id="count alone"),
    ],
)
def test_earlier_events_that_match_are_printed_in_a_line_each(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    result = run(server, *arguments)
    lines = [f"{e.event_id}: {e.event_type}" for e in three if e.sequence in numbers]

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == lines


def test_an_event_that_comes_later_is_waited_for(
    server: EmulatorServer, workspace: Workspace
) -> None:
    results: list[Result] = []
    waiting = threading.Thread(
        target=lambda: results.append(run(server, "--event", EVENT, "--timeout", "30"))
    )
    waiting.start()
    waiting.join(0.1)
    assert results == []
    workspace.store.set_lead_status(LEAD, status="DONE")
    waiting.join(10)

    assert (results[0].exit_code, results[0].stdout.endswith(f": {EVENT}\n")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        pytest.param([], [2], id="any"),
        pytest.param(["--event", EVENT], [3], id="event"),
        pytest.param(["--count", "2"], [2, 3], id="count"),
    ],
)
def test_only_events_after_the_named_one_count(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    result = run(server, "--after", three[0].event_id, *arguments)
    lines = [f"{e.event_id}: {e.event_type}" for e in three if e.sequence in numbers]

    assert (result.exit_code, result.stdout.splitlines()) == (0, lines)


def test_a_wait_after_the_last_event_is_exit_code_1(
    server: EmulatorServer, three: list[SentWebhook]
) -> None:
    arguments = ["--after", three[-1].event_id, "--event", EVENT, "--timeout", "0"]
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing came" in result.stderr


def test_a_wait_after_an_unknown_event_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "--after", "evt_x")

    assert result.exit_code == 1
    assert "Event not found" in result.stderr


def test_a_missing_event_is_exit_code_1_with_the_nearest_miss(
    server: EmulatorServer, three: list[SentWebhook]
) -> None:
    arguments = ["--event", EVENT, "--match", "newStatus=PENDING", "--timeout", "0.05"]
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"no webhook '{EVENT}', newStatus='PENDING' within 0.05 s\n")
    assert "\n    data.newStatus is 'OPPORTUNITY', not 'PENDING'\n" in result.stderr


@pytest.mark.parametrize(("event", "code"), [(EVENT, 0), ("message.sent", 1)])
def test_a_wait_is_json_with_the_option(
    server: EmulatorServer, three: list[SentWebhook], event: str, code: int
) -> None:
    result = run(server, "--event", event, "--timeout", "0", "--json")
    reply = json.loads(result.stdout)

    assert (result.exit_code, result.stderr) == (code, "")
    assert (reply["failure"] is None) is (code == 0)
    assert len(reply["events"]) == 1 - code


def test_an_unknown_event_type_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "--event", "lead.update")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["--match", "newStatus"], "expected KEY=VALUE, got 'newStatus'", id="match"),
        pytest.param(["--count", "0"], "--count", id="count"),
        pytest.param(["--timeout", "61"], "--timeout", id="timeout"),
    ],
)
def test_invalid_arguments_are_exit_code_2(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr
