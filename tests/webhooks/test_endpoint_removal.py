"""Deliveries whose endpoint is removed, disabled or changed at an awkward moment."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import CANCELLED, PENDING, SUCCEEDED
from mock_sendpilot.webhooks.endpoints import Endpoint, Endpoints
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.events import Event
from tests.support import eventually
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import arm

HOUR = 3600


def test_an_advance_goes_on_when_a_listener_ends_during_an_attempt(world: World) -> None:
    endpoint = world.add_endpoint("http://127.0.0.1:9/", is_forwarded=True)
    world.change("DONE")
    advance = threading.Thread(target=world.advance, args=(HOUR,))
    advance.start()
    assert world.outbox.forwarding.of(endpoint.id).take(timeout_seconds=5)
    world.outbox.remove_endpoint(endpoint.id)
    advance.join(10)

    assert world.elapsed_seconds == HOUR
    assert [one.state for one in world.deliveries()] == [CANCELLED]


def test_an_endpoint_deleted_during_an_attempt_is_not_disabled(world: World) -> None:
    endpoint = world.add_endpoint("http://127.0.0.1:9/")
    world.outbox.remove_endpoint(endpoint.id)
    world.outbox.endpoints.disable(endpoint.id, "it has failed")

    assert world.outbox.endpoints.all() == []


@pytest.mark.parametrize("end", ["deleted", "disabled"])
def test_a_delivery_queued_while_its_endpoint_ends_is_cancelled(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    found_before = Endpoints.for_event

    def ends_meanwhile(endpoints: Endpoints, event: Event, event_type: str) -> list[Endpoint]:
        found = found_before(endpoints, event, event_type)
        if end == "deleted":
            world.outbox.remove_endpoint(endpoint.id)
        else:
            world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
        return found

    monkeypatch.setattr(Endpoints, "for_event", ends_meanwhile)
    world.change("DONE")

    (delivery,) = world.deliveries()
    assert (delivery.state, delivery.reason) == (CANCELLED, "the endpoint is gone or disabled")
    assert world.outbox.log.pending_count == 0
    assert world.advance(HOUR) == 0
    assert receiver.received == []


def test_an_attempt_to_a_removed_endpoint_does_not_cancel_later_deliveries(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt finds the endpoint disabled, but by then it is enabled again."""
    endpoint = world.add_endpoint(receiver.url)
    world.change("A")
    find = Endpoints.find

    def enabled_just_now(endpoints: Endpoints, endpoint_id: str) -> Endpoint | None:
        monkeypatch.setattr(Endpoints, "find", find)
        found = find(endpoints, endpoint_id)
        world.change("B")
        return None if found is None else replace(found, is_enabled=False)

    monkeypatch.setattr(Endpoints, "find", enabled_just_now)
    world.advance()

    assert endpoint.is_enabled
    assert [one.state for one in world.deliveries()] == [CANCELLED, SUCCEEDED]


def test_no_duplicate_is_sent_of_a_cancelled_delivery(
    live_world: World, receiver: WebhookReceiver
) -> None:
    endpoint = live_world.add_endpoint(receiver.url)
    arm(live_world, "duplicate")
    receiver.respond(500)
    with receiver.hold_responses():
        live_world.change("A")
        receiver.wait_for(count=1)
        live_world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
        live_world.outbox.update_endpoint(endpoint.id, {"is_enabled": True})
    eventually(lambda: live_world.deliveries()[0].attempts)
    assert live_world.workspace.scheduler.wait_until_idle(timeout_seconds=5)

    assert len(receiver.received) == 1
    assert live_world.deliveries()[0].state == CANCELLED


def test_a_delivery_stays_succeeded_when_a_later_attempt_fails(
    live_world: World, receiver: WebhookReceiver
) -> None:
    settings = EndpointSettings(concurrency=2, retry_delays_seconds=())
    live_world.add_endpoint(receiver.url, settings=settings)
    receiver.respond(500)
    receiver.respond(200)
    with receiver.hold_responses():
        live_world.change("DONE")
        receiver.wait_for(count=1)
        live_world.outbox.resend(live_world.deliveries()[0].id)
        receiver.wait_for(count=2)
    eventually(lambda: len(live_world.deliveries()[0].attempts) == 2)

    (delivery,) = live_world.deliveries()
    assert delivery.state == SUCCEEDED
    assert [one.number for one in delivery.attempts] == [1, 2]


def test_a_scheduled_attempt_of_an_ended_delivery_is_not_made(
    world: World, receiver: WebhookReceiver
) -> None:
    """A resend has succeeded while the retry was waiting."""
    world.add_endpoint(receiver.url)
    receiver.respond(500)
    world.change("DONE")
    world.advance()
    world.outbox.resend(world.deliveries()[0].id)
    world.advance(2 * HOUR)

    (delivery,) = world.deliveries()
    assert (delivery.state, len(delivery.attempts)) == (SUCCEEDED, 2)
    assert world.deliveries(state=PENDING) == []
    assert world.workspace.clock.now() == START + timedelta(hours=2)
