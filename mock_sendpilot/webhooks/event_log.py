"""The events of a workspace as they were sent: a bounded log that can be waited for."""

import itertools
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.errors import NotFound
from mock_sendpilot.domain.events import Event
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.webhooks.deliveries import DROPPED, PENDING, Delivery, DeliveryLog
from mock_sendpilot.webhooks.payloads import payload

MOST_EVENTS = 5000
_MOST_BYTES = 32_000_000
_SOON_SECONDS = 1.0


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


class EventLog:
    """The latest events of one workspace, in their order. Any thread may call any method.

    Args:
        contract: under which bodies are made.
        deliveries: where the deliveries of the events are.

    Attributes:
        id: another one for each log, so that its numbers are not taken for those of another.
    """

    def __init__(self, contract: Contract, deliveries: DeliveryLog) -> None:
        self.id = secrets.token_hex(8)
        self._contract = contract
        self._deliveries = deliveries
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}
        self._recorded_bytes = 0
        self._is_closed = False
        self._numbers = itertools.count(1)
        self._changes: dict[str, int] = {}  # event id -> number of its latest change, which is last

    def put(
        self, event: Event, event_type: str, body: bytes | None, delivery_ids: tuple[str, ...]
    ) -> None:
        """Add an event. One that weighs much has to bring its body, and is not kept besides it."""
        facts = _facts(event, event_type, body or b"")
        with self._changed:
            kept = event if body is None else None
            entry = self._entries[event.id] = _Entry(facts, kept, delivery_ids)
            self._recorded_bytes += len(facts.body)
            while len(self._entries) > 1 and (
                len(self._entries) > MOST_EVENTS or self._recorded_bytes > _MOST_BYTES
            ):
                oldest = next(iter(self._entries))
                self._recorded_bytes -= len(self._entries.pop(oldest).facts.body)
                self._changes.pop(oldest, None)
            entry.number = self._note(event.id)

    def close(self) -> None:
        """Nobody is to wait for anything any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def note(self, event_id: str) -> None:
        """A delivery of an event has changed."""
        with self._changed:
            if event_id in self._entries:
                self._note(event_id)

    def add_delivery(self, event_id: str, delivery_id: str) -> None:
        """Add a delivery that was made after the event had come."""
        with self._changed:
            entry = self._entries.get(event_id)
            if entry is not None:
                entry.delivery_ids = (*entry.delivery_ids, delivery_id)
                self._note(event_id)

    def get(self, event_id: str) -> SentWebhook:
        """The event of that id.

        Raises:
            NotFound: there is none, or not any more.
        """
        with self._changed:
            entry = self._entries.get(event_id)
            if entry is None:
                hint = f"this workspace's log has no event {event_id[:80]!r}; it keeps the latest"
                raise NotFound("Event not found", hint=hint)
            return self._shown(entry)

    def get_soon(self, event_id: str) -> SentWebhook:
        """The event of that id, which another thread may be about to announce.

        Raises:
            NotFound: it did not come within a second.
        """
        with self._changed:
            self._changed.wait_for(lambda: event_id in self._entries, _SOON_SECONDS)
        return self.get(event_id)

    def all(self) -> list[SentWebhook]:
        """All of them, oldest first."""
        with self._changed:
            return [self._shown(entry) for entry in self._entries.values()]

    def changed_since(
        self, number: int, *, within_seconds: float = 0
    ) -> tuple[list[SentWebhook], int]:
        """What has come or changed since a number, waiting for it if need be; and the next number.

        Begin with 0 for all, or with `latest_change`.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._latest() > number or self._is_closed, within_seconds
            )
            return self._since(number), max(number, self._latest())

    @property
    def latest_change(self) -> int:
        """The number of the latest change."""
        with self._changed:
            return self._latest()

    def first_since(self, number: int, pattern: EventPattern) -> SentWebhook | None:
        """The first event that fits and came after a change of that number.

        It may come just now; None if it does not within a second.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._came_since(number, pattern), _SOON_SECONDS)
            found = self._came_since(number, pattern)
            return None if found is None else self._shown(found)

    def wait_for(
        self, pattern: EventPattern, *, count: int = 1, beyond: int = 0, within_seconds: float
    ) -> list[SentWebhook]:
        """The first events that fit and are sent, as soon as there are so many; or those in time.

        An event is sent when each endpoint that wants it has had its first attempt. Only those with
        a sequence number beyond the one given count.
        """
        deadline = SystemClock.running_seconds() + within_seconds
        fitting: dict[int, SentWebhook] = {}
        number = 0
        while len(fitting) < count:
            remaining = deadline - SystemClock.running_seconds()
            news, number = self.changed_since(number, within_seconds=max(0.0, remaining))
            for webhook in news:
                is_late_enough = webhook.sequence > beyond and webhook.is_sent
                if is_late_enough and pattern.matches(webhook.body):
                    fitting[webhook.sequence] = webhook
            if remaining <= 0 or self._is_closed:
                break
        return [fitting[sequence] for sequence in sorted(fitting)][:count]

    def _since(self, number: int) -> list[SentWebhook]:
        newest_first = itertools.takewhile(
            lambda event_id: self._changes[event_id] > number, reversed(self._changes)
        )
        return [self._shown(self._entries[event_id]) for event_id in reversed(list(newest_first))]

    def _came_since(self, number: int, pattern: EventPattern) -> _Entry | None:
        """The first such event; the latest come last."""
        newest_first = itertools.takewhile(
            lambda entry: entry.number > number, reversed(self._entries.values())
        )
        oldest_first = reversed(list(newest_first))
        return next((one for one in oldest_first if pattern.matches(self._body(one))), None)

    def _note(self, event_id: str) -> int:
        self._changes.pop(event_id, None)
        number = self._changes[event_id] = next(self._numbers)
        self._changed.notify_all()
        return number

    def _latest(self) -> int:
        last = next(reversed(self._changes), None)
        return 0 if last is None else self._changes[last]

    def _body(self, entry: _Entry) -> bytes:
        if entry.event is not None:
            made = payload(entry.event, entry.facts.event_type, self._contract)
            entry.facts, entry.event = replace(entry.facts, body=made.body), None
            self._recorded_bytes += len(made.body)
        return entry.facts.body

    def _shown(self, entry: _Entry) -> SentWebhook:
        self._body(entry)
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
        origin=event.telling.origin,
        body=body,
        deliveries=(),
    )
