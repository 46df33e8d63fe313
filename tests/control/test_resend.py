"""`POST /_emulate/deliveries/{id}/resend` and its kin, and the command."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.api.expect import STATUS, assert_error
from tests.control.expect import assert_invalid
from tests.support import Api

DELIVERIES = "/_emulate/deliveries"
LONG_AGO = "2001-01-01T00:00:00Z"


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[WebhookReceiver]:
    """Gets what the demo workspace sends; the first attempt fails."""
    with WebhookReceiver() as made:
        emulator.outbox(emulator.workspaces()[0]).endpoints.add(made.url)
        made.respond(503)
        yield made


def failed(api: Api) -> dict[str, str]:
    """A delivery whose first attempt has failed."""
    api("PATCH", STATUS, json={"status": "DONE"})
    api("POST", "/_emulate/wait", json={})
    found: dict[str, str] = api("GET", DELIVERIES).json["deliveries"][0]
    return found


@pytest.mark.parametrize("what", ["delivery", "event", "all that failed"])
def test_a_resend_is_queued_and_made(api: Api, receiver: WebhookReceiver, what: str) -> None:
    delivery = failed(api)
    path, body = {
        "delivery": (f"{DELIVERIES}/{delivery['id']}/resend", None),
        "event": (f"/_emulate/events/{delivery['eventId']}/resend", None),
        "all that failed": (f"{DELIVERIES}/resend", {"since": LONG_AGO}),
    }[what]
    reply = api("POST", path, json=body)
    api("POST", "/_emulate/wait", json={})
    after = api("GET", f"{DELIVERIES}/{delivery['id']}").json

    assert (reply.status, [one["id"] for one in reply.json["deliveries"]]) == (
        202,
        [delivery["id"]],
    )
    assert after["state"] == "succeeded"
    assert [one["trigger"] for one in after["attempts"]] == ["schedule", "resend"]


def test_deliveries_can_be_listed_by_their_event(api: Api, receiver: WebhookReceiver) -> None:
    delivery = failed(api)
    found = api("GET", f"{DELIVERIES}?eventId={delivery['eventId']}").json["deliveries"]

    assert [one["id"] for one in found] == [delivery["id"]]
    assert api("GET", f"{DELIVERIES}?eventId=evt_x").json["deliveries"] == []


def test_a_missing_delivery_or_event_is_404(api: Api) -> None:
    assert_error(api("POST", f"{DELIVERIES}/dlv_x/resend"), 404, "Delivery not found")
    assert_error(api("POST", "/_emulate/events/evt_x/resend"), 404, "Event not found")


def test_a_resend_of_all_that_failed_needs_a_time(api: Api) -> None:
    assert_invalid(api("POST", f"{DELIVERIES}/resend", json={}), "since: expected a time such as")


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = [*arguments, "--url", server.origin]
    return CliRunner().invoke(main, ["resend", *options], prog_name="mock-sendpilot")


@pytest.fixture
def server(emulator: Emulator, receiver: WebhookReceiver) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        workspace = emulator.workspaces()[0]
        workspace.store.set_lead_status("lead_abc123", status="DONE")
        assert workspace.scheduler.wait_until_idle(timeout_seconds=10)
        yield running


@pytest.mark.parametrize("key", ["id", "event_id"])
def test_the_command_resends_a_delivery_or_an_event(server: EmulatorServer, key: str) -> None:
    (delivery,) = server.emulator.outbox(server.emulator.workspaces()[0]).resend_failed(
        server.emulator.workspaces()[0].store.lead("lead_abc123").created_at
    )
    result = run(server, getattr(delivery, key))

    how = f"{'deliveries' if key == 'id' else 'events'} show {getattr(delivery, key)}"
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{delivery.id}: lead.status.changed to {delivery.endpoint_id}",
        "resent: 1",
        f"  see the outcome with: mock-sendpilot {how}",
    ]


def test_the_command_resends_all_that_failed(server: EmulatorServer) -> None:
    answer = json.loads(run(server, "--since", LONG_AGO, "--json").stdout)

    assert len(answer["deliveries"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param((), 2, "expected the ID of a delivery", id="nothing"),
        pytest.param(("dlv_x", "--since", LONG_AGO), 2, "expected the ID of a delivery", id="both"),
        pytest.param(("dlv_x",), 1, "Delivery not found", id="unknown"),
        pytest.param(("--since", "monday"), 1, "since: expected a time", id="no time"),
    ],
)
def test_the_command_refuses_invalid_arguments(
    server: EmulatorServer, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(server, *arguments)

    assert result.exit_code == code
    assert says in result.stderr
