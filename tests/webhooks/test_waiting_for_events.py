"""Waits for events, and the failures of those that end in vain."""

import threading

import pytest

from mock_sendpilot.errors import NotFound
from mock_sendpilot.matching import ANY_EVENT, EventPattern
from mock_sendpilot.scheduling.clock import SystemClock, iso_milliseconds
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.waiting import WaitResult, wait_for_events
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import arm, record

TYPE = "lead.status.changed"


def wait(
    world: World,
    pattern: EventPattern = ANY_EVENT,
    *,
    count: int = 1,
    after: str | None = None,
    timeout: float = 10,
) -> WaitResult:
    return wait_for_events(
        world.outbox.events,
        world.workspace.scheduler,
        pattern,
        count=count,
        after=after,
        timeout_seconds=timeout,
    )


def failure(waited: WaitResult) -> list[str]:
    assert waited.failure is not None
    return waited.failure.splitlines()


# --- on a running clock --------------------------------------------------------------------------


def test_an_event_sent_during_the_wait_is_returned(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    live_world.change("DONE")
    waited = wait(live_world, EventPattern(TYPE, {"new_status": "DONE"}))

    assert waited.failure is None
    assert waited.found[0].deliveries[0].attempts[0].is_success


def test_a_wait_ends_at_its_timeout(live_world: World) -> None:
    began = SystemClock.running_seconds()
    waited = wait(live_world, timeout=0.2)

    assert 0.2 <= SystemClock.running_seconds() - began < 5
    assert failure(waited) == ["no webhook of any type within 0.2 s", "  nothing came"]
    assert waited.found == []


def test_the_failure_lists_the_events_and_explains_the_nearest_miss(live_world: World) -> None:
    record(live_world, "campaign.paused")
    live_world.change("DONE")
    lines = failure(wait(live_world, EventPattern(TYPE, {"new_status": "OPEN"}), timeout=0.05))

    assert lines[0] == f"no webhook '{TYPE}', new_status='OPEN' within 0.05 s"
    assert lines[1].startswith(f"  nearest miss: {TYPE} {{")
    assert lines[2:4] == ["    data.newStatus is 'DONE', not 'OPEN'", "  came:"]
    assert [line.split()[0] for line in lines[4:]] == ["campaign.paused", TYPE]


def test_the_failure_has_the_number_of_events_that_came(live_world: World) -> None:
    live_world.change("DONE")
    waited = wait(live_world, EventPattern(TYPE), count=3, timeout=0.05)

    assert failure(waited)[1] == "  1 of 3 came"
    assert [webhook.data["newStatus"] for webhook in waited.found] == ["DONE"]


def test_the_failure_names_events_that_wait_for_their_first_attempt(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        live_world.change("DONE")
        live_world.change("PENDING")
        lines = failure(wait(live_world, timeout=0.05))

    assert lines[1:] == ["  2 more wait for their first attempt", "  nothing came"]


def test_the_failure_lists_the_latest_of_many_events(live_world: World) -> None:
    for number in range(23):
        live_world.change(f"S{number}")
    lines = failure(wait(live_world, EventPattern("message.sent"), timeout=0.05))

    came = lines[lines.index("  came; the latest of 23:") + 1 :]
    assert len(came) == 10
    assert '"S13"' in came[0]
    assert '"S22"' in came[-1]


# --- events after another one --------------------------------------------------------------------


def test_only_later_events_count_after_an_event(live_world: World) -> None:
    live_world.change("DONE")
    first = wait(live_world, EventPattern(TYPE)).found[0]
    live_world.change("PENDING")
    waited = wait(live_world, EventPattern(TYPE), after=first.event_id)

    assert [webhook.data["newStatus"] for webhook in waited.found] == ["PENDING"]


def test_earlier_events_are_not_in_the_failure(live_world: World) -> None:
    live_world.change("DONE")
    first = wait(live_world, EventPattern(TYPE)).found[0]

    assert failure(wait(live_world, after=first.event_id, timeout=0.05))[1:] == [
        f"  after {first.event_id}; before that 1 came that match",
        "  nothing came",
    ]


def test_an_unknown_event_to_wait_after_is_refused(live_world: World) -> None:
    with pytest.raises(NotFound, match="Event not found"):
        wait(live_world, after="evt_none")


# --- in frozen time ------------------------------------------------------------------------------


def test_a_frozen_clock_ends_a_wait_at_once(world: World) -> None:
    began = SystemClock.running_seconds()
    waited = wait(world, timeout=60)

    assert SystemClock.running_seconds() - began < 5
    assert waited.found == []
    assert failure(waited)[0] == "no webhook of any type"


def test_an_event_that_was_sent_is_returned_under_a_frozen_clock(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance()

    waited = wait(world, EventPattern(TYPE))
    assert (len(waited.found), waited.failure) == (1, None)


def test_the_failure_says_that_nothing_is_due_under_a_frozen_clock(world: World) -> None:
    assert failure(wait(world))[1] == (
        "  the clock is frozen at 2026-06-01T09:00:00.000Z; nothing is due"
    )


@pytest.mark.parametrize(
    ("kind", "status", "due"),
    [
        pytest.param(None, None, "09:00:00.000Z is attempt 1", id="first attempt"),
        pytest.param("delay", None, "09:00:05.000Z is attempt 1", id="delayed"),
        pytest.param(None, 500, "09:00:05.000Z is attempt 2", id="retry"),
    ],
)
def test_the_failure_names_the_next_due_task_under_a_frozen_clock(
    world: World, receiver: WebhookReceiver, kind: str | None, status: int | None, due: str
) -> None:
    world.add_endpoint(receiver.url)
    if kind is not None:
        arm(world, kind)
    world.change("DONE")
    if status is not None:
        receiver.respond(status)
        world.advance()

    note = (
        "  the clock is frozen at 2026-06-01T09:00:00.000Z; "
        f"due at 2026-06-01T{due} of {TYPE} to {receiver.url}: advance it"
    )
    assert note in failure(wait(world, EventPattern("message.sent")))[1:4]


def test_the_failure_names_a_delivery_that_a_disruption_delays(live_world: World) -> None:
    live_world.add_endpoint("http://127.0.0.1:9/")
    arm(live_world, "delay", seconds=60)
    live_world.change("DONE")
    (webhook,) = live_world.outbox.events.all()
    lines = failure(wait(live_world, timeout=0.05))

    until = webhook.deliveries[0].next_attempt_at
    assert until is not None
    held = f"  {TYPE} {webhook.event_id} is held back by delay until {iso_milliseconds(until)}"
    assert lines[1:3] == ["  1 more waits for its first attempt", held]


def test_the_failure_says_that_an_event_was_dropped(live_world: World) -> None:
    live_world.add_endpoint("http://127.0.0.1:9/")
    arm(live_world, "drop")
    live_world.change("DONE")

    assert failure(wait(live_world, timeout=0.05))[1:] == [
        "  1 more dropped on purpose",
        "  nothing came",
    ]


def test_a_due_resend_is_named_as_a_resend(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance()
    world.outbox.resend(world.deliveries()[0].id)

    note = failure(wait(world, EventPattern("message.sent")))[1]
    assert f"is a resend of {TYPE} to {receiver.url}: advance it" in note


def test_freezing_the_clock_does_not_end_a_running_wait_early(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        live_world.change("DONE")
        receiver.wait_for(count=1)
        waited: list[WaitResult] = []
        thread = threading.Thread(target=lambda: waited.append(wait(live_world)))
        thread.start()
        assert not threading.Event().wait(0.02)
        live_world.workspace.scheduler.freeze()
    thread.join(10)

    assert waited[0].failure is None
