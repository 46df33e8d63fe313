"""`mock-sendpilot deliveries`, and what `events show` prints of them, with a running server."""

import json
import re

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks import deliveries
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.workspace import Workspace
from tests.cli.commands import invoke

LEAD, OTHER_LEAD = "lead_abc123", "lead_az4fr5"
EVENT = "lead.status.changed"
NOWHERE = "http://127.0.0.1:9/"
WHEN = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def workspace(server: EmulatorServer) -> Workspace:
    """One whose clock is frozen: attempts are made when it is advanced."""
    found = server.emulator.workspaces()[0]
    found.scheduler.freeze()
    return found


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke(*arguments, "--url", server.origin)


def attempt(workspace: Workspace) -> None:
    """Have done what is due."""
    workspace.scheduler.advance()


def only(outbox: Outbox) -> Delivery:
    (found,) = outbox.log.select(deliveries.DeliveryFilter())
    return found


# --- list ---------------------------------------------------------------------------------------


def test_deliveries_are_listed_newest_first_with_their_status(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    endpoint = outbox.endpoints.add(NOWHERE)
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    outbox.disruptions.arm("drop")
    workspace.campaigns.change("camp_xyz789", "pause", by="user")
    result = run(server, "deliveries", "list")
    last, first = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(
        rf"{WHEN}  dlv_\w+  campaign\.paused  evt_\w+  to {endpoint.id}: dropped, attempts: 0, "
        r"disrupted: drop, dropped on purpose by disruption dis_\w+",
        last,
    )
    assert re.fullmatch(
        rf"{WHEN}  dlv_\w+  {EVENT}  evt_\w+  {LEAD}  to {endpoint.id}: pending, attempts: 1, "
        rf"last: Connection refused, next at {WHEN}",
        first,
    )


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        pytest.param([], 3, id="all"),
        pytest.param(["--state", "dropped"], 1, id="state"),
        pytest.param(["--endpoint", "the first"], 2, id="endpoint"),
        pytest.param(["--event", "campaign.paused"], 1, id="event"),
        pytest.param(["--lead", LEAD], 2, id="lead"),
        pytest.param(["--lead", "a&b=c"], 0, id="odd lead"),
        pytest.param(["--limit", "2"], 2, id="limit"),
        pytest.param(["--state", "pending", "--lead", LEAD], 1, id="two filters"),
    ],
)
def test_options_filter_the_list(
    server: EmulatorServer,
    workspace: Workspace,
    outbox: Outbox,
    arguments: list[str],
    count: int,
) -> None:
    first = outbox.endpoints.add(NOWHERE)
    outbox.endpoints.add(NOWHERE, event_types=[EVENT])
    outbox.disruptions.arm("drop", endpoint_id=first.id)
    workspace.store.set_lead_status(LEAD, status="DONE")
    workspace.campaigns.change("camp_xyz789", "pause", by="user")
    options = [first.id if one == "the first" else one for one in arguments]
    reply = json.loads(run(server, "deliveries", "list", *options, "--json").stdout)

    assert len(reply["deliveries"]) == count


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(["deliveries", "list"], "no deliveries\n", id="deliveries"),
        pytest.param(["deliveries", "list", "--lead", "x"], "no deliveries match\n", id="filtered"),
        pytest.param(["events", "list"], "no events\n", id="events"),
        pytest.param(
            ["events", "list", "--event", EVENT], "no events match\n", id="events filtered"
        ),
        pytest.param(["disruptions", "list"], "no disruptions\n", id="disruptions"),
        pytest.param(
            ["endpoints", "list"],
            "no endpoints; add one with: mock-sendpilot endpoints add URL\n",
            id="endpoints",
        ),
    ],
)
def test_an_empty_list_is_mentioned_on_standard_error(
    server: EmulatorServer, command: list[str], expected: str
) -> None:
    text, as_json = run(server, *command), run(server, *command, "--json")

    assert (text.exit_code, text.stdout, text.stderr) == (0, "", expected)
    assert (as_json.exit_code, as_json.stderr) == (0, "")
    assert json.loads(as_json.stdout)[command[0]] == []


