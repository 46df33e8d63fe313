"""Waiting for events: how it ends, and what is said when they do not come."""

from collections.abc import Sequence
from dataclasses import dataclass

from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.webhooks.event_log import EventLog, SentWebhook

_MOST_HELD = 3


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
    within_seconds: float,
) -> Waited:
    """Wait until so many events that fit are sent.

    A clock that stands still sends nothing: then there is no waiting, and the failure says what is
    due next, and when.

    Args:
        events: the workspace's.
        scheduler: its clock.
        pattern: what they must fit.
        count: how many.
        after: the id of an event; only those that came after it count.
        within_seconds: how long to wait.

    Raises:
        NotFound: the log has no event `after`.
    """
    stands_still = scheduler.stands_still
    beyond = 0 if after is None else events.get(after).sequence
    seconds = 0.0 if stands_still else within_seconds
    found = events.wait_for(pattern, count=count, beyond=beyond, within_seconds=seconds)
    if len(found) >= count:
        return Waited(found)
    known = events.all()
    later = [webhook for webhook in known if webhook.sequence > beyond]
    notes = [f"{len(found)} of {count} came"] if count > 1 else []
    if after is not None:
        before = [one for one in known if one.sequence <= beyond and pattern.matches(one.body)]
        notes.append(f"after {after}; before that {len(before)} came that fit")
    notes += _notes(scheduler, later)
    bodies = [webhook.body for webhook in later if webhook.is_sent]
    within = None if stands_still else within_seconds
    return Waited(found, pattern.failure(bodies, within=within, notes=notes))


def _notes(scheduler: Scheduler, webhooks: Sequence[SentWebhook]) -> Sequence[str]:
    """Why what has happened is not sent, and what is due next."""
    dropped = sum(webhook.is_dropped for webhook in webhooks)
    waiting = [one for one in webhooks if not one.is_sent and not one.is_dropped]
    notes = [f"{dropped} more dropped on purpose"] if dropped else []
    notes += [f"{len(waiting)} more wait for their first attempt"] if waiting else []
    notes += [note for webhook in waiting for note in _held_back(webhook)][:_MOST_HELD]
    if scheduler.stands_still:
        due = scheduler.next_due()
        still = f"the clock stands still at {iso_milliseconds(scheduler.clock.now())}"
        what = f"due at {iso_milliseconds(due.at)} is {due.about}: advance it" if due else ""
        notes.append(f"{still}; {what or 'nothing is due'}")
    return notes


def _held_back(webhook: SentWebhook) -> Sequence[str]:
    """Of what a disruption puts off: until when."""
    return [
        f"{webhook.event_type} {webhook.event_id} is held back by {one.disruption.kind} until "
        f"{iso_milliseconds(one.next_attempt_at)}"
        for one in webhook.deliveries
        if one.disruption and one.next_attempt_at and one.next_attempt_at > one.created_at
    ]
