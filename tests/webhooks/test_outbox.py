"""Deliveries of events to endpoints, also when an endpoint changes."""

import threading

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.webhooks.conftest import World


def test_an_event_goes_to_each_endpoint(world: World, receiver: WebhookReceiver) -> None:
    for name in ("a", "b"):
        world.add_endpoint(f"{receiver.url}/{name}")
    world.change("DONE")
    world.advance()
    assert sorted(webhook.path for webhook in receiver.received) == ["/webhooks/a", "/webhooks/b"]


@pytest.mark.parametrize(
    ("events", "count"),
    [
        pytest.param(["lead.status.changed"], 1, id="this type"),
        pytest.param(["message.sent", "lead.status.changed"], 1, id="among others"),
        pytest.param(["message.sent"], 0, id="another type"),
        pytest.param(None, 1, id="all types"),
    ],
)
def test_an_endpoint_gets_the_event_types_it_wants(
    world: World, receiver: WebhookReceiver, events: list[str] | None, count: int
) -> None:
    world.add_endpoint(receiver.url, event_types=events)
    world.change("DONE")
    world.advance()
    assert len(receiver.received) == len(world.deliveries()) == count


def test_a_disabled_endpoint_gets_nothing(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url, is_enabled=False)
    world.change("DONE")
    world.advance()
    assert receiver.received == []


def test_disabling_an_endpoint_cancels_its_pending_deliveries(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    world.change("DONE")
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
    world.advance(24 * 3600)
    (delivery,) = world.deliveries(state="cancelled")
    assert delivery.reason == "the endpoint was disabled"
    assert receiver.received == []


def test_deleting_an_endpoint_cancels_its_pending_deliveries(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500)
    endpoint = world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance()
    world.outbox.remove_endpoint(endpoint.id)
    world.advance(24 * 3600)
    (delivery,) = world.deliveries(state="cancelled")
    assert (len(delivery.attempts), delivery.next_attempt_at) == (1, None)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        pytest.param(200, "succeeded", None, id="answered well"),
        pytest.param(500, "cancelled", "the endpoint was disabled", id="answered badly"),
    ],
)
def test_an_attempt_that_runs_when_its_endpoint_is_disabled_is_kept(
    world: World, receiver: WebhookReceiver, status: int, state: str, reason: str | None
) -> None:
    receiver.respond(status)
    endpoint = world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        world.change("DONE")
        thread = threading.Thread(target=world.advance)
        thread.start()
        receiver.wait_for(count=1)
        world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
    thread.join(10)
    (delivery,) = world.deliveries()
    assert (delivery.state, delivery.reason, len(delivery.attempts)) == (state, reason, 1)
    assert delivery.next_attempt_at is None
    assert world.outbox.log.pending_count == 0


def test_a_retry_goes_to_the_current_url_of_its_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500)
    endpoint = world.add_endpoint(f"{receiver.url}/old")
    world.change("DONE")
    world.advance()
    world.outbox.update_endpoint(endpoint.id, {"url": f"{receiver.url}/new"})
    world.advance(5)
    assert [webhook.path for webhook in receiver.received] == ["/webhooks/old", "/webhooks/new"]


def test_events_arrive_in_the_order_in_which_they_happened(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    for _ in range(20):
        world.change("DONE")
        world.change("PENDING")
    world.advance()
    news = [webhook.json["data"]["newStatus"] for webhook in receiver.received]
    assert news == ["DONE", "PENDING"] * 20


def test_later_events_do_not_wait_for_a_failed_one(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(500)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.change("PENDING")
    world.advance()
    assert [one.state for one in world.deliveries()] == ["pending", "succeeded"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        pytest.param({"state": "succeeded"}, 2, id="state"),
        pytest.param({"state": "exhausted"}, 0, id="another state"),
        pytest.param({"event_type": "lead.status.changed"}, 2, id="event type"),
        pytest.param({"event_type": "message.sent"}, 0, id="another event type"),
        pytest.param({"lead_id": "lead_1"}, 2, id="lead"),
        pytest.param({"lead_id": "lead_2"}, 0, id="another lead"),
        pytest.param({"endpoint_id": "ep_x"}, 0, id="another endpoint"),
    ],
)
def test_deliveries_are_found_by_filters(
    world: World, receiver: WebhookReceiver, wanted: dict[str, str], count: int
) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.change("PENDING")
    world.advance()
    assert len(world.deliveries(**wanted)) == count
