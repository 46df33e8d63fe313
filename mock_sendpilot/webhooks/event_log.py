"""The events of a workspace as they were sent: a bounded log that can be waited for."""

import itertools
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.errors import NotFound
from mock_sendpilot.domain.events import Event
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.webhooks.deliveries import PENDING, Delivery, DeliveryLog
from mock_sendpilot.webhooks.payloads import payload

MOST_EVENTS = 5000
_MOST_BYTES = 32_000_000
_SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWebhook:
    """One event as it was sent, with its delivery to each endpoint that wanted it."""

    event_id: str
    event_type: str
    sequence: int
    occurred_at: datetime
    lead_id: str | None
    origin: str
    body: bytes
    deliveries: tuple[Delivery, ...]

    @property
    def is_sent(self) -> bool:
        """Whether each endpoint that wanted it has had its first attempt, or was ended."""
        return all(one.attempts or one.state != PENDING for one in self.deliveries)

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

    event: Event
    event_type: str
    body: bytes | None
    delivery_ids: tuple[str, ...]
    number: int = 0
    """That of its first change: that it came."""


class EventLog:
    """The latest events of one workspace, in their order. Any thread may call any method.

    Args:
        contract: under which bodies are made.
        deliveries: where the deliveries of the events are.
    """

    def __init__(self, contract: Contract, deliveries: DeliveryLog) -> None:
        self._contract = contract
        self._deliveries = deliveries
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}
        self._recorded_bytes = 0
        self._numbers = itertools.count(1)
        self._changes: dict[str, int] = {}  # event id -> number of its latest change, which is last

    def put(
        self, event: Event, event_type: str, body: bytes | None, delivery_ids: tuple[str, ...]
    ) -> None:
        """Add an event. A job's has to bring its body: it would keep the job's people alive."""
        with self._changed:
            entry = self._entries[event.id] = _Entry(event, event_type, body, delivery_ids)
            self._recorded_bytes += len(body or b"")
            while len(self._entries) > 1 and (
                len(self._entries) > MOST_EVENTS or self._recorded_bytes > _MOST_BYTES
            ):
                oldest = next(iter(self._entries))
                self._recorded_bytes -= len(self._entries.pop(oldest).body or b"")
                self._changes.pop(oldest, None)
            entry.number = self._note(event.id)

    def note(self, event_id: str) -> None:
        """A delivery of an event has changed."""
        with self._changed:
            if event_id in self._entries:
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
            self._changed.wait_for(lambda: self._latest() > number, within_seconds)
            return self._since(number), max(number, self._latest())

    @property
    def latest_change(self) -> int:
        """The number of the latest change."""
        with self._changed:
            return self._latest()

    def first_since(
        self, number: int, *, event_type: str, lead_id: str | None
    ) -> SentWebhook | None:
        """The first event of a type and lead that came after a change of that number.

        It may come just now; None if it does not within a second.
        """
        with self._changed:
            wanted = event_type, lead_id
            self._changed.wait_for(lambda: self._came_since(number, *wanted), _SOON_SECONDS)
            found = self._came_since(number, *wanted)
            return None if found is None else self._shown(found)

    def wait_for(
        self, pattern: EventPattern, *, count: int = 1, beyond: int = 0, within_seconds: float
    ) -> list[SentWebhook]:
        """The first events that fit and are sent, as soon as there are so many; or those in time.

        An event is sent when each endpoint that wants it has had its first attempt. Only those with
        a sequence number beyond the one given count.
        """
        deadline = SystemClock.running_seconds() + within_seconds
        fitting: dict[str, SentWebhook] = {}
        number = 0
        while len(fitting) < count:
            remaining = deadline - SystemClock.running_seconds()
            news, number = self.changed_since(number, within_seconds=max(0.0, remaining))
            for webhook in news:
                is_late_enough = webhook.sequence > beyond and webhook.is_sent
                if is_late_enough and pattern.matches(webhook.body):
                    fitting.setdefault(webhook.event_id, webhook)
            if remaining <= 0:
                break
        return list(fitting.values())[:count]

    def _since(self, number: int) -> list[SentWebhook]:
        newest_first = itertools.takewhile(
            lambda event_id: self._changes[event_id] > number, reversed(self._changes)
        )
        return [self._shown(self._entries[event_id]) for event_id in reversed(list(newest_first))]

    def _came_since(self, number: int, event_type: str, lead_id: str | None) -> _Entry | None:
        """The first such event; the latest come last."""
        newest_first = itertools.takewhile(
            lambda entry: entry.number > number, reversed(self._entries.values())
        )
        return next(
            (
                entry
                for entry in reversed(list(newest_first))
                if (entry.event_type, entry.event.lead_id) == (event_type, lead_id)
            ),
            None,
        )

    def _note(self, event_id: str) -> int:
        self._changes.pop(event_id, None)
        number = self._changes[event_id] = next(self._numbers)
        self._changed.notify_all()
        return number

    def _latest(self) -> int:
        last = next(reversed(self._changes), None)
        return 0 if last is None else self._changes[last]

    def _shown(self, entry: _Entry) -> SentWebhook:
        if entry.body is None:
            entry.body = payload(entry.event, entry.event_type, self._contract).body
            self._recorded_bytes += len(entry.body)
        event = entry.event
        found = map(self._deliveries.find, entry.delivery_ids)
        return SentWebhook(
            event_id=event.id,
            event_type=entry.event_type,
            sequence=event.sequence,
            occurred_at=event.occurred_at,
            lead_id=event.lead_id,
            origin=event.telling.origin,
            body=entry.body,
            deliveries=tuple(one for one in found if one is not None),
        )
