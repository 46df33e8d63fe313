"""Events delivered to an endpoint that has missed them, and the log that numbers belong to."""

from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.webhooks.outbox import Outbox
from tests.api.expect import STATUS, assert_error
from tests.control.expect import assert_invalid
from tests.support import Api

ENDPOINTS = "/_emulate/endpoints"
CHANGES = "/_emulate/events/changes"


@pytest.fixture
def outbox(emulator: Emulator) -> Outbox:
    return emulator.outbox(emulator.workspaces()[0])


def event_of(api: Api, status: str) -> str:
    """The id of the event of a new status."""
    assert api("PATCH", STATUS, json={"status": status}).status == 200
    return str(api("GET", "/_emulate/events?limit=1").json["events"][0]["id"])


def deliver(api: Api, endpoint_id: str, *event_ids: str) -> list[dict[str, Any]]:
    path = f"{ENDPOINTS}/{endpoint_id}/deliveries"
    reply = api("POST", path, json={"eventIds": list(event_ids)})
    assert reply.status == 202
    rows: list[dict[str, Any]] = reply.json["deliveries"]
    return rows


def wait_until_idle(api: Api) -> None:
    assert api("POST", "/_emulate/wait", json={"timeoutSeconds": 10}).status == 200


def test_an_endpoint_gets_events_that_are_older_than_itself(api: Api, outbox: Outbox) -> None:
    first, second = event_of(api, "DONE"), event_of(api, "OPPORTUNITY")
    with WebhookReceiver() as receiver:
        endpoint = outbox.endpoints.add(receiver.url)
        made = deliver(api, endpoint.id, first, second)
        wait_until_idle(api)

    assert [one["eventId"] for one in made] == [first, second]
    assert [one.event_id for one in receiver.received] == [first, second]
    deliveries = api("GET", f"/_emulate/events/{first}").json["deliveries"]
    assert [one["id"] for one in deliveries] == [made[0]["id"]]


def test_an_event_that_an_endpoint_gets_later_was_sent(sendpilot: Sandbox) -> None:
    event = sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    with WebhookReceiver() as receiver:
        endpoint = sendpilot.add_endpoint(receiver.url)
        sendpilot.backend.view().outbox.deliver(event.event_id, endpoint.id)
        sent = sendpilot.webhooks.wait_for("message.sent")

    assert sendpilot.webhooks.matching("message.sent") == [sent]


def test_a_late_delivery_is_the_same_webhook_as_at_other_endpoints(
    api: Api, outbox: Outbox
) -> None:
    with WebhookReceiver() as receiver:
        outbox.endpoints.add(receiver.url)
        event_id = event_of(api, "DONE")
        later = outbox.endpoints.add(receiver.url)
        deliver(api, later.id, event_id)
        first, second = receiver.wait_for(count=2)
        wait_until_idle(api)

    assert first.body == second.body
    first_delivery, second_delivery = outbox.events.get(event_id).deliveries
    assert first_delivery.message_id == second_delivery.message_id


def test_an_event_that_an_endpoint_has_or_does_not_want_is_left_out(
    api: Api, outbox: Outbox
) -> None:
    with WebhookReceiver() as receiver:
        everything = outbox.endpoints.add(receiver.url)
        messages = outbox.endpoints.add(receiver.url, event_types=["message.sent"])
        event_id = event_of(api, "DONE")
        wait_until_idle(api)

        assert deliver(api, everything.id, event_id) == []
        assert deliver(api, messages.id, event_id) == []
        assert deliver(api, everything.id, "evt_nowhere") == []
        assert len(receiver.received) == 1


def test_an_event_whose_delivery_was_cancelled_is_delivered_again(api: Api, outbox: Outbox) -> None:
    with WebhookReceiver() as receiver:
        endpoint = outbox.endpoints.add(receiver.url)
        outbox.disruptions.arm("delay", options={"seconds": 3600})
        event_id = event_of(api, "DONE")
        outbox.update_endpoint(endpoint.id, {"is_enabled": False})
        outbox.update_endpoint(endpoint.id, {"is_enabled": True})
        (made,) = deliver(api, endpoint.id, event_id, event_id)
        receiver.wait_for(count=1)
        wait_until_idle(api)

    states = {one.id: one.state for one in outbox.events.get(event_id).deliveries}
    assert states.pop(made["id"]) == "succeeded"
    assert list(states.values()) == ["cancelled"]


def test_a_missing_endpoint_is_404(api: Api) -> None:
    reply = api("POST", f"{ENDPOINTS}/ep_nowhere/deliveries", json={"eventIds": ["evt_1"]})
    assert_error(reply, 404, "Webhook endpoint not found")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"eventIds": []}, id="none"),
        pytest.param({"eventIds": ["evt_1"] * 501}, id="too many"),
        pytest.param({"eventIds": "evt_1"}, id="no array"),
        pytest.param({"eventIds": [None]}, id="null"),
    ],
)
def test_invalid_ids_are_400(api: Api, outbox: Outbox, body: dict[str, Any]) -> None:
    endpoint = outbox.endpoints.add("http://127.0.0.1:9/")
    assert_invalid(api("POST", f"{ENDPOINTS}/{endpoint.id}/deliveries", json=body), "eventIds")


def test_a_number_of_another_log_counts_as_the_beginning(api: Api) -> None:
    event_id = event_of(api, "DONE")
    answer = api("GET", CHANGES).json
    assert answer["events"] == []
    since = f"{CHANGES}?since={answer['latest']}"

    assert api("GET", f"{since}&log={answer['log']}").json["events"] == []
    events = api("GET", f"{since}&log=of-a-server-that-was-restarted").json["events"]
    assert [event["id"] for event in events] == [event_id]
