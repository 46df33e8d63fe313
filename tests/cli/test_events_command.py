"""`mock-sendpilot events`, and `wait` for events, against a server that runs."""

import json
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.workspace import Workspace

EVENT = "lead.status.changed"
LEAD, OTHER_LEAD = "lead_abc123", "lead_az4fr5"


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def workspace(server: EmulatorServer) -> Workspace:
    return server.emulator.workspaces()[0]


@pytest.fixture
def three(server: EmulatorServer, workspace: Workspace) -> list[SentWebhook]:
    """Events: a lead's, that of a campaign, and another lead's."""
    workspace.store.set_lead_status(LEAD, status="DONE")
    workspace.campaigns.change("camp_xyz789", "pause", by="user")
    workspace.store.set_lead_status(OTHER_LEAD, status="OPPORTUNITY")
    return server.emulator.outbox(workspace).events.all()


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = [*arguments, "--url", server.origin]
    return CliRunner().invoke(main, options, prog_name="mock-sendpilot")


def when(event: SentWebhook) -> str:
    return str(event.json["timestamp"])


# --- events -------------------------------------------------------------------------------------


def test_they_are_listed_newest_first(server: EmulatorServer, three: list[SentWebhook]) -> None:
    first, campaign, last = three
    result = run(server, "events", "list")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{when(last)}  {last.event_id}  {EVENT}  {OTHER_LEAD}  no endpoint",
        f"{when(campaign)}  {campaign.event_id}  campaign.paused  no endpoint",
        f"{when(first)}  {first.event_id}  {EVENT}  {LEAD}  no endpoint",
    ]


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        pytest.param(["--event", "campaign.paused"], [2], id="event"),
        pytest.param(["--lead", LEAD], [1], id="lead"),
        pytest.param(["--lead", "a&b=c"], [], id="odd lead"),
        pytest.param(["--limit", "2"], [3, 2], id="limit"),
    ],
)
def test_they_can_be_chosen(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    answer = json.loads(run(server, "events", "list", *arguments, "--json").stdout)

    assert [event["sequence"] for event in answer["events"]] == numbers


def test_the_state_of_each_delivery_is_told(server: EmulatorServer, workspace: Workspace) -> None:
    workspace.scheduler.freeze()
    outbox = server.emulator.outbox(workspace)
    outbox.endpoints.add("http://127.0.0.1:9/")
    outbox.disruptions.arm("drop")
    outbox.endpoints.add("http://127.0.0.1:9/")
    workspace.store.set_lead_status(LEAD, status="DONE")

    assert run(server, "events", "list").stdout.endswith(f"{LEAD}  dropped, pending\n")


def test_one_is_shown_with_body_and_deliveries(
    server: EmulatorServer, workspace: Workspace
) -> None:
    workspace.scheduler.freeze()
    outbox = server.emulator.outbox(workspace)
    endpoint = outbox.endpoints.add("http://127.0.0.1:9/")
    workspace.store.set_lead_status(LEAD, status="DONE")
    (event,) = outbox.events.all()
    (delivery,) = event.deliveries
    result = run(server, "events", "show", event.event_id)

    line, *body, last = result.stdout.splitlines()
    assert line == f"{when(event)}  {event.event_id}  {EVENT}  {LEAD}  pending"
    assert json.loads("".join(body)) == event.json
    assert last.startswith(f"{delivery.id} to {endpoint.id}: pending, attempts: 0, next at 20")


def test_showing_one_speaks_json(server: EmulatorServer, three: list[SentWebhook]) -> None:
    result = run(server, "events", "show", three[0].event_id, "--json")

    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout)["body"] == three[0].json


def test_one_that_is_not_there_is_1(server: EmulatorServer) -> None:
    result = run(server, "events", "show", "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Event not found" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["list", "--limit", "0"], ["list", "--limit", "101"], ["show"], ["show", "changes"]],
    ids=["limit", "high limit", "no id", "the route of changes"],
)
def test_what_cannot_be_asked_is_2(server: EmulatorServer, arguments: list[str]) -> None:
    assert run(server, "events", *arguments).exit_code == 2


# --- wait ---------------------------------------------------------------------------------------


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
def test_events_that_have_come_are_told_a_line_each(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    result = run(server, "wait", *arguments)
    lines = [f"{e.event_id}: {e.event_type}" for e in three if e.sequence in numbers]

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == lines


def test_it_waits_until_it_comes(server: EmulatorServer, workspace: Workspace) -> None:
    results: list[Result] = []
    waiting = threading.Thread(
        target=lambda: results.append(run(server, "wait", "--event", EVENT, "--timeout", "30"))
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
def test_after_an_event_those_before_it_do_not_count(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    result = run(server, "wait", "--after", three[0].event_id, *arguments)
    lines = [f"{e.event_id}: {e.event_type}" for e in three if e.sequence in numbers]

    assert (result.exit_code, result.stdout.splitlines()) == (0, lines)


def test_after_the_last_event_there_is_none(
    server: EmulatorServer, three: list[SentWebhook]
) -> None:
    arguments = ["--after", three[-1].event_id, "--event", EVENT, "--timeout", "0"]
    result = run(server, "wait", *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing came" in result.stderr


def test_an_event_that_nobody_knows_has_nothing_after_it(server: EmulatorServer) -> None:
    result = run(server, "wait", "--after", "evt_x")

    assert result.exit_code == 1
    assert "Event not found" in result.stderr


def test_what_does_not_come_is_1_with_the_nearest_miss(
    server: EmulatorServer, three: list[SentWebhook]
) -> None:
    arguments = ["--event", EVENT, "--match", "newStatus=PENDING", "--timeout", "0.05"]
    result = run(server, "wait", *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"no webhook '{EVENT}', newStatus='PENDING' within 0.05 s\n")
    assert "\n    data.newStatus is 'OPPORTUNITY', not 'PENDING'\n" in result.stderr


@pytest.mark.parametrize(("event", "code"), [(EVENT, 0), ("message.sent", 1)])
def test_it_speaks_json_either_way(
    server: EmulatorServer, three: list[SentWebhook], event: str, code: int
) -> None:
    result = run(server, "wait", "--event", event, "--timeout", "0", "--json")
    answer = json.loads(result.stdout)

    assert (result.exit_code, result.stderr) == (code, "")
    assert (answer["failure"] is None) is (code == 0)
    assert len(answer["events"]) == 1 - code


def test_an_event_that_no_contract_knows_is_1(server: EmulatorServer) -> None:
    result = run(server, "wait", "--event", "lead.update")

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
def test_what_cannot_be_waited_for_is_2(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(server, "wait", *arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr
