"""Failures of a test: the errors, the reasons why nothing came, and the timeline of the report."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from mock_sendpilot.contracts.vocabulary import EXTRACTION_COMPLETED, SEARCH_COMPLETED
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.redaction import redacted
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.testing.backends.protocol import WorkspaceView
from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.webhooks.deliveries import (
    PENDING,
    Attempt,
    Delivery,
    describe_failed_attempts,
)
from mock_sendpilot.webhooks.event_log import SentWebhook

_JOB_EVENTS = (SEARCH_COMPLETED, EXTRACTION_COMPLETED)
_THIS_MACHINE = ("127.0.0.1", "localhost")
_MAX_LINES = 40
_MAX_LENGTH = 160
_FIRST_ERROR = 400

_Place = tuple[datetime, datetime, int]
"""The place of a line: the time by the workspace's clock, the real time, and a number."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A request, an event or an attempt.

    Attributes:
        place: its place among the others.
        at: the time by the workspace's clock.
        level: 0 for a request, 1 for an event, 2 for an attempt.
        id: of the request, the event or the delivery.
        text: the row without the time.
        is_failure: True for an attempt that failed, and for a response of 400 or more.
    """

    place: _Place
    at: datetime
    level: int
    id: str
    text: str
    is_failure: bool = False


class WebhookNotSeen(AssertionError):
    """The expected webhook did not come in time; the message shows what came instead."""


class RequestNotSeen(AssertionError):
    """The expected requests did not come, or others did; the message shows the nearest miss."""


class UnconsumedFault(AssertionError):
    """A fault has hit fewer requests than it was to hit; the message shows the nearest miss."""


class NotConverged(AssertionError):
    """The app did not agree with the emulator in time; the message shows where, field by field."""


class NotDelivered(AssertionError):
    """A valid webhook was never acknowledged; the message shows the attempts that failed."""


class NotIdle(AssertionError):
    """Something was still running or due when the wait timed out."""

    def __init__(self, scheduler: Scheduler, timeout: float, notes: Sequence[str] = ()) -> None:
        due = scheduler.next_due()
        text = f"due at {iso_milliseconds(due.at)}: {due.about}" if due else "a task is running"
        now = iso_milliseconds(scheduler.clock.now())
        if scheduler.clock.is_frozen:
            first = f"not idle: the clock is frozen at {now}, {text}; advance it"
        else:
            first = f"not idle within {timeout:g} s: it is {now}, {text}"
        super().__init__("\n".join([first, *(f"  {note}" for note in notes)]))


def reasons_for_silence(views: Iterable[WorkspaceView], url: str) -> Iterator[str]:
    """Yield the reasons why no webhook comes to a receiver, a line each.

    Args:
        views: the workspaces that may have the endpoints.
        url: the URL of the receiver.
    """
    # By the port alone: an endpoint may name the machine by another of its names.
    port = urlsplit(url).port
    views = list(views)
    endpoints = [
        (view.workspace, endpoint)
        for view in views
        for endpoint in view.outbox.endpoints.all()
        if _is_local_port(endpoint.url, port)
    ]
    if not endpoints:
        added = "was it added with sendpilot.add_endpoint(sendpilot_receiver.url)?"
        yield f"no endpoint points there: {added}"
    for workspace, endpoint in endpoints:
        yield f"{endpoint!r} points there"
        scheduler = workspace.scheduler
        if scheduler.is_stopped:
            yield f"its clock is frozen at {iso_milliseconds(scheduler.clock.now())}: advance it"
    yield from describe_failed_attempts(one for view in views for one in view.outbox.log.all())


def no_endpoint(view: WorkspaceView, event_type: str | None) -> str | None:
    """Return a message if no endpoint can ever get an event of this type, or any; else None.

    A search or an extraction may have a URL of its own: its events can always be sent.
    """
    if event_type in {view.workspace.contract.event_type(name) for name in _JOB_EVENTS}:
        return None
    endpoints = view.outbox.endpoints.all()
    if any(one.is_enabled if event_type is None else one.wants(event_type) for one in endpoints):
        return None
    purpose = "" if event_type is None else f" for {event_type}"
    first = (
        f"no endpoint is registered{purpose}: call add_endpoint(...), or assert what happened with "
        "sendpilot.events"
    )
    others = [
        f"  there is {endpoint!r}"
        + (f": {endpoint.disabled_reason}" if endpoint.disabled_reason else "")
        for endpoint in endpoints
    ]
    return "\n".join([first, *others])


def timeline(view: WorkspaceView, journal: RequestJournal) -> list[str]:
    """Return the latest that happened in a workspace, a line each, and what its clock shows.

    An event that a request caused follows that request. The times are those of the workspace's
    clock.
    """
    events = view.outbox.events.all()
    rows = timeline_rows(journal.all(), events)
    scheduler = view.workspace.scheduler
    clock = scheduler.clock
    state = "is frozen at" if clock.is_frozen else "shows"
    due = scheduler.next_due()
    next_step = f"; due at {iso_milliseconds(due.at)}: {due.about}" if due else "; nothing is due"
    omitted = len(rows) - _MAX_LINES
    return [
        *([] if rows else ["no request with the key of this workspace, and no event"]),
        *([f"{omitted} earlier lines are left out"] if omitted > 0 else []),
        *map(_line, rows[-_MAX_LINES:]),
        f"the clock {state} {iso_milliseconds(clock.now())}{next_step}",
    ]


def without_key(entries: Sequence[JournalEntry]) -> list[str]:
    """Return a line about these requests without a known API key, or none."""
    if not entries:
        return []
    last = _shortened(entries[-1].summary())
    return [f"requests without a known API key: {len(entries)}, last {last}"]


def timeline_rows(
    entries: Iterable[JournalEntry], events: Iterable[SentWebhook]
) -> list[TimelineRow]:
    """Return the rows of requests and of events with their attempts, in their order."""
    return sorted(_placed_rows(entries, events), key=lambda row: row.place)


def _is_local_port(url: str, port: int | None) -> bool:
    parts = urlsplit(url)
    return parts.port == port and parts.hostname in _THIS_MACHINE


def _placed_rows(
    entries: Iterable[JournalEntry], events: Iterable[SentWebhook]
) -> Iterator[TimelineRow]:
    places: dict[str, _Place] = {}  # by the id of an event
    for entry in entries:
        place = (entry.at, entry.received_at, 0)
        duration = f"{entry.duration_seconds * 1000:.0f} ms"
        text = f"{entry.id} {entry.summary()} ({duration})"
        has_failed = entry.status is None or entry.status >= _FIRST_ERROR
        yield TimelineRow(place, entry.at, 0, entry.id, text, has_failed)
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
        yield TimelineRow(place, event.occurred_at, 1, event.event_id, text)
        for delivery in event.deliveries:
            # Its attempt may be under way: a receiver knows of a webhook before the log does.
            if delivery.state == PENDING and not delivery.attempts:
                text = f"no response yet to {delivery.event_type} {delivery.event_id}"
                text = f"{text} from {delivery.endpoint_id}"
                yield TimelineRow(place, event.occurred_at, 2, delivery.id, text)
            for attempt in delivery.attempts:
                started = (attempt.started_at, attempt.sent_at, 0)
                text, is_failure = _attempt(delivery, attempt), not attempt.is_success
                yield TimelineRow(started, attempt.started_at, 2, delivery.id, text, is_failure)


def _attempt(delivery: Delivery, attempt: Attempt) -> str:
    outcome = attempt.error if attempt.response is None else attempt.response.status_code
    disrupted = f" (disrupted: {attempt.disruption})" if attempt.disruption else ""
    event = f"{delivery.event_type} {delivery.event_id}"
    name = f"attempt {attempt.number}" if attempt.trigger == "schedule" else attempt.trigger
    return f"{name} of {event} to {attempt.url} -> {outcome}{disrupted}"


def _line(row: TimelineRow) -> str:
    return f"{iso_milliseconds(row.at)[11:-1]}  {'  ' * row.level}{_shortened(row.text)}"


def _shortened(text: str) -> str:
    text = redacted(text)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
