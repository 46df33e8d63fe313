"""Waiting for events: how it ends, and what is said when they do not come."""

from collections.abc import Sequence
from dataclasses import dataclass

from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.timekeeper import Timekeeper
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.webhooks.event_log import EventLog, SentWebhook


@dataclass(frozen=True, slots=True)
class Waited:
    """The events that came; and, if they were too few in time, why: some lines of text."""

    found: list[SentWebhook]
    failure: str | None = None


def wait_for_events(
    events: EventLog,
    keeper: Timekeeper,
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
        keeper: its clock.
        pattern: what they must fit.
        count: how many.
        after: the id of an event; only those that came after it count.
        within_seconds: how long to wait.

    Raises:
        NotFound: the log has no event `after`.
    """
    stands_still = keeper.stands_still
    beyond = 0 if after is None else events.get(after).sequence
    seconds = 0.0 if stands_still else within_seconds
    found = events.wait_for(pattern, count=count, beyond=beyond, within_seconds=seconds)
    if len(found) >= count:
        return Waited(found)
    known = [webhook for webhook in events.all() if webhook.sequence > beyond]
    sent = [webhook for webhook in known if webhook.is_sent]
    notes = [f"{len(found)} of {count} came"] if count > 1 else []
    notes += _notes(keeper, waiting=len(known) - len(sent))
    bodies = [webhook.body for webhook in sent]
    within = None if stands_still else within_seconds
    return Waited(found, pattern.failure(bodies, within=within, notes=notes))


def _notes(keeper: Timekeeper, *, waiting: int) -> Sequence[str]:
    notes = [f"{waiting} more wait for their first attempt"] if waiting else []
    if keeper.stands_still:
        due = keeper.agenda.next_due()
        still = f"the clock stands still at {iso_milliseconds(keeper.clock.now())}"
        what = f"due at {iso_milliseconds(due.at)} is {due.about}: advance it" if due else ""
        notes.append(f"{still}; {what or 'nothing is due'}")
    return notes
