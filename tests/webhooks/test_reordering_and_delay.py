"""Reordered and delayed deliveries."""

from datetime import timedelta

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import (
    CANCELLED,
    SUCCEEDED,
)
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import eventually
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import (
    DAY,
    arm,
    only_delivery,
    statuses,
)

# --- reorder -------------------------------------------------------------------------------------


def test_a_reordered_event_arrives_after_the_next(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder")
    world.change("A")
    world.change("B")
    world.advance()
    world.change("C")
    world.advance(DAY)

    assert statuses(receiver) == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("steps", "arrivals"),
    [
        pytest.param(["arm", "A", "B", "C"], ["B", "A", "C"], id="several are next"),
        pytest.param(["A", "arm", "B", "C"], ["A", "C", "B"], id="an earlier one is pending"),
        pytest.param(["arm", "arm", "A", "B", "C"], ["C", "A", "B"], id="two in a row"),
    ],
)
def test_a_reordered_event_arrives_right_after_the_next_one_that_is_not(
    world: World, receiver: WebhookReceiver, steps: list[str], arrivals: list[str]
) -> None:
    world.add_endpoint(receiver.url)
    for step in steps:
        if step == "arm":
            arm(world, "reorder")
        else:
            world.change(step)
    world.advance(DAY)

    assert statuses(receiver) == arrivals


def test_nothing_is_due_once_a_reordered_event_has_arrived(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=60)
    world.change("A")
    world.change("B")

    assert world.advance() == 2
    assert world.workspace.scheduler.next_due() is None


def test_a_running_attempt_in_a_wide_lane_is_not_repeated_when_the_next_has_arrived(
    live_world: World, receiver: WebhookReceiver
) -> None:
    world = live_world
    world.add_endpoint(receiver.url, settings=EndpointSettings(concurrency=2))
    arm(world, "reorder", seconds=0.05)
    with receiver.hold_responses():
        world.change("A")
        world.change("B")
        receiver.wait_for(count=2, timeout=5)
    assert world.workspace.scheduler.wait_until_idle(timeout_seconds=5)

    assert sorted(statuses(receiver)) == ["A", "B"]
    assert [len(one.attempts) for one in world.deliveries()] == [1, 1]


def test_a_reordered_event_waits_no_longer_than_its_seconds(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=60)
    world.change("A")
    world.advance(59)
    world.change("B")
    world.advance()

    assert statuses(receiver) == ["B", "A"]
    assert [one.attempts[0].started_at for one in world.deliveries()] == [
        START + timedelta(seconds=59)
    ] * 2


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        pytest.param({}, 5, id="by default"),
        pytest.param({"seconds": 60}, 60, id="as requested"),
        pytest.param({"seconds": 0}, 0, id="at once"),
    ],
)
def test_a_reordered_event_without_a_next_one_arrives_after_its_seconds(
    world: World, receiver: WebhookReceiver, options: dict[str, float], seconds: float
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", **options)
    world.change("A")
    world.advance(DAY)

    (attempt,) = only_delivery(world).attempts
    assert attempt.started_at == START + timedelta(seconds=seconds)
    assert only_delivery(world).state == SUCCEEDED


def test_nothing_is_lost_when_all_are_reordered(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    world.outbox.disruptions.arm("reorder", times=None)
    expected = [f"S{number}" for number in range(10)]
    for status in expected:
        world.change(status)
        world.advance(1)
    world.advance(DAY)

    assert sorted(statuses(receiver)) == expected
    assert {one.state for one in world.deliveries()} == {SUCCEEDED}


def test_an_overtaken_event_arrives_once(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=60)
    for status in ("A", "B"):
        world.change(status)
        world.advance(1)
    world.advance(DAY)

    assert statuses(receiver) == ["B", "A"]
    assert [len(one.attempts) for one in world.deliveries()] == [1, 1]


def test_a_failed_attempt_overtakes_as_well(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=60)
    receiver.respond(500)
    world.change("A")
    world.change("B")
    world.advance(DAY)

    assert statuses(receiver) == ["B", "A", "B"]


def test_only_events_to_the_same_endpoint_overtake(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(f"{receiver.url}/a", event_types=["lead.status.changed"])
    other = world.add_endpoint(f"{receiver.url}/b", event_types=["campaign.paused"])
    arm(world, "reorder", seconds=60)
    world.change("A")
    world.workspace.campaigns.change("camp_1", "pause", by="api")
    world.advance()

    assert [webhook.path for webhook in receiver.received] == ["/webhooks/b"]
    assert [one.endpoint_id for one in world.deliveries(state=SUCCEEDED)] == [other.id]


def test_a_reordered_event_that_fails_is_retried_by_the_schedule(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=60)
    receiver.respond(200)
    receiver.respond(500)
    world.change("A")
    world.change("B")
    world.advance(5)

    assert statuses(receiver) == ["B", "A", "A"]
    assert world.deliveries()[0].scheduled_count == 2


def test_a_reordered_delivery_is_cancelled_with_its_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    arm(world, "reorder")
    world.change("A")
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": True})
    world.change("B")
    world.advance(DAY)

    assert statuses(receiver) == ["B"]
    assert [one.state for one in world.deliveries()] == [CANCELLED, SUCCEEDED]


def test_the_next_event_overtakes_on_a_running_clock_too(
    live_world: World, receiver: WebhookReceiver
) -> None:
    world = live_world
    world.add_endpoint(receiver.url)
    arm(world, "reorder", seconds=3600)
    world.change("A")
    world.change("B")
    receiver.wait_for(count=2, timeout=5)
    eventually(lambda: len(world.deliveries(state=SUCCEEDED)) == 2)

    assert statuses(receiver) == ["B", "A"]


# --- delay ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        pytest.param({}, 5, id="by default"),
        pytest.param({"seconds": 90}, 90, id="as requested"),
    ],
)
def test_a_delayed_event_arrives_after_its_seconds(
    world: World, receiver: WebhookReceiver, options: dict[str, float], seconds: float
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "delay", **options)
    world.change("A")
    world.advance(seconds - 0.001)
    assert receiver.received == []
    assert only_delivery(world).next_attempt_at == START + timedelta(seconds=seconds)
    world.advance(0.001)

    assert statuses(receiver) == ["A"]
    assert only_delivery(world).created_at == START


def test_a_delayed_event_neither_waits_for_the_next_nor_delays_it(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "delay", seconds=60)
    world.change("A")
    world.change("B")
    world.advance(1)
    before = statuses(receiver)
    world.advance(DAY)

    assert (before, statuses(receiver)) == (["B"], ["B", "A"])


def test_the_schedule_of_a_delayed_event_begins_with_its_first_attempt(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "delay", seconds=60)
    receiver.respond(500)
    world.change("A")
    world.advance(DAY)

    times = [one.started_at - START for one in only_delivery(world).attempts]
    assert [time.total_seconds() for time in times] == [60, 65]
