"""Waiting for events: how it ends, and what is said when they do not come."""

from collections.abc import Sequence
from dataclasses import dataclass

from mock_sendpilot.matching import EventPattern
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.deliveries import describe_failed_attempts
from mock_sendpilot.webhooks.event_log import EventLog, SentWebhook, Stage

_MAX_HELD_BACK = 3


@dataclass(frozen=True, slots=True)
class Waited:
    """The events that came; and, if they were too few in time, why: some lines of text."""

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
) -> Waited:
    """Wait until so many events that fit have reached a stage.

    A frozen clock sends nothing: then there is no waiting, unless for events that are to be
    recorded alone, and the failure says what is due next, and when.

    Args:
        events: the workspace's.
        scheduler: its clock.
        pattern: what they must fit.
        count: how many.
        after: the id of an event; only those that came after it count.
        timeout_seconds: how long to wait.
        stage: how far they must have come.

    Raises:
        NotFound: the log has no event `after`.
    """
    is_stopped = scheduler.is_stopped and stage is not Stage.RECORDED
    beyond = 0 if after is None else events.get(after).sequence
    seconds = 0.0 if is_stopped else timeout_seconds
    found = events.wait_for(
        pattern, count=count, beyond=beyond, timeout_seconds=seconds, stage=stage
    )
    if len(found) >= count:
        return Waited(found)
    known = events.all()
    later = [webhook for webhook in known if webhook.sequence > beyond]
    notes = [f"{len(found)} of {count} came"] if count > 1 else []
    if after is not None:
        before = [one for one in known if one.sequence <= beyond and pattern.matches(one.body)]
        notes.append(f"after {after}; before that {len(before)} came that fit")
    notes += _unsent(later, stage)
    notes += _clock_notes(scheduler)
    notes += describe_failed_attempts(one for webhook in known for one in webhook.deliveries)
    bodies = [webhook.body for webhook in later if webhook.has_reached(stage)]
    waited_seconds = None if is_stopped else timeout_seconds
    noun = "event" if stage is Stage.RECORDED else "webhook"
    return Waited(
        found, pattern.failure(bodies, timeout_seconds=waited_seconds, notes=notes, noun=noun)
    )


def _unsent(webhooks: Sequence[SentWebhook], stage: Stage) -> Sequence[str]:
    """Say why events that were recorded have not reached a stage."""
    if stage is Stage.RECORDED:
        return []
    dropped = sum(webhook.is_dropped for webhook in webhooks)
    waiting = [one for one in webhooks if not one.is_sent and not one.is_dropped]
    notes = [f"{dropped} more dropped on purpose"] if dropped else []
    verb = "waits for its" if len(waiting) == 1 else "wait for their"
    notes += [f"{len(waiting)} more {verb} first attempt"] if waiting else []
    notes += [note for webhook in waiting for note in _held_back(webhook)][:_MAX_HELD_BACK]
    return notes if stage is Stage.SETTLED else [*notes, *_unattempted(webhooks)]


def _unattempted(webhooks: Sequence[SentWebhook]) -> Sequence[str]:
    """Say why events whose deliveries have ended were sent to nobody."""
    never = [one for one in webhooks if one.is_sent and not one.is_attempted]
    without = sum(not one.endpoint_count for one in never)
    notes = [f"{without} more had no endpoint"] if without else []
    cancelled = [one.reason for webhook in never for one in webhook.deliveries]
    return notes + [
        f"{cancelled.count(reason)} more: {reason}" for reason in dict.fromkeys(cancelled)
    ]


def _clock_notes(scheduler: Scheduler) -> Sequence[str]:
    """Say what is due next, where the clock has to be advanced to it."""
    if not scheduler.is_stopped:
        return []
    due = scheduler.next_due()
    frozen = f"the clock is frozen at {iso_milliseconds(scheduler.clock.now())}"
    what = f"due at {iso_milliseconds(due.at)} is {due.about}: advance it" if due else ""
    return [f"{frozen}; {what or 'nothing is due'}"]


def _held_back(webhook: SentWebhook) -> Sequence[str]:
    """Of what a disruption puts off: until when."""
    return [
        f"{webhook.event_type} {webhook.event_id} is held back by {one.disruption.kind} until "
        f"{iso_milliseconds(one.next_attempt_at)}"
        for one in webhook.deliveries
        if one.disruption and one.next_attempt_at and one.next_attempt_at > one.created_at
    ]
