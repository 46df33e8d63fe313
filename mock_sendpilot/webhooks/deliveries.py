"""Deliveries and their attempts, and the bounded log in which a workspace keeps them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from mock_sendpilot.errors import NotFound

PENDING, SUCCEEDED, EXHAUSTED = "pending", "succeeded", "exhausted"
CANCELLED, DROPPED = "cancelled", "dropped"
STATES = (PENDING, SUCCEEDED, EXHAUSTED, CANCELLED, DROPPED)
"""`dropped` is what a disruption never sends."""

AttemptTrigger = Literal["schedule", "resend", "duplicate"]
"""Why an attempt was made: by the schedule, by hand, or as a copy of the first one."""

MAX_FINISHED = 5000
MAX_BODY_BYTES = 20_000
MAX_TEXT_LENGTH = 500
"""Of a header, and of what went wrong."""
_MAX_HEADERS = 50
_MAX_LOG_BYTES = 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a receiver answered; of the body the first 20 kB are kept."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes
    is_truncated: bool


def recorded_response(
    status_code: int, headers: Mapping[str, str], body: bytes, *, is_complete: bool = True
) -> Response:
    """A response as far as it is kept: what a receiver sends must not fill the log."""
    first = list(headers.items())[:_MAX_HEADERS]
    return Response(
        status_code=status_code,
        headers={name[:MAX_TEXT_LENGTH]: value[:MAX_TEXT_LENGTH] for name, value in first},
        body=body[:MAX_BODY_BYTES],
        is_truncated=len(body) > MAX_BODY_BYTES or not is_complete,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One POST. Without a response, `error` says in words what went wrong."""

    number: int
    started_at: datetime
    """By the clock of the workspace."""
    sent_at: datetime
    """Real time."""
    signed_at: datetime
    """What its signature says."""
    duration_seconds: float
    url: str
    request_headers: Mapping[str, str]
    trigger: AttemptTrigger = "schedule"
    disruption: str | None = None
    """The kind of the disruption that made it otherwise than it should be."""
    sent_body: bytes | None = None
    """The first 20 kB of what was sent in place of the delivery's body; None when it was that."""
    sent_bytes: int = 0
    """How many bytes the body had."""
    response: Response | None = None
    error: str | None = None

    @property
    def status_code(self) -> int | None:
        """That of the answer; None without one."""
        return self.response.status_code if self.response else None

    @property
    def is_success(self) -> bool:
        """Any 2xx is success; redirects are not followed."""
        return self.response is not None and 200 <= self.response.status_code < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDisruption:
    """The disruption of a delivery: whose, of which kind, and how."""

    disruption_id: str
    kind: str
    options: Mapping[str, float]
    other_body: bytes | None = None
    """The event under another contract, for the kind that renames it."""
    old_secret: str | None = field(default=None, repr=False)
    """The one before the last rotation, for the kind that signs with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    message_id: str
    event_type: str
    lead_id: str | None
    body: bytes
    created_at: datetime
    sequence: int
    """The number of its event among those of the workspace."""
    state: str = PENDING
    next_attempt_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    reason: str | None = None
    """Why it was cancelled or dropped."""
    disruption: AppliedDisruption | None = None

    def __repr__(self) -> str:
        about = f"{self.event_type} {self.event_id} to {self.endpoint_id}"
        return f"<Delivery {self.id} of {about}: {self.state}, {len(self.attempts)} attempts>"

    @property
    def scheduled_count(self) -> int:
        """How many attempts the schedule has made."""
        return sum(attempt.trigger == "schedule" for attempt in self.attempts)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of it: neither a retry nor a copy."""
        owed = self.disruption.options.get("copies", 0) if self.disruption else 0
        made = sum(attempt.trigger == "duplicate" for attempt in self.attempts)
        return self.state != PENDING and made >= owed

    @property
    def has_failed(self) -> bool:
        """Whether its last attempt failed, and nothing has ended it otherwise."""
        is_open = self.state in {PENDING, EXHAUSTED}
        return is_open and bool(self.attempts) and not self.attempts[-1].is_success

    @property
    def recorded_bytes(self) -> int:
        """The length of the body and of all that is kept of responses."""
        responses = [one.response for one in self.attempts if one.response]
        bodies = sum(len(one.body) for one in responses)
        texts = sum(len(text) for one in responses for text in one.headers.values())
        others = sum(len(one.sent_body) for one in self.attempts if one.sent_body)
        return len(self.body) + bodies + texts + others


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries to list; None matches all."""

    state: str | None = None
    endpoint_id: str | None = None
    event_type: str | None = None
    lead_id: str | None = None
    event_id: str | None = None

    def matches(self, delivery: Delivery) -> bool:
        """Whether a delivery is asked for."""
        return all(
            wanted is None or wanted == found
            for wanted, found in (
                (self.state, delivery.state),
                (self.endpoint_id, delivery.endpoint_id),
                (self.event_type, delivery.event_type),
                (self.lead_id, delivery.lead_id),
                (self.event_id, delivery.event_id),
            )
        )


class DeliveryLog:
    """The deliveries of one workspace.

    What is pending is never dropped. Of what is finished the oldest goes first, beyond
    `max_finished` deliveries or beyond 32 MB of bodies.
    """

    def __init__(self, *, max_finished: int = MAX_FINISHED) -> None:
        self._max_finished = max_finished
        self._lock = threading.Lock()
        self._deliveries: dict[str, Delivery] = {}
        self._finished_ids: dict[str, int] = {}  # with the bytes that each has recorded
        self._recorded_bytes = 0

    @property
    def pending_count(self) -> int:
        """How many deliveries are still to be attempted, or attempted again."""
        return len(self._deliveries) - len(self._finished_ids)

    def put(self, delivery: Delivery) -> None:
        """Add a delivery."""
        with self._lock:
            self._store(delivery)

    def change(self, delivery_id: str, change: Callable[[Delivery], Delivery]) -> Delivery | None:
        """Replace a delivery by what `change` makes of it, with nothing in between.

        Returns:
            The delivery after it, or None if the log has dropped it.
        """
        with self._lock:
            before = self._deliveries.get(delivery_id)
            if before is None:
                return None
            after = change(before)
            self._store(after)
            return after

    def get(self, delivery_id: str) -> Delivery:
        """The delivery of that id.

        Raises:
            NotFound: there is none, or not any more.
        """
        delivery = self.find(delivery_id)
        if delivery is None:
            hint = (
                f"this workspace's log has no delivery {delivery_id[:80]!r}: it is "
                "another workspace's, or so old that the log has dropped it"
            )
            raise NotFound("Delivery not found", hint=hint)
        return delivery

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery of that id, or None."""
        return self._deliveries.get(delivery_id)

    def all(self) -> list[Delivery]:
        """Return all deliveries, oldest first."""
        with self._lock:
            return list(self._deliveries.values())

    def select(self, wanted: DeliveryFilter) -> list[Delivery]:
        """The deliveries that match, newest first."""
        return [delivery for delivery in reversed(self.all()) if wanted.matches(delivery)]

    def cancel(self, delivery_id: str, reason: str) -> Delivery | None:
        """End a delivery if it is pending, and return it; None if it is not."""
        with self._lock:
            before = self._deliveries.get(delivery_id)
            if before is None or before.state != PENDING:
                return None
            after = replace(before, state=CANCELLED, next_attempt_at=None, reason=reason)
            self._store(after)
            return after

    def cancel_pending(self, endpoint_id: str, reason: str) -> list[Delivery]:
        """End all pending deliveries to an endpoint, and return them."""
        found = self.select(DeliveryFilter(state=PENDING, endpoint_id=endpoint_id))
        cancelled = [self.cancel(delivery.id, reason) for delivery in found]
        return [delivery for delivery in cancelled if delivery is not None]

    def _store(self, delivery: Delivery) -> None:
        self._deliveries[delivery.id] = delivery
        self._recorded_bytes -= self._finished_ids.pop(delivery.id, 0)
        if delivery.state != PENDING:
            self._finished_ids[delivery.id] = delivery.recorded_bytes
            self._recorded_bytes += delivery.recorded_bytes
        while len(self._finished_ids) > 1 and (
            len(self._finished_ids) > self._max_finished or self._recorded_bytes > _MAX_LOG_BYTES
        ):
            oldest = next(iter(self._finished_ids))
            self._recorded_bytes -= self._finished_ids.pop(oldest)
            del self._deliveries[oldest]
