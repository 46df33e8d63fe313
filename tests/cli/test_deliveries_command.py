"""`mock-sendpilot deliveries`, and what `events show` tells of them, against a server that runs."""

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks import deliveries
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.workspace import Workspace

LEAD, OTHER_LEAD = "lead_abc123", "lead_az4fr5"
EVENT = "lead.status.changed"
NOWHERE = "http://127.0.0.1:9/"
WHEN = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def workspace(server: EmulatorServer) -> Workspace:
    """One whose clock is frozen: attempts are made when it is advanced."""
    found = server.emulator.workspaces()[0]
    found.scheduler.freeze()
    return found


@pytest.fixture
def outbox(server: EmulatorServer, workspace: Workspace) -> Outbox:
    return server.emulator.outbox(workspace)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = [*arguments, "--url", server.origin]
    return CliRunner().invoke(main, options, prog_name="mock-sendpilot")


def attempt(workspace: Workspace) -> None:
    """Have done what is due."""
    workspace.scheduler.advance()


def only(outbox: Outbox) -> Delivery:
    (found,) = outbox.log.select(deliveries.DeliveryFilter())
    return found


# --- list ---------------------------------------------------------------------------------------


def test_they_are_listed_newest_first_with_how_they_stand(
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
def test_they_can_be_chosen(
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
    given = [first.id if one == "the first" else one for one in arguments]
    answer = json.loads(run(server, "deliveries", "list", *given, "--json").stdout)

    assert len(answer["deliveries"]) == count


@pytest.mark.parametrize(
    ("command", "says"),
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
def test_an_empty_list_says_so_beside_the_output(
    server: EmulatorServer, command: list[str], says: str
) -> None:
    shown, as_json = run(server, *command), run(server, *command, "--json")

    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", says)
    assert (as_json.exit_code, as_json.stderr) == (0, "")
    assert json.loads(as_json.stdout)[command[0]] == []


# --- show ---------------------------------------------------------------------------------------


def test_each_attempt_is_shown_with_what_came_of_it(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    receiver.respond(503, times=1, body=b'{"detail":\n "signature"}')
    settings = EndpointSettings(retry_delays_seconds=(5.0, 60.0))
    outbox.endpoints.add(receiver.url, settings=settings)
    outbox.disruptions.arm("altered_body")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    shown = run(server, "deliveries", "show", only(outbox).id)
    line, first, answered = shown.stdout.splitlines()

    assert (shown.exit_code, shown.stderr) == (0, "")
    assert re.search(rf"pending, attempts: 1, last: 503, .*next at {WHEN}$", line)
    assert re.fullmatch(
        rf"  {WHEN}  attempt 1: 503 Service Unavailable  POST {receiver.url}  [\d.]+ ms, "
        "disrupted: altered_body",
        first,
    )
    assert answered == '    response: {"detail": "signature"}'


def test_an_event_that_was_renamed_on_the_way_is_shown_by_that_name(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    outbox.endpoints.add(receiver.url)
    outbox.disruptions.arm("renamed_event")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    _, first = run(server, "deliveries", "show", only(outbox).id).stdout.splitlines()

    assert first.endswith(" ms, sent as lead.updated, disrupted: renamed_event")


def test_the_id_of_an_event_is_not_that_of_a_delivery(server: EmulatorServer) -> None:
    shown = run(server, "deliveries", "show", "evt_1780304400000_k3v9q2x7d")

    assert shown.exit_code == 2
    assert "is the id of an event; see: events show evt_1780304400000" in shown.stderr


def test_an_error_is_shown_in_words(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    outbox.endpoints.add(NOWHERE, settings=EndpointSettings(retry_delays_seconds=()))
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    line, first = run(server, "deliveries", "show", only(outbox).id).stdout.splitlines()

    assert line.endswith(": exhausted, attempts: 1, last: Connection refused")
    assert f"attempt 1: Connection refused  POST {NOWHERE}  " in first


def test_copies_are_told_from_what_was_sent_again_by_hand(
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


def test_a_copy_of_a_disruption_that_is_forgotten_is_one(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox, receiver: WebhookReceiver
) -> None:
    outbox.endpoints.add(receiver.url)
    outbox.disruptions.arm("duplicate")
    workspace.store.set_lead_status(LEAD, status="DONE")
    attempt(workspace)
    outbox.disruptions.remove_all()

    assert "duplicate: 200 OK" in run(server, "deliveries", "show", only(outbox).id).stdout


def test_showing_one_speaks_json(
    server: EmulatorServer, workspace: Workspace, outbox: Outbox
) -> None:
    outbox.endpoints.add(NOWHERE)
    workspace.store.set_lead_status(LEAD, status="DONE")
    answer = json.loads(run(server, "deliveries", "show", only(outbox).id, "--json").stdout)

    assert (answer["id"], answer["attempts"]) == (only(outbox).id, [])


def test_an_event_tells_why_its_deliveries_failed_and_when_they_go_on(
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


def test_one_that_is_not_there_is_1(server: EmulatorServer) -> None:
    result = run(server, "deliveries", "show", "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Delivery not found" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["list", "--state", "pendig"], "did you mean 'pending'?", id="state"),
        pytest.param(["list", "--limit", "0"], "--limit", id="limit"),
        pytest.param(["show"], "Missing argument 'ID'", id="no id"),
    ],
)
def test_what_cannot_be_asked_is_2(server: EmulatorServer, arguments: list[str], says: str) -> None:
    result = run(server, "deliveries", *arguments)

    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
