"""The events of a workspace as they were sent: a bounded log that can be waited for."""

import itertools
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

import orjson

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import NotFound
from mock_sendpilot.matching import EventPattern, parse_event
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import DROPPED, PENDING, Delivery, DeliveryLog
from mock_sendpilot.webhooks.payloads import payload
from mock_sendpilot.world.events import Event

MAX_EVENTS = 5000
MAX_BYTES = 32_000_000


class Stage(Enum):
    """The stages of an event; a wait names the one that it waits for."""

    RECORDED = "recorded"
    """It has happened."""
    SETTLED = "settled"
    """Each endpoint that wanted it has had its first attempt; or there was no such endpoint."""
    ATTEMPTED = "attempted"
    """The same, and there was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWebhook:
    """One event as it was sent, with its delivery to each endpoint that wanted it."""

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
    """How many endpoints wanted it; the log may have dropped the oldest of its deliveries."""

    def __repr__(self) -> str:
        states = ", ".join(one.state for one in self.deliveries) or "no endpoint"
        about = " ".join(filter(None, (self.event_type, self.event_id, self.lead_id)))
        return f"<SentWebhook {about}: {states}>"

    @property
    def is_dropped(self) -> bool:
        """Whether it is never sent to anybody, though somebody wanted it: on purpose."""
        return bool(self.deliveries) and all(one.state == DROPPED for one in self.deliveries)

    @property
    def is_sent(self) -> bool:
        """Whether each endpoint that wanted it has had its first attempt, or was ended."""
        is_ended = all(one.attempts or one.state != PENDING for one in self.deliveries)
        return is_ended and not self.is_dropped

    @property
    def is_attempted(self) -> bool:
        """Return whether it was sent to anybody, and no first attempt is still to come."""
        is_known_to_be = any(one.attempts for one in self.deliveries)
        return self.is_sent and (is_known_to_be or len(self.deliveries) < self.endpoint_count)

    def has_reached(self, stage: Stage) -> bool:
        """Return whether it has come so far."""
        if stage is Stage.RECORDED:
            return True
        return self.is_attempted if stage is Stage.ATTEMPTED else self.is_sent

    @property
    def json(self) -> dict[str, Any]:
        """The whole body: `eventId, eventType, timestamp, workspaceId, data`."""
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed

    @property
    def data(self) -> dict[str, Any]:
        """The `data` of the body."""
        data: dict[str, Any] = self.json["data"]
        return data


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; None matches all."""

    event_type: str | None = None
    lead_id: str | None = None
    origin: str | None = None

    def matches(self, webhook: SentWebhook) -> bool:
        """Whether an event is asked for."""
        return all(
            wanted is None or wanted == found
            for wanted, found in (
                (self.event_type, webhook.event_type),
                (self.lead_id, webhook.lead_id),
                (self.origin, webhook.origin),
            )
        )


@dataclass(slots=True)
class _Entry:
    """An event; its body is made when somebody wants it, unless it was sent."""

    facts: SentWebhook
    """Without its deliveries; without its body as long as there is an `event`."""
    event: Event | None
    delivery_ids: tuple[str, ...]
    number: int = 0
    """That of its first change: that it came."""

    def may_match(self, pattern: EventPattern, beyond: int) -> bool:
        """Return whether it is worth making the body and looking into it."""
        facts = self.facts
        return facts.sequence > beyond and pattern.event_type in {None, facts.event_type}


class _Waiter:
    """Somebody who waits for events; it hears of those alone that fit."""

    def __init__(self, lock: threading.Lock, pattern: EventPattern, beyond: int) -> None:
        self.has_news = threading.Condition(lock)
        self.pattern = pattern
        self.beyond = beyond
        self.fitting: set[str] = set()  # the ids of the events that fit
        self.news: list[_Entry] = []

    def hear(self, entry: _Entry) -> None:
        """Be woken for an event that fits, and has come or changed."""
        self.news.append(entry)
        self.has_news.notify()


