"""The index of a trace: what the logs of a workspace have, by id, and what led to what.

Most links are facts: an event names the request or the event that led to it. A request that a
receiver makes back is joined to an attempt by what it brings, or else by its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar

from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.traffic.wsgi_request import TRACEPARENT_FORMAT
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox

Key = TypeVar("Key")
Value = TypeVar("Value")
JoinedBy = Literal["requestId", "traceparent", "time"]
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Join(NamedTuple):
    """The attempt whose receiver has made a request, and what tells so."""

    attempt_id: str
    by: JoinedBy


class AttemptOfDelivery(NamedTuple):
    """An attempt with its delivery, which has the event."""

    delivery: Delivery
    attempt: Attempt
    subjects: tuple[str, ...]
    """The ids of what its event is about."""

    @property
    def id(self) -> str:
        """The id of the attempt, such as `dlv_a1:2`."""
        return attempt_id(self.delivery, self.attempt)

    @property
    def ended_at(self) -> datetime:
        """The real time of its end."""
        return self.attempt.sent_at + timedelta(seconds=self.attempt.duration_seconds)


class TraceIndex:
    """Requests, events, deliveries and attempts of a workspace at one moment.

    Attributes:
        requests: by id, in order of their arrival; also those without a known API key.
        events: by id, oldest first; without their bodies.
        deliveries: by id, oldest first.
        attempts: by id, in order of their real time.
        joins: the attempts that led to requests, by the id of the request.
    """

    def __init__(self, outbox: Outbox, journals: Iterable[RequestJournal]) -> None:
        entries = [entry for journal in journals for entry in journal.all()]
        entries.sort(key=lambda entry: entry.received_at)
        self.requests = {entry.id: entry for entry in entries}
        # Without their bodies, which would have to be made: a trace shows few of them.
        self.events = {one.sent.event_id: one.sent for one in outbox.events.state()}
        self.deliveries = {one.id: one for one in outbox.log.all()}
        attempts = [
            AttemptOfDelivery(delivery, attempt, self._subjects_of(delivery))
            for delivery in self.deliveries.values()
            for attempt in delivery.attempts
        ]
        attempts.sort(key=lambda one: one.attempt.sent_at)
        self.attempts = {one.id: one for one in attempts}
        self._event_ids = {one.message_id: one.event_id for one in self.events.values()}
        self._caused = _grouped(
            (event.cause.id, event.event_id)
            for event in self.events.values()
            if event.cause is not None and event.cause.id is not None
        )
        self._deliveries = _grouped((one.event_id, one.id) for one in self.deliveries.values())
        self.joins = self._joins()
        self._calls = _grouped((join.attempt_id, one) for one, join in self.joins.items())

    def _subjects_of(self, delivery: Delivery) -> tuple[str, ...]:
        event = self.events.get(delivery.event_id)
        if event is not None:
            return subjects(event)
        return () if delivery.lead_id is None else (delivery.lead_id,)

    # --- what led to what ---------------------------------------------------------------------

    def cause_of(self, one_id: str) -> str | None:
        """Return the id of what led to something; the logs may have it no longer."""
        if one_id in self.events:
            cause = self.events[one_id].cause
            return cause.id if cause else None
        if one_id in self.deliveries:
            return self.deliveries[one_id].event_id
        if one_id in self.attempts:
            return self.attempts[one_id].delivery.id
        join = self.joins.get(one_id)
        return join.attempt_id if join else None

    def effects_of(self, one_id: str) -> list[str]:
        """Return the ids of what something led to, in order; the logs may have some no longer."""
        if one_id in self.deliveries:
            delivery = self.deliveries[one_id]
            return [attempt_id(delivery, attempt) for attempt in delivery.attempts]
        if one_id in self.attempts:
            return self._calls.get(one_id, [])
        caused = self._caused.get(one_id, [])
        if one_id in self.requests:
            recorded = self.requests[one_id].events
            return [*recorded, *(event_id for event_id in caused if event_id not in recorded)]
        return [*self.deliveries_of(one_id), *caused]

    def deliveries_of(self, event_id: str) -> list[str]:
        """Return the ids of the deliveries of an event that the log has."""
        return self._deliveries.get(event_id, [])

    def time_of(self, one_id: str) -> datetime | None:
        """Return the time of something by the clock of the workspace, if it is known."""
        if one_id in self.requests:
            entry = self.requests[one_id]
            # That of a request without a known key is by the system's clock.
            return None if entry.api_key_name is None else entry.at
        if one_id in self.events:
            return self.events[one_id].occurred_at
        if one_id in self.deliveries:
            return self.deliveries[one_id].created_at
        return self.attempts[one_id].attempt.started_at if one_id in self.attempts else None

    # --- ids ----------------------------------------------------------------------------------

    def ids_of(self, name: str) -> list[str]:
        """Return the ids of what somebody means by an id; there may be several.

        That is the id of a request, an event, a delivery or an attempt; an `X-Request-Id`, a
        message id of Svix, or the trace id of a `traceparent`; or the id of a lead, a campaign or a
        job, for the events about it and the requests that were to change it.
        """
        known = (self.requests, self.events, self.deliveries, self.attempts)
        lost = (self._caused, self._deliveries)  # but not what it led to
        if any(name in one for one in (*known, *lost)):
            return [name]
        if name in self._event_ids:
            return [self._event_ids[name]]
        named = [
            entry.id
            for entry in self.requests.values()
            if name in (entry.request_id, trace_id(entry.headers.get("Traceparent")))
        ]
        return named or self._about(name)

    def _about(self, resource_id: str) -> list[str]:
        events = [one.event_id for one in self.events.values() if resource_id in subjects(one)]
        requests = [
            entry.id
            for entry in self.requests.values()
            if entry.method not in _SAFE_METHODS
            and (resource_id in _names_in(entry) or resource_id in _texts(entry.response_json))
        ]
        return [*requests, *events]

    # --- requests that receivers make ---------------------------------------------------------

    def _joins(self) -> dict[str, Join]:
        if not self.attempts:
            return {}
        of_event = _grouped((one.delivery.event_id, one) for one in self.attempts.values())
        of_trace = _grouped(
            (found, one)
            for one in self.attempts.values()
            if (found := trace_id(one.attempt.request_headers.get("traceparent")))
        )
        about = _grouped(
            (subject, one) for one in self.attempts.values() for subject in one.subjects
        )
        joins = {}
        for entry in self.requests.values():
            # What says more comes first: an id of the event, the very header, the trace, the time.
            own = entry.request_id
            named = of_event.get(self._event_ids.get(own, own), [])
            traced = of_trace.get(trace_id(entry.headers.get("Traceparent")) or "", [])
            join = (
                _latest_before(entry, named, "requestId")
                or _sender_of_span(entry, traced)
                or _latest_before(entry, _naming(entry, traced), "traceparent")
                or _open_about(entry, about)
            )
            if join is not None:
                joins[entry.id] = join
        return joins


def attempt_id(delivery: Delivery, attempt: Attempt) -> str:
    """Return the id of an attempt, such as `dlv_a1:2` for the second one."""
    return f"{delivery.id}:{attempt.number}"


def subjects(event: SentWebhook) -> tuple[str, ...]:
    """Return the ids of the lead, the campaign and the job that an event is about."""
    return tuple(filter(None, (event.lead_id, event.campaign_id, event.job_id)))


def _latest_before(
    entry: JournalEntry, attempts: list[AttemptOfDelivery], by: JoinedBy
) -> Join | None:
    """Join a request to the latest of some attempts that had begun when it came."""
    begun = [one for one in attempts if one.attempt.sent_at <= entry.received_at]
    return Join(begun[-1].id, by) if begun else None


def _sender_of_span(entry: JournalEntry, attempts: list[AttemptOfDelivery]) -> Join | None:
    """Join a request to the attempt whose `traceparent` it brings unchanged."""
    header = entry.headers.get("Traceparent")
    for one in attempts:
        if one.attempt.request_headers.get("traceparent") == header:
            return Join(one.id, "traceparent")
    return None


def _naming(entry: JournalEntry, attempts: list[AttemptOfDelivery]) -> list[AttemptOfDelivery]:
    """Return the attempts that are about what a request names."""
    # A trace id alone says little: a client may make many requests in one trace.
    names = _names_in(entry) if attempts else set()
    return [one for one in attempts if not names.isdisjoint(one.subjects)]


def _open_about(entry: JournalEntry, about: dict[str, list[AttemptOfDelivery]]) -> Join | None:
    """Join a request to an attempt that was running when it came, and is about what it names.

    That is a guess. A client may work on the same lead for another reason.
    """
    names = _names_in(entry)
    running = [
        one
        for name in names
        for one in about.get(name, [])
        if one.attempt.sent_at <= entry.received_at <= one.ended_at
    ]
    # Of several the one about the lead, which says more than its campaign; then the latest.
    running.sort(key=lambda one: (one.delivery.lead_id in names, one.attempt.sent_at))
    return Join(running[-1].id, "time") if running else None


def _names_in(entry: JournalEntry) -> set[str]:
    """Return the texts of a request that may be ids: of its path, its query and its body."""
    return {*entry.path.split("/"), *_texts(entry.query), *_texts(entry.json)}


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in JSON, down to objects in a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def trace_id(header: str | None) -> str | None:
    """Return the trace id of a header `traceparent`; None without a valid one."""
    is_valid = header is not None and TRACEPARENT_FORMAT.fullmatch(header)
    return header.split("-")[1] if header and is_valid else None


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    groups: dict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return dict(groups)
