"""`mock-sendpilot events`, with a running server."""

import json

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.workspace import Workspace
from tests.cli.commands import invoke

EVENT = "lead.status.changed"
LEAD, OTHER_LEAD = "lead_abc123", "lead_az4fr5"


@pytest.fixture
def three(server: EmulatorServer, workspace: Workspace) -> list[SentWebhook]:
    """Events: a lead's, that of a campaign, and another lead's."""
    workspace.store.set_lead_status(LEAD, status="DONE")
    workspace.campaigns.change("camp_xyz789", "pause", by="user")
    workspace.store.set_lead_status(OTHER_LEAD, status="OPPORTUNITY")
    return server.emulator.outbox(workspace).events.all()


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke(*arguments, "--url", server.origin)


def when(event: SentWebhook) -> str:
    return str(event.json["timestamp"])


def test_events_are_listed_newest_first(server: EmulatorServer, three: list[SentWebhook]) -> None:
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
def test_options_filter_the_list(
    server: EmulatorServer, three: list[SentWebhook], arguments: list[str], numbers: list[int]
) -> None:
    reply = json.loads(run(server, "events", "list", *arguments, "--json").stdout)

    assert [event["sequence"] for event in reply["events"]] == numbers


def test_the_list_has_the_state_of_each_delivery(
    server: EmulatorServer, workspace: Workspace
) -> None:
    workspace.scheduler.freeze()
    outbox = server.emulator.outbox(workspace)
    outbox.endpoints.add("http://127.0.0.1:9/")
    outbox.disruptions.arm("drop")
    outbox.endpoints.add("http://127.0.0.1:9/")
    workspace.store.set_lead_status(LEAD, status="DONE")

    assert run(server, "events", "list").stdout.endswith(f"{LEAD}  dropped, pending\n")


def test_show_prints_the_body_and_the_deliveries(
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


def test_show_prints_json_with_the_option(server: EmulatorServer, three: list[SentWebhook]) -> None:
    result = run(server, "events", "show", three[0].event_id, "--json")

    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout)["body"] == three[0].json


def test_an_unknown_id_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "events", "show", "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Event not found" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["list", "--limit", "0"], ["list", "--limit", "101"], ["show"], ["show", "changes"]],
    ids=["limit", "high limit", "no id", "the route of changes"],
)
def test_invalid_arguments_are_exit_code_2(server: EmulatorServer, arguments: list[str]) -> None:
    assert run(server, "events", *arguments).exit_code == 2