# --- show ---------------------------------------------------------------------------------------


def test_each_attempt_is_printed_with_its_outcome(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    receiver.respond(503, times=1, body=b'{"detail":\n "signature"}')
    settings = EndpointSettings(retry_delays_seconds=(5.0, 60.0))
    outbox.endpoints.add(receiver.url, settings=settings)
    outbox.disruptions.arm("altered_body")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    result = run(server, "deliveries", "show", only(outbox).id)
    line, first, answered = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(rf"pending, attempts: 1, last: 503, .*next at {WHEN}$", line)
    assert re.fullmatch(
        rf"  {WHEN}  attempt 1: 503 Service Unavailable  POST {receiver.url}  [\d.]+ ms, "
        "disrupted: altered_body",
        first,
    )
    assert answered == '    response: {"detail": "signature"}'


def test_an_attempt_with_a_renamed_event_is_printed_with_that_name(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    outbox.endpoints.add(receiver.url)
    outbox.disruptions.arm("renamed_event")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    _, first = run(server, "deliveries", "show", only(outbox).id).stdout.splitlines()

    assert first.endswith(" ms, sent as lead.updated, disrupted: renamed_event")


def test_the_id_of_an_event_is_refused_with_the_command_for_it(server: EmulatorServer) -> None:
    result = run(server, "deliveries", "show", "evt_1780304400000_k3v9q2x7d")

    assert result.exit_code == 2
    assert "is the id of an event; see: events show evt_1780304400000" in result.stderr


def test_an_attempt_without_a_response_is_printed_with_its_error(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    outbox.endpoints.add(NOWHERE, settings=EndpointSettings(retry_delays_seconds=()))
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    line, first = run(server, "deliveries", "show", only(outbox).id).stdout.splitlines()

    assert line.endswith(": exhausted, attempts: 1, last: Connection refused")
    assert f"attempt 1: Connection refused  POST {NOWHERE}  " in first


def test_duplicates_and_resends_are_printed_with_their_trigger(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    outbox.endpoints.add(receiver.url)
    outbox.disruptions.arm("duplicate", options={"copies": 2})
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    outbox.resend(only(outbox).id)
    attempt(workspace)
    lines = run(server, "deliveries", "show", only(outbox).id).stdout.splitlines()
    names = [line.partition("Z  ")[2].partition(":")[0] for line in lines[1:]]

    assert names == ["attempt 1", "duplicate", "duplicate", "resent"]


def test_a_duplicate_of_a_removed_disruption_is_printed_as_such(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    outbox.endpoints.add(receiver.url)
    outbox.disruptions.arm("duplicate")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    outbox.disruptions.remove_all()

    assert "duplicate: 200 OK" in run(server, "deliveries", "show", only(outbox).id).stdout


def test_show_prints_json_with_the_option(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    outbox.endpoints.add(NOWHERE)
    workspace.store.set_lead_status(LEAD, status="DONE")
    reply = json.loads(run(server, "deliveries", "show", only(outbox).id, "--json").stdout)

    assert (reply["id"], reply["attempts"]) == (only(outbox).id, [])


def test_events_show_prints_the_status_of_each_delivery(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    endpoint = outbox.endpoints.add(NOWHERE)
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    delivery = only(outbox)
    last = run(server, "events", "show", delivery.event_id).stdout.splitlines()[-1]

    assert re.fullmatch(
        rf"{delivery.id} to {endpoint.id}: pending, attempts: 1, last: Connection refused, "
        rf"next at {WHEN}",
        last,
    )


def test_an_unknown_id_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "deliveries", "show", "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Delivery not found" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["list", "--state", "pendig"], "did you mean 'pending'?", id="state"),
        pytest.param(["list", "--limit", "0"], "--limit", id="limit"),
        pytest.param(["show"], "Missing argument 'ID'", id="no id"),
    ],
)
def test_invalid_arguments_are_exit_code_2(
    server: EmulatorServer, arguments: list[str], expected: str
) -> None:
    result = run(server, "deliveries", *arguments)

    assert (result.exit_code, expected in result.stderr) == (2, True), result.stderr
