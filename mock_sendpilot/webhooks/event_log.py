"""The log of the events of a workspace: bounded, in order, with waits for events to come."""

import itertools
import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any

import orjson

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import EventPattern, parse_event
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from mock_sendpilot.webhooks.deliveries import DROPPED, PENDING, Delivery, DeliveryLog
from mock_sendpilot.webhooks.payloads import content, payload
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.events import Event

MAX_EVENTS = 5000
MAX_BYTES = 32_000_000


class Stage(Enum):
    """The stages of an event. A wait ends when its event has reached one."""

    RECORDED = "recorded"
    """It has happened."""
    SETTLED = "settled"
    """No first attempt is pending: each endpoint that wanted it has had one, or none wanted it."""
    ATTEMPTED = "attempted"
    """Settled, and at least one endpoint wanted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWebhook:
    """An event with its body, and its delivery to each endpoint that wanted it."""

    event_id: str
    message_id: str
    event_type: str
    sequence: int
    occurred_at: datetime
    lead_id: str | None
    origin: str
    body: bytes
    deliveries: tuple[Delivery, ...]
    endpoint_count: int = 0
    """The number of endpoints that wanted it; the log may have dropped some of its deliveries."""
    cause: Cause | None = None
    """The cause; None for what Python code has done by itself, such as a test."""
    campaign_id: str | None = None
    job_id: str | None = None

    def __repr__(self) -> str:
        states = ", ".join(one.state for one in self.deliveries) or "no endpoint"
        about = " ".join(filter(None, (self.event_type, self.event_id, self.lead_id)))
        return f"<SentWebhook {about}: {states}>"

    @property
    def is_dropped(self) -> bool:
        """True if disruptions dropped all of its deliveries."""
        return bool(self.deliveries) and all(one.state == DROPPED for one in self.deliveries)

    @property
    def is_sent(self) -> bool:
        """True if no delivery of it waits for its first attempt, and not all were dropped."""
        has_begun = all(one.attempts or one.state != PENDING for one in self.deliveries)
        return has_begun and not self.is_dropped

    @property
    def is_attempted(self) -> bool:
        """True if it was sent to an endpoint, and no delivery waits for its first attempt."""
        has_attempts = any(one.attempts for one in self.deliveries)
        has_dropped_deliveries = len(self.deliveries) < self.endpoint_count
        return self.is_sent and (has_attempts or has_dropped_deliveries)

    def has_reached(self, stage: Stage) -> bool:
        """Return whether it has come to a stage."""
        if stage is Stage.RECORDED:
            return True
        return self.is_attempted if stage is Stage.ATTEMPTED else self.is_sent

    @property
    def json(self) -> dict[str, Any]:
        """The parsed body: `eventId, eventType, timestamp, workspaceId, data`."""
        body: dict[str, Any] = orjson.loads(self.body)
        return body

    @property
    def data(self) -> dict[str, Any]:
        """The `data` of the body."""
        data: dict[str, Any] = self.json["data"]
        return data


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter of events; None matches all."""

    event_type: str | None = None
    lead_id: str | None = None
    origin: str | None = None

    def matches(self, webhook: SentWebhook) -> bool:
        """Return whether an event has all the values of the filter."""
        return all(
            expected is None or expected == value
            for expected, value in (
                (self.event_type, webhook.event_type),
                (self.lead_id, webhook.lead_id),
                (self.origin, webhook.origin),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event of a log's state: with its body, or with the event that its body is made of."""

    sent: SentWebhook
    event: Event | None
    delivery_ids: tuple[str, ...]


@dataclass(slots=True)
class _Entry:
    """An event in the log; its body is made when it is first needed, unless it was sent."""

    sent: SentWebhook
    """Without its deliveries; without its body as long as there is an `event`."""
    event: Event | None
    delivery_ids: tuple[str, ...]
    number: int = 0
    """The number of its first change, with which it came."""

    def may_match(self, pattern: EventPattern, after: int) -> bool:
        """Return whether the body has to be compared to know if it matches."""
        is_of_type = pattern.event_type is None or pattern.event_type == self.sent.event_type
        return is_of_type and self.sent.sequence > after


class _Waiter:
    """A thread that waits for events; it is woken for those alone that match its pattern."""

    def __init__(self, lock: threading.Lock, pattern: EventPattern, after: int) -> None:
        # A condition of its own: with one for all, every event would wake every waiting thread.
        self.has_news = threading.Condition(lock)
        self.pattern = pattern
        self.after = after
        self.matching_ids: set[str] = set()
        self.news: list[_Entry] = []

    def notify(self, entry: _Entry) -> None:
        """Wake it for a matching event that has come or changed."""
        self.news.append(entry)
        self.has_news.notify()


class EventLog:
    """The latest events of one workspace, in order. Any thread may call any method.

    Every change has a number: an event that comes, and a delivery of it that changes.

    Args:
        contract: the contract under which bodies are made.
        deliveries: the log of the deliveries.
        max_events: how many events it keeps.
        max_bytes: how many bytes of bodies it keeps.

    Attributes:
        id: unique for each log, so that a client can tell its numbers from those of another.
    """

    def __init__(
        self,
        contract: Contract,
        deliveries: DeliveryLog,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.id = secrets.token_hex(8)  # not of the seeded generator, which a restart repeats
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._contract = contract
        self._deliveries = deliveries
        self._lock = threading.Lock()
        self._changed = LazyCondition(self._lock)
        self._waiters: list[_Waiter] = []
        self._entries: dict[str, _Entry] = {}
        self._recorded_bytes = 0
        self._is_closed = False
        self._latest_number = 0
        self._changes: dict[str, int] = {}  # event id -> its latest change, in order of the numbers

    def state(self) -> tuple[LoggedEvent, ...]:
        """Return all events, oldest first."""
        with self._lock:
            return tuple(
                LoggedEvent(sent=one.sent, event=one.event, delivery_ids=one.delivery_ids)
                for one in self._entries.values()
            )

    def load(self, state: Iterable[LoggedEvent]) -> None:
        """Replace all events; their changes have numbers of this log."""
        with self._lock:
            self._entries = {
                one.sent.event_id: _Entry(one.sent, one.event, one.delivery_ids) for one in state
            }
            self._recorded_bytes = sum(len(one.sent.body) for one in self._entries.values())
            self._changes = {}
            for event_id, entry in self._entries.items():
                entry.number = self._number_change(event_id)

    def put(
        self, event: Event, event_type: str, body: bytes | None, delivery_ids: tuple[str, ...]
    ) -> None:
        """Add an event.

        Without a `body` the event itself is kept, and its body is made when somebody needs it: a
        change without an endpoint does not pay for one. An event that is large has to bring it.
        """
        sent = SentWebhook(
            event_id=event.id,
            message_id=event.message_id,
            event_type=event_type,
            sequence=event.sequence,
            occurred_at=event.occurred_at,
            lead_id=event.lead_id,
            origin=event.options.origin,
            body=body or b"",
            deliveries=(),
            endpoint_count=len(delivery_ids),
            cause=event.cause,
            campaign_id=event.campaign_id,
            job_id=event.job_id,
        )
        entry = _Entry(sent, event if body is None else None, delivery_ids)
        with self._lock:
            self._entries[event.id] = entry
            self._recorded_bytes += len(sent.body)
            # The latest event stays, however large it is: it has only just come.
            while len(self._entries) > 1 and (
                len(self._entries) > self._max_events or self._recorded_bytes > self._max_bytes
            ):
                oldest = next(iter(self._entries))
                self._recorded_bytes -= len(self._entries.pop(oldest).sent.body)
                self._changes.pop(oldest, None)
            entry.number = self._number_change(event.id)
            self._offer(entry)

    def close(self) -> None:
        """End all waits, now and from now on."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
            for waiter in self._waiters:
                waiter.has_news.notify()

    def note_change(self, event_id: str) -> None:
        """Note that a delivery of an event has changed."""
        with self._lock:
            if event_id in self._entries:
                self._note_change(event_id)

    def add_delivery(self, event_id: str, delivery_id: str) -> None:
        """Add a delivery that was made after the event had come."""
        with self._lock:
            entry = self._entries.get(event_id)
            if entry is not None:
                entry.delivery_ids = (*entry.delivery_ids, delivery_id)
                endpoint_count = max(entry.sent.endpoint_count, len(entry.delivery_ids))
                entry.sent = replace(entry.sent, endpoint_count=endpoint_count)
                self._note_change(event_id)

    def get(self, event_id: str) -> SentWebhook:
        """Return the event of that id.

        Raises:
            NotFound: there is none, or the log has dropped it.
        """
        entry = self._entries.get(event_id)  # without the lock: one read of a dict is atomic
        if entry is None:
            hint = (
                f"this workspace's log has no event {event_id[:80]!r}: it is "
                "another workspace's, or so old that the log has dropped it"
            )
            raise NotFound("Event not found", hint=hint)
        return self._complete(entry)

    def cause(self, event_id: str) -> Cause | None:
        """Return the cause of an event; None if it has none, or is no longer in the log."""
        entry = self._entries.get(event_id)
        return None if entry is None else entry.sent.cause

    def all(self) -> list[SentWebhook]:
        """Return all events, oldest first."""
        with self._lock:
            entries = list(self._entries.values())
        return [self._complete(entry) for entry in entries]

    def select(self, criteria: EventFilter, *, count: int | None = None) -> list[SentWebhook]:
        """Return the latest events that match, newest first; of others no body is made."""
        with self._lock:
            newest_first = reversed(self._entries.values())
            matching = (one for one in newest_first if criteria.matches(one.sent))
            entries = list(itertools.islice(matching, count))
        return [self._complete(entry) for entry in entries]

    def times(self) -> list[datetime]:
        """Return when each event occurred, oldest first."""
        with self._lock:
            return [entry.sent.occurred_at for entry in self._entries.values()]

    def changed_since(
        self, number: int, *, timeout_seconds: float = 0
    ) -> tuple[list[SentWebhook], int]:
        """Return the events that have come or changed since a number, and the next number.

        Without a change, wait for one. Begin with 0 for all events, or with `latest_change`.
        """
        with self._lock:
            self._changed.wait_for(
                lambda: self._latest_number > number or self._is_closed, timeout_seconds
            )
            newest_first = itertools.takewhile(
                lambda event_id: self._changes[event_id] > number, reversed(self._changes)
            )
            entries = [self._entries[event_id] for event_id in newest_first]
            latest = max(number, self._latest_number)
        return [self._complete(entry) for entry in reversed(entries)], latest

    @property
    def latest_change(self) -> int:
        """The number of the latest change."""
        with self._lock:
            return self._latest_number

    def first_since(self, number: int, pattern: EventPattern) -> SentWebhook | None:
        """Return the first event that matches and came after a change of that number, or None."""
        with self._lock:
            newest_first = itertools.takewhile(
                lambda entry: entry.number > number, reversed(self._entries.values())
            )
            entries = [entry for entry in newest_first if entry.may_match(pattern, 0)]
        oldest_first = map(self._complete, reversed(entries))
        return next((one for one in oldest_first if pattern.matches(one.body)), None)

    def wait_for(
        self,
        pattern: EventPattern,
        *,
        count: int = 1,
        after: int = 0,
        timeout_seconds: float,
        stage: Stage = Stage.SETTLED,
    ) -> list[SentWebhook]:
        """Wait until `count` events that match have reached a stage, and return the first of them.

        After the timeout, return those that have. Only events with a sequence number greater than
        `after` count.
        """
        deadline = SystemClock.running_seconds() + timeout_seconds
        found: dict[int, SentWebhook] = {}
        waiter = _Waiter(self._lock, pattern, after)
        # Registered together with the list of older events, so that none comes in between unheard.
        with self._lock:
            entries = list(self._entries.values())
            self._waiters.append(waiter)
        try:
            news = [entry for entry in entries if self._watches(waiter, entry)]
            while True:
                reached = [one for one in map(self._complete, news) if one.has_reached(stage)]
                found |= {one.sequence: one for one in reached}
                remaining = deadline - SystemClock.running_seconds()
                if len(found) >= count or remaining <= 0 or self._is_closed:
                    return [found[sequence] for sequence in sorted(found)][:count]
                with self._lock:
                    waiter.has_news.wait_for(lambda: waiter.news or self._is_closed, remaining)
                    news, waiter.news = waiter.news, []
        finally:
            with self._lock:
                self._waiters.remove(waiter)

    def _watches(self, waiter: _Waiter, entry: _Entry) -> bool:
        """Return whether an older event matches; if so, the waiter hears of its changes."""
        if not entry.may_match(waiter.pattern, waiter.after):
            return False
        if not waiter.pattern.matches(self._complete(entry).body):
            return False
        with self._lock:
            waiter.matching_ids.add(entry.sent.event_id)
        return True

    def _offer(self, entry: _Entry) -> None:
        """Wake the waiters that a new event matches; its content is made once for all of them."""
        waiters = [one for one in self._waiters if entry.may_match(one.pattern, one.after)]
        if not waiters:
            return
        # Not from the body: to write and parse JSON would cost more than all comparisons.
        if entry.event is not None:
            event = content(entry.event, entry.sent.event_type, self._contract)
        else:
            event = parse_event(entry.sent.body) or {}
        for waiter in waiters:
            if waiter.pattern.matches_event(event):
                waiter.matching_ids.add(entry.sent.event_id)
                waiter.notify(entry)

    def _note_change(self, event_id: str) -> None:
        self._number_change(event_id)
        for waiter in self._waiters:
            if event_id in waiter.matching_ids:
                waiter.notify(self._entries[event_id])

    def _number_change(self, event_id: str) -> int:
        self._changes.pop(event_id, None)  # so that it is put at the end
        self._latest_number = self._changes[event_id] = self._latest_number + 1
        self._changed.notify_all()
        return self._latest_number

    def _complete(self, entry: _Entry) -> SentWebhook:
        """Return an event with its body and deliveries."""
        event = entry.event
        if event is not None:
            # Outside the lock: to make the body of a large event must not hold up others.
            body = payload(event, entry.sent.event_type, self._contract).body
            with self._lock:
                if entry.event is not None:  # another thread may have made it meanwhile
                    entry.sent, entry.event = replace(entry.sent, body=body), None
                    if self._entries.get(entry.sent.event_id) is entry:
                        self._recorded_bytes += len(body)
        found = map(self._deliveries.find, entry.delivery_ids)
        return replace(entry.sent, deliveries=tuple(one for one in found if one is not None))
