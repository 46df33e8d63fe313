"""Resends: the same event again, outside the retry schedule."""

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import EXHAUSTED, PENDING, SUCCEEDED, Delivery
from tests.webhooks.conftest import START, World

DAY = 24 * 3600


@pytest.fixture
def delivery(world: World, receiver: WebhookReceiver) -> Delivery:
    """A delivery whose first attempt has failed."""
    world.add_endpoint(receiver.url)
    receiver.respond(503)
    world.change("DONE")
    world.advance()
    (found,) = world.deliveries()
    return found


def test_a_resend_is_a_new_attempt_of_the_same_event(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    world.outbox.resend(delivery.id)
    world.advance()
    first, second = receiver.received

    assert second.body == first.body
    assert second.headers["svix-id"] == first.headers["svix-id"]
    assert [one.trigger for one in world.deliveries()[0].attempts] == ["schedule", "resend"]


def test_a_resend_that_succeeds_ends_the_delivery(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    world.outbox.resend(delivery.id)
    world.advance(DAY)

    (after,) = world.deliveries()
    assert (after.state, after.next_attempt_at) == (SUCCEEDED, None)
    assert len(receiver.received) == 2


def test_a_resend_that_fails_leaves_the_schedule_as_it_is(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    receiver.respond(503, times=99)
    world.advance(1)
    world.outbox.resend(delivery.id)
    world.advance()

    (after,) = world.deliveries()
    assert (after.state, after.next_attempt_at) == (PENDING, delivery.next_attempt_at)


def test_resends_do_not_count_for_the_schedule(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    receiver.respond(503, times=99)
    for _ in range(3):
        world.outbox.resend(delivery.id)
    world.advance(DAY)

    (after,) = world.deliveries()
    assert (after.state, after.scheduled_count, len(after.attempts)) == (EXHAUSTED, 6, 9)


def test_an_exhausted_or_succeeded_delivery_can_be_resent(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    receiver.respond(503, times=5)
    world.advance(DAY)
    states = [world.deliveries()[0].state]
    for _ in range(2):
        world.outbox.resend(delivery.id)
        world.advance()
        states.append(world.deliveries()[0].state)

    assert states == [EXHAUSTED, SUCCEEDED, SUCCEEDED]
    assert len(receiver.received) == 8


def test_a_delivery_stays_succeeded_when_a_resend_fails(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    world.advance(DAY)
    receiver.respond(500)
    world.outbox.resend(delivery.id)
    world.advance(DAY)

    assert world.deliveries()[0].state == SUCCEEDED


def test_an_event_is_resent_to_each_of_its_endpoints(
    world: World, receiver: WebhookReceiver
) -> None:
    for _ in range(2):
        world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance()
    world.outbox.resend_event(world.deliveries()[0].event_id)
    world.advance()

    assert len(receiver.received) == 4


def test_deliveries_that_failed_since_a_time_are_resent(
    world: World, receiver: WebhookReceiver, delivery: Delivery
) -> None:
    receiver.respond(503, times=99)
    world.advance(DAY)
    since = world.workspace.clock.now()
    world.change("OPPORTUNITY")
    world.advance()

    assert [one.created_at for one in world.outbox.resend_failed(since)] == [since]
    assert len(world.outbox.resend_failed(START)) == 2


def test_succeeded_deliveries_are_not_among_the_failed_ones(
    world: World, delivery: Delivery
) -> None:
    world.advance(DAY)

    assert world.outbox.resend_failed(START) == []


@pytest.mark.parametrize("change", ["disabled", "gone"])
def test_a_delivery_without_an_enabled_endpoint_cannot_be_resent(
    world: World, delivery: Delivery, change: str
) -> None:
    if change == "disabled":
        world.outbox.update_endpoint(delivery.endpoint_id, {"is_enabled": False})
    else:
        world.outbox.remove_endpoint(delivery.endpoint_id)

    with pytest.raises(InvalidInput, match=change):
        world.outbox.resend(delivery.id)
    assert world.outbox.resend_event(delivery.event_id) == []


def test_a_delivery_that_is_not_in_the_log_cannot_be_resent(world: World) -> None:
    with pytest.raises(NotFound, match="Delivery not found"):
        world.outbox.resend("dlv_x")
    with pytest.raises(NotFound, match="Event not found"):
        world.outbox.resend_event("evt_x")
