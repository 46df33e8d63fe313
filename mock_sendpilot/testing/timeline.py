"""The timeline in the report of a failed test: requests, events and attempts, in order."""

from collections.abc import Iterator
from datetime import datetime

from mock_sendpilot.redaction import redacted
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace

_MAX_LINES = 40
_MAX_LENGTH = 160

_Place = tuple[datetime, datetime, int]
"""The place of a line: the time by the workspace's clock, the real time, and a number."""


def timeline(workspace: Workspace, outbox: Outbox, journal: RequestJournal) -> list[str]:
    """Return the latest that happened in a workspace, a line each, and what its clock shows.

    An event that a request caused follows that request. The times are those of the workspace's
    clock.
    """
    events = outbox.events.all()
    lines = sorted(_placed_lines(journal.all(), events), key=lambda pair: pair[0])
    clock = workspace.scheduler.clock
    state = "is frozen at" if clock.is_frozen else "shows"
    due = workspace.scheduler.next_due()
    next_step = f"; due at {iso_milliseconds(due.at)}: {due.about}" if due else "; nothing is due"
    omitted = len(lines) - _MAX_LINES
    return [
        *([] if lines else ["no request with the key of this workspace, and no event"]),
        *([f"{omitted} earlier lines are left out"] if omitted > 0 else []),
        *(line for _, line in lines[-_MAX_LINES:]),
        f"the clock {state} {iso_milliseconds(clock.now())}{next_step}",
    ]


def _placed_lines(
    entries: list[JournalEntry], events: list[SentWebhook]
) -> Iterator[tuple[_Place, str]]:
    """Yield each line with its place in the timeline."""
    places: dict[str, _Place] = {}  # by the id of an event
    for entry in entries:
        place = (entry.at, entry.received_at, 0)
        duration = f"{entry.duration_seconds * 1000:.0f} ms"
        yield place, _line(entry.at, "", f"{entry.id} {entry.summary()} ({duration})")
        for number, event_id in enumerate(entry.events, start=1):
            places[event_id] = (entry.at, entry.received_at, number)
    for event in events:
        sent = [attempt.sent_at for one in event.deliveries for attempt in one.attempts]
        # An event that no request caused has no real time. Its first attempt is soon after it.
        real = min(sent, default=event.occurred_at)
        place = places.get(event.event_id, (event.occurred_at, real, -1))
        about = f" {event.lead_id}" if event.lead_id else ""
        outcome = "" if event.deliveries else ": no endpoint"
        text = f"{event.event_type} {event.event_id}{about}{outcome}"
        yield place, _line(event.occurred_at, "  ", text)
        for delivery in event.deliveries:
            for attempt in delivery.attempts:
                place = (attempt.started_at, attempt.sent_at, 0)
                yield place, _line(attempt.started_at, "    ", _attempt(delivery, attempt))


def _attempt(delivery: Delivery, attempt: Attempt) -> str:
    outcome = attempt.error if attempt.response is None else attempt.response.status_code
    disrupted = f" (disrupted: {attempt.disruption})" if attempt.disruption else ""
    event = f"{delivery.event_type} {delivery.event_id}"
    name = f"attempt {attempt.number}" if attempt.trigger == "schedule" else attempt.trigger
    return f"{name} of {event} to {attempt.url} -> {outcome}{disrupted}"


def _line(at: datetime, indent: str, text: str) -> str:
    text = redacted(text)
    shortened = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
    return f"{iso_milliseconds(at)[11:-1]}  {indent}{shortened}"