class EventLog:
    """The latest events of one workspace, in their order. Any thread may call any method.

    Args:
        contract: under which bodies are made.
        deliveries: where the deliveries of the events are.
        max_events: how many it keeps.
        max_bytes: of bodies that it keeps.

    Attributes:
        id: another one for each log, so that its numbers are not taken for those of another.
    """

    def __init__(
        self,
        contract: Contract,
        deliveries: DeliveryLog,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._contract = contract
        self._deliveries = deliveries
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiters: set[_Waiter] = set()
        self._entries: dict[str, _Entry] = {}
        self._recorded_bytes = 0
        self._is_closed = False
        self._numbers = itertools.count(1)
        self._changes: dict[str, int] = {}  # event id -> number of its latest change, which is last

    def put(
        self, event: Event, event_type: str, body: bytes | None, delivery_ids: tuple[str, ...]
    ) -> None:
        """Add an event. One that weighs much has to bring its body, and is not kept besides it."""
        facts = replace(_facts(event, event_type, body or b""), endpoint_count=len(delivery_ids))
        with self._lock:
            kept = event if body is None else None
            entry = self._entries[event.id] = _Entry(facts, kept, delivery_ids)
            self._recorded_bytes += len(facts.body)
            while len(self._entries) > 1 and (
                len(self._entries) > self._max_events or self._recorded_bytes > self._max_bytes
            ):
                oldest = next(iter(self._entries))
                self._recorded_bytes -= len(self._entries.pop(oldest).facts.body)
                self._changes.pop(oldest, None)
            entry.number = self._note(event.id)
            self._offer(entry)

    def close(self) -> None:
        """Let nobody wait for anything any more."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
            for waiter in self._waiters:
                waiter.has_news.notify()

    def note(self, event_id: str) -> None:
        """Note that a delivery of an event has changed."""
        with self._lock:
            if event_id in self._entries:
                self._note(event_id)

    def add_delivery(self, event_id: str, delivery_id: str) -> None:
        """Add a delivery that was made after the event had come."""
        with self._changed:
            entry = self._entries.get(event_id)
            if entry is not None:
                entry.delivery_ids = (*entry.delivery_ids, delivery_id)
                endpoint_count = max(entry.facts.endpoint_count, len(entry.delivery_ids))
                entry.facts = replace(entry.facts, endpoint_count=endpoint_count)
                self._note(event_id)

    def get(self, event_id: str) -> SentWebhook:
        """Return the event of that id.

        Raises:
            NotFound: there is none, or not any more.
        """
        entry = self._entries.get(event_id)
        if entry is None:
            hint = (
                f"this workspace's log has no event {event_id[:80]!r}: it is "
                "another workspace's, or so old that the log has dropped it"
            )
            raise NotFound("Event not found", hint=hint)
        return self._complete(entry)

    def all(self) -> list[SentWebhook]:
        """Return all of them, oldest first."""
        with self._lock:
            entries = list(self._entries.values())
        return [self._complete(entry) for entry in entries]

    def changed_since(
        self, number: int, *, timeout_seconds: float = 0
    ) -> tuple[list[SentWebhook], int]:
        """Return what has come or changed since a number, waiting if need be; and the next number.

        Begin with 0 for all, or with `latest_change`.
        """
        with self._lock:
            self._changed.wait_for(
                lambda: self._latest() > number or self._is_closed, timeout_seconds
            )
            newest_first = itertools.takewhile(
                lambda event_id: self._changes[event_id] > number, reversed(self._changes)
            )
            entries = [self._entries[event_id] for event_id in newest_first]
            latest = max(number, self._latest())
        return [self._complete(entry) for entry in reversed(entries)], latest

    @property
    def latest_change(self) -> int:
        """The number of the latest change."""
        with self._lock:
            return self._latest()

    def first_since(self, number: int, pattern: EventPattern) -> SentWebhook | None:
        """Return the first event that fits and came after a change of that number, or None."""
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
        beyond: int = 0,
        timeout_seconds: float,
        stage: Stage = Stage.SETTLED,
    ) -> list[SentWebhook]:
        """Return the first events that fit at a stage, once there are so many; or those in time.

        Only those with a sequence number beyond the one given count.
        """
        deadline = SystemClock.running_seconds() + timeout_seconds
        found: dict[int, SentWebhook] = {}
        waiter = _Waiter(self._lock, pattern, beyond)
        with self._lock:
            entries = list(self._entries.values())
            self._waiters.add(waiter)
        try:
            news = [entry for entry in entries if self._fits(entry, waiter)]
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
                self._waiters.discard(waiter)

    def _fits(self, entry: _Entry, waiter: _Waiter) -> bool:
        """Tell whether an event from before the wait fits; from now on its changes are heard."""
        if not entry.may_match(waiter.pattern, waiter.beyond):
            return False
        if not waiter.pattern.matches(self._complete(entry).body):
            return False
        with self._lock:
            waiter.fitting.add(entry.facts.event_id)
        return True

    def _offer(self, entry: _Entry) -> None:
        """Wake those who wait for a new event; its body is made and read once for all of them."""
        waiters = [one for one in self._waiters if entry.may_match(one.pattern, one.beyond)]
        if not waiters:
            return
        if entry.event is not None:
            made = payload(entry.event, entry.facts.event_type, self._contract)
            self._keep_body(entry, made.body)
        event = parse_event(entry.facts.body)
        for waiter in waiters:
            if waiter.pattern.matches_event(event):
                waiter.fitting.add(entry.facts.event_id)
                waiter.hear(entry)

    def _note(self, event_id: str) -> int:
        self._changes.pop(event_id, None)
        number = self._changes[event_id] = next(self._numbers)
        self._changed.notify_all()
        for waiter in self._waiters:
            if event_id in waiter.fitting:
                waiter.hear(self._entries[event_id])
        return number

    def _latest(self) -> int:
        last = next(reversed(self._changes), None)
        return 0 if last is None else self._changes[last]

    def _keep_body(self, entry: _Entry, body: bytes) -> None:
        """Keep a body in place of the event that it was made of. The caller holds the lock."""
        if entry.event is None:
            return
        entry.facts, entry.event = replace(entry.facts, body=body), None
        if self._entries.get(entry.facts.event_id) is entry:
            self._recorded_bytes += len(body)

    def _complete(self, entry: _Entry) -> SentWebhook:
        """Return an event with its body and its deliveries; nobody waits while a body is made."""
        event = entry.event
        if event is not None:
            body = payload(event, entry.facts.event_type, self._contract).body
            with self._lock:
                self._keep_body(entry, body)
        found = map(self._deliveries.find, entry.delivery_ids)
        return replace(entry.facts, deliveries=tuple(one for one in found if one is not None))


def _facts(event: Event, event_type: str, body: bytes) -> SentWebhook:
    return SentWebhook(
        event_id=event.id,
        message_id=event.message_id,
        event_type=event_type,
        sequence=event.sequence,
        occurred_at=event.occurred_at,
        lead_id=event.lead_id,
        origin=event.options.origin,
        body=body,
        deliveries=(),
    )
