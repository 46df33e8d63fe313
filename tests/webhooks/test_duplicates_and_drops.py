"""Duplicated and dropped deliveries, and the disruptions that the log shows."""

from datetime import timedelta

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import (
    DROPPED,
    EXHAUSTED,
    PENDING,
    SUCCEEDED,
    AppliedDisruption,
)
from tests.support import SECRET
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import (
    DAY,
    a_second_passes_each_time,
    arm,
    documented_accepts,
    documented_seconds,
    only_delivery,
    statuses,
    svix_accepts,
)

# --- duplicate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "count"),
    [
        pytest.param({}, 2, id="once more"),
        pytest.param({"copies": 3}, 4, id="thrice more"),
    ],
)
def test_a_duplicate_is_the_same_event_again(
    world: World, receiver: WebhookReceiver, options: dict[str, float], count: int
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate", **options)
    world.change("DONE")
    world.advance(DAY)

    assert len(receiver.received) == count
    assert len({webhook.body for webhook in receiver.received}) == 1
    assert len({webhook.headers["svix-id"] for webhook in receiver.received}) == 1
    assert all(svix_accepts(webhook, SECRET) for webhook in receiver.received)


def test_a_duplicate_is_an_attempt_outside_the_schedule(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate", copies=2)
    world.change("DONE")
    world.advance()

    delivery = only_delivery(world)
    assert (delivery.state, delivery.next_attempt_at) == (SUCCEEDED, None)
    assert [one.trigger for one in delivery.attempts] == ["schedule", "duplicate", "duplicate"]
    assert [one.number for one in delivery.attempts] == [1, 2, 3]


def test_a_duplicate_has_a_new_signature(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate")
    world.change("DONE")
    with a_second_passes_each_time(monkeypatch):
        world.advance()

    first, second = receiver.received
    assert documented_seconds(first) < documented_seconds(second)
    assert first.headers["svix-signature"] != second.headers["svix-signature"]
    assert documented_accepts(first, SECRET)
    assert documented_accepts(second, SECRET)


def test_failed_duplicates_do_not_count_for_the_schedule(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate", copies=2)
    receiver.respond(500, times=99)
    world.change("DONE")
    world.advance()
    delivery = only_delivery(world)
    assert delivery.next_attempt_at == START + timedelta(seconds=5)
    world.advance(DAY)

    delivery = only_delivery(world)
    scheduled = [one.started_at for one in delivery.attempts if one.trigger == "schedule"]
    assert [(at - START).total_seconds() for at in scheduled] == [0, 5, 35, 155, 1055, 4655]
    assert (delivery.state, len(delivery.attempts)) == (EXHAUSTED, 8)


def test_a_duplicate_that_succeeds_ends_a_delivery_whose_first_attempt_failed(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate")
    receiver.respond(500)
    world.change("DONE")
    world.advance(DAY)

    assert only_delivery(world).state == SUCCEEDED
    assert len(receiver.received) == 2


def test_the_next_event_is_not_duplicated(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "duplicate")
    world.change("A")
    world.change("B")
    world.advance()

    assert sorted(statuses(receiver)) == ["A", "A", "B"]


# --- drop ----------------------------------------------------------------------------------------


def test_a_dropped_delivery_is_never_sent(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "drop")
    world.change("A")
    world.change("B")
    world.advance(DAY)

    assert statuses(receiver) == ["B"]


def test_a_dropped_delivery_names_its_disruption(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    disruption = arm(world, "drop")
    world.change("A")

    delivery = only_delivery(world)
    assert (delivery.state, delivery.next_attempt_at, delivery.attempts) == (DROPPED, None, ())
    assert delivery.reason == f"dropped on purpose by disruption {disruption.id}"
    assert world.outbox.log.pending_count == 0


def test_a_drop_at_one_endpoint_does_not_affect_another(
    world: World, receiver: WebhookReceiver
) -> None:
    first = world.add_endpoint(f"{receiver.url}/a")
    world.add_endpoint(f"{receiver.url}/b")
    world.outbox.disruptions.arm("drop", endpoint_id=first.id)
    world.change("A")
    world.advance(DAY)

    assert [webhook.path for webhook in receiver.received] == ["/webhooks/b"]


def test_a_dropped_delivery_can_be_resent(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "drop")
    world.change("A")
    world.outbox.resend(only_delivery(world).id)
    world.advance()

    assert only_delivery(world).state == SUCCEEDED
    assert statuses(receiver) == ["A"]


# --- the log -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("duplicate", {"copies": 2}, id="duplicate"),
        pytest.param("reorder", {"seconds": 7}, id="reorder"),
        pytest.param("delay", {"seconds": 7}, id="delay"),
        pytest.param("drop", {}, id="drop"),
    ],
)
def test_the_log_has_the_disruption_of_a_delivery(
    world: World, receiver: WebhookReceiver, kind: str, options: dict[str, float]
) -> None:
    world.add_endpoint(receiver.url)
    disruption = arm(world, kind, **options)
    world.change("A")
    before = only_delivery(world).state
    world.advance(DAY)

    expected = AppliedDisruption(disruption_id=disruption.id, kind=kind, options=options)
    assert only_delivery(world).disruption == expected
    assert before == (DROPPED if kind == "drop" else PENDING)


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "delay"])
def test_the_attempts_of_a_reordered_delivery_are_not_disrupted(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, kind)
    world.change("A")
    world.advance(DAY)

    attempts = only_delivery(world).attempts
    assert {(one.disruption, one.sent_body) for one in attempts} == {(None, None)}
    assert all(svix_accepts(webhook, SECRET) for webhook in receiver.received)
