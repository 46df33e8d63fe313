"""Contract options under which a response disables its endpoint or delays the next attempt."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock, SystemClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import CANCELLED
from mock_sendpilot.webhooks.endpoints import Endpoint
from tests.webhooks.conftest import START, World, seed_of_one_lead

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def world(slow_emulator: Emulator, request: pytest.FixtureRequest) -> World:
    """A world under the default contract with the options that the test names."""
    options = dict.fromkeys(request.param, "on")
    seed = seed_of_one_lead(**options)
    workspace = slow_emulator.add_workspace(seed, clock=ManualClock(START))
    return World(workspace, slow_emulator.outbox(workspace))


def switched_on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", [names], indirect=True, ids=["-".join(names) or "off"])


def endpoint(world: World) -> Endpoint:
    (found,) = world.outbox.endpoints.all()
    return found


@switched_on("disable_on_410")
def test_a_410_disables_the_endpoint_with_a_reason(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(410)
    for status in ("DONE", "PENDING"):
        world.change(status)
    world.advance(DAY)

    found = endpoint(world)
    assert (found.is_enabled, found.disabled_reason) == (
        False,
        "the receiver responded with 410 Gone",
    )
    assert [one.state for one in world.deliveries()] == [CANCELLED, CANCELLED]
    assert len(receiver.received) == 1


@switched_on("honor_retry_after")
def test_a_date_of_a_receiver_is_compared_with_real_time(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    later = SystemClock().now() + timedelta(hours=1)
    receiver.respond(429, headers={"Retry-After": format_datetime(later, usegmt=True)})
    world.change("DONE")
    world.advance()

    due_at = world.deliveries()[0].next_attempt_at
    assert due_at is not None
    assert timedelta(minutes=59) < due_at - START <= timedelta(hours=1)


@switched_on()
def test_a_410_is_an_ordinary_failure_by_default(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(410)
    world.change("DONE")
    world.advance(DAY)

    assert endpoint(world).is_enabled
    assert len(receiver.received) == 2


def fail_every_day(world: World, days: int) -> None:
    for _ in range(days):
        is_done = world.workspace.store.lead("lead_1").status == "DONE"
        world.change("PENDING" if is_done else "DONE")
        world.advance(DAY)


@switched_on("disable_after_failing_days")
def test_an_endpoint_that_fails_for_five_days_is_disabled(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(500, times=999)
    fail_every_day(world, 5)
    before = endpoint(world).is_enabled
    fail_every_day(world, 1)

    assert (before, endpoint(world).is_enabled) == (True, False)
    assert endpoint(world).disabled_reason == "it has failed for 5 days"


@switched_on("disable_after_failing_days")
def test_a_success_resets_the_five_days(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    for times in (24, 1):
        receiver.respond(500, times=times)
        fail_every_day(world, 5)

    assert endpoint(world).is_enabled


@switched_on("disable_after_failing_days")
def test_enabling_an_endpoint_resets_its_health(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(500, times=999)
    fail_every_day(world, 6)
    world.outbox.update_endpoint(endpoint(world).id, {"is_enabled": True})
    fail_every_day(world, 2)

    assert (endpoint(world).is_enabled, endpoint(world).disabled_reason) == (True, None)


@switched_on("honor_retry_after")
@pytest.mark.parametrize(
    ("status", "asked", "seconds"),
    [
        pytest.param(503, "60", 60, id="later"),
        pytest.param(429, "60", 60, id="too many"),
        pytest.param(503, "1", 5, id="sooner than the schedule"),
        pytest.param(503, "soon", 5, id="no number"),
        pytest.param(503, "-60", 5, id="negative"),
        pytest.param(503, "Thu, 01 Jan 2026 00:00:00 GMT", 5, id="a date that has passed"),
        pytest.param(503, "Fri, 01 Jan 9999 00:00:00 GMT", 5, id="an absurd date"),
        pytest.param(503, "Fri, 01 Jan 2027 00:00:00", 5, id="a date without a zone"),
        pytest.param(503, "9999999", 5, id="absurd"),
        pytest.param(500, "60", 5, id="another status"),
    ],
)
def test_a_busy_receiver_delays_the_next_attempt(
    world: World, receiver: WebhookReceiver, status: int, asked: str, seconds: int
) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(status, headers={"Retry-After": asked})
    world.change("DONE")
    world.advance()

    (delivery,) = world.deliveries()
    assert delivery.next_attempt_at == START + timedelta(seconds=seconds)


@switched_on()
def test_a_busy_receiver_does_not_change_the_schedule_by_default(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    receiver.respond(503, headers={"Retry-After": "60"})
    world.change("DONE")
    world.advance()

    assert world.deliveries()[0].next_attempt_at == START + timedelta(seconds=5)
