"""Waits for events, and the reasons that a failed wait reports."""

from collections.abc import Sequence

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.webhooks.event_log import EventLog, SentWebhook, Stage

_MAX_HELD_BACK = 3


@dataclass(frozen=True, slots=True)
class WaitResult:
    """The events that came and, if they were too few, the lines of a failure."""

    found: list[SentWebhook]
    failure: str | None = None


def wait_for_events(
    events: EventLog,
    scheduler: Scheduler,
    pattern: EventPattern,
    *,
    count: int = 1,
    after: str | None = None,
    timeout_seconds: float,
    stage: Stage = Stage.SETTLED,
) -> WaitResult:
    """Wait until `count` events that match have reached a stage.

    While the clock is frozen nothing is sent. So there is no waiting then, except for events to be
    recorded, and the failure says what is due next, and when.

    Args:
        events: the log of the workspace.
        scheduler: the scheduler of the workspace.
        pattern: the pattern of the events.
        count: how many events.
        after: the id of an event; only later ones count.
        timeout_seconds: how long to wait.
        stage: the stage that they must have reached.

    Raises:
        NotFound: the log has no event `after`.
    """
    # Nothing would come before the timeout. Events can be recorded all the same, by other threads.
    is_stopped = scheduler.is_stopped and stage is not Stage.RECORDED
    sequence = 0 if after is None else events.get(after).sequence
    seconds = 0.0 if is_stopped else timeout_seconds
    found = events.wait_for(
        pattern, count=count, after=sequence, timeout_seconds=seconds, stage=stage
    )
    if len(found) >= count:
        return WaitResult(found)
    failure = wait_failure(
        events,
        scheduler,
        pattern,
        found_count=len(found),
        count=count,
        after=after,
        timeout_seconds=timeout_seconds,
        stage=stage,
    )
    return WaitResult(found, failure)


def wait_failure(
    events: EventLog,
    scheduler: Scheduler,
    pattern: EventPattern,
    *,
    found_count: int,
    count: int,
    after: str | None,
    timeout_seconds: float,
    stage: Stage,
) -> str:
    """Return the lines of a wait in which fewer than `count` events have come."""
    is_stopped = scheduler.is_stopped and stage is not Stage.RECORDED
    sequence = 0 if after is None else events.get(after).sequence
    known = events.all()  # read once, so that the parts of the failure agree
    later = [webhook for webhook in known if webhook.sequence > sequence]
    notes = [f"{found_count} of {count} came"] if count > 1 else []
    if after is not None:
        earlier = [one for one in known if one.sequence <= sequence and pattern.matches(one.body)]
        notes.append(f"after {after}; before that {len(earlier)} came that match")
    # The nearest miss alone would puzzle where an event matches and was only not sent yet.
    if stage is not Stage.RECORDED:
        notes += _first_attempt_notes(later)
    if stage is Stage.ATTEMPTED:
        notes += _unattempted_notes(later)
    if scheduler.is_stopped:
        due = scheduler.next_due()
        next_step = f"due at {iso_milliseconds(due.at)} is {due.about}: advance it" if due else ""
        now = iso_milliseconds(scheduler.clock.now())
        notes.append(f"the clock is frozen at {now}; {next_step or 'nothing is due'}")
    notes += describe_failed_attempts(one for webhook in known for one in webhook.deliveries)
    return pattern.failure(
        [webhook.body for webhook in later if webhook.has_reached(stage)],
        timeout_seconds=None if is_stopped else timeout_seconds,
        notes=notes,
        noun="event" if stage is Stage.RECORDED else "webhook",
    )


def _first_attempt_notes(webhooks: Sequence[SentWebhook]) -> list[str]:
    """Say how many events were dropped, and how many wait for their first attempt."""
    dropped = sum(webhook.is_dropped for webhook in webhooks)
    waiting = [one for one in webhooks if not one.is_sent and not one.is_dropped]
    notes = [f"{dropped} more dropped on purpose"] if dropped else []
    if waiting:
        verb = "waits for its" if len(waiting) == 1 else "wait for their"
        notes.append(f"{len(waiting)} more {verb} first attempt")
    held_back = [
        f"{webhook.event_type} {webhook.event_id} is held back by {delivery.disruption.kind} until "
        f"{iso_milliseconds(delivery.next_attempt_at)}"
        for webhook in waiting
        for delivery in webhook.deliveries
        if delivery.disruption
        and delivery.next_attempt_at
        and delivery.next_attempt_at > delivery.created_at
    ]
    return notes + held_back[:_MAX_HELD_BACK]


def _unattempted_notes(webhooks: Sequence[SentWebhook]) -> list[str]:
    """Say why events were sent to no endpoint: there was none, or their deliveries ended."""
    unattempted = [one for one in webhooks if one.is_sent and not one.is_attempted]
    without = sum(not one.endpoint_count for one in unattempted)
    notes = [f"{without} more had no endpoint"] if without else []
    reasons = [one.reason for webhook in unattempted for one in webhook.deliveries]
    return notes + [f"{reasons.count(reason)} more: {reason}" for reason in dict.fromkeys(reasons)]
