"""Deliveries and their attempts, and the bounded log in which a workspace keeps them.

A delivery is one event on its way to one endpoint; each of its attempts is a POST.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Final, Literal

from mock_sendpilot.errors import NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.redaction import redacted

DeliveryState = Literal["pending", "succeeded", "exhausted", "cancelled", "dropped"]
"""`dropped` is a delivery that a disruption never sends."""
PENDING: Final = "pending"
SUCCEEDED: Final = "succeeded"
EXHAUSTED: Final = "exhausted"
CANCELLED: Final = "cancelled"
DROPPED: Final = "dropped"
STATES: tuple[DeliveryState, ...] = (PENDING, SUCCEEDED, EXHAUSTED, CANCELLED, DROPPED)

AttemptTrigger = Literal["schedule", "resend", "duplicate"]
"""The cause of an attempt: the retry schedule, a user, or the disruption `duplicate`."""

# A staging server runs for weeks, and receivers may send anything: whatever is kept is bounded.
MAX_FINISHED = 5000
MAX_BODY_BYTES = 20_000
MAX_TEXT_LENGTH = 500
"""Of a header, and of an error."""
_MAX_HEADERS = 50
_MAX_LOG_BYTES = 32_000_000
_MAX_DESCRIBED_ATTEMPTS = 10
_MAX_DESCRIBED_BODY = 200
# By the vendor's pages any 2xx is success. They say nothing of redirects, which are not followed.
_SUCCESS_STATUSES = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response of a receiver, with the first 20 kB of its body."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes
    is_truncated: bool


def recorded_response(
    status_code: int, headers: Mapping[str, str], body: bytes, *, is_complete: bool = True
) -> Response:
    """Return the part of a response that is kept: a receiver must not fill the log."""
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
    """The time by the clock of the workspace."""
    sent_at: datetime
    """The real time."""
    signed_at: datetime
    """The time in its signatures."""
    duration_seconds: float
    url: str
    request_headers: Mapping[str, str]
    trigger: AttemptTrigger = "schedule"
    disruption: str | None = None
    """The kind of the disruption that altered it."""
    sent_body: bytes | None = None
    """The first 20 kB of a body other than the delivery's; None if that was sent."""
    sent_bytes: int = 0
    """The length of the body that was sent."""
    response: Response | None = None
    error: str | None = None

    @property
    def status_code(self) -> int | None:
        """The status of the response; None without a response."""
        return self.response.status_code if self.response else None

    @property
    def is_success(self) -> bool:
        """True for any 2xx."""
        return self.response is not None and self.response.status_code in _SUCCESS_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDisruption:
    """The disruption of a delivery, with its kind and options."""

    disruption_id: str
    kind: str
    options: Mapping[str, float]
    other_body: bytes | None = None
    """The body under another contract, for the kind `renamed_event`."""
    old_secret: str | None = field(default=None, repr=False)
    """The secret before the last rotation, for the kind `old_secret`."""


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
    """The number of its event among the events of the workspace."""
    state: DeliveryState = PENDING
    next_attempt_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    reason: str | None = None
    """The reason why it was cancelled or dropped."""
    disruption: AppliedDisruption | None = None

    def __repr__(self) -> str:
        about = f"{self.event_type} {self.event_id} to {self.endpoint_id}"
        return f"<Delivery {self.id} of {about}: {self.state}, {len(self.attempts)} attempts>"

    @property
    def scheduled_count(self) -> int:
        """The number of attempts that the retry schedule has made."""
        return sum(attempt.trigger == "schedule" for attempt in self.attempts)

    @property
    def is_over(self) -> bool:
        """True if neither a retry nor a duplicate is still to be sent."""
        copies = self.disruption.options.get("copies", 0) if self.disruption else 0
        duplicates = sum(attempt.trigger == "duplicate" for attempt in self.attempts)
        return self.state != PENDING and duplicates >= copies

    @property
    def has_failed(self) -> bool:
        """True if its last attempt failed and it was not cancelled or dropped since."""
        is_unsent = self.state in {PENDING, EXHAUSTED}
        return is_unsent and bool(self.attempts) and not self.attempts[-1].is_success

    @property
    def recorded_bytes(self) -> int:
        """The length of its body and of all that is kept of its attempts."""
        length = len(self.body)
        for attempt in self.attempts:
            length += len(attempt.sent_body or b"")
            if attempt.response:
                length += len(attempt.response.body)
                length += sum(map(len, attempt.response.headers.values()))
        return length


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """A filter of deliveries; None matches all."""

    state: str | None = None
    endpoint_id: str | None = None
    event_type: str | None = None
    lead_id: str | None = None
    event_id: str | None = None

    def matches(self, delivery: Delivery) -> bool:
        """Return whether a delivery has all the values of the filter."""
        return all(
            expected is None or expected == value
            for expected, value in (
                (self.state, delivery.state),
                (self.endpoint_id, delivery.endpoint_id),
                (self.event_type, delivery.event_type),
                (self.lead_id, delivery.lead_id),
                (self.event_id, delivery.event_id),
            )
        )


class DeliveryLog:
    """The deliveries of one workspace.

    Pending ones are always kept. Beyond `max_finished` finished ones, or 32 MB of bodies, the
    oldest finished ones are dropped.
    """

    __slots__ = ("_deliveries", "_finished_ids", "_lock", "_max_finished", "_recorded_bytes")

    def __init__(self, *, max_finished: int = MAX_FINISHED) -> None:
        self._max_finished = max_finished
        self._lock = threading.Lock()
        self._deliveries: dict[str, Delivery] = {}
        self._finished_ids: dict[str, int] = {}  # with the recorded bytes of each
        self._recorded_bytes = 0

    @property
    def pending_count(self) -> int:
        """The number of deliveries that are still to be attempted or retried."""
        # Without the lock: a count that is one off for a moment does no harm.
        return len(self._deliveries) - len(self._finished_ids)

    def state(self) -> tuple[tuple[Delivery, ...], tuple[str, ...]]:
        """Return all deliveries, and the ids of the finished ones; both oldest first."""
        with self._lock:
            return tuple(self._deliveries.values()), tuple(self._finished_ids)

    def load(self, deliveries: Iterable[Delivery], finished_ids: Iterable[str]) -> None:
        """Replace all deliveries."""
        with self._lock:
            self._deliveries = {delivery.id: delivery for delivery in deliveries}
            self._finished_ids = {one: self._deliveries[one].recorded_bytes for one in finished_ids}
            self._recorded_bytes = sum(self._finished_ids.values())

    def put(self, delivery: Delivery) -> None:
        """Add a delivery."""
        with self._lock:
            self._store(delivery)

    def change(self, delivery_id: str, change: Callable[[Delivery], Delivery]) -> Delivery | None:
        """Replace a delivery by the one that `change` returns for it, under the log's lock.

        Returns:
            The new delivery, or None if the log has dropped it.
        """
        with self._lock:
            before = self._deliveries.get(delivery_id)
            if before is None:
                return None
            after = change(before)
            self._store(after)
            return after

    def get(self, delivery_id: str) -> Delivery:
        """Return the delivery of that id.

        Raises:
            NotFound: there is none, or the log has dropped it.
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
        """Return the delivery of that id, or None."""
        return self._deliveries.get(delivery_id)

    def all(self) -> list[Delivery]:
        """Return all deliveries, oldest first."""
        with self._lock:
            return list(self._deliveries.values())

    def select(self, criteria: DeliveryFilter) -> list[Delivery]:
        """Return the deliveries that match, newest first."""
        return [delivery for delivery in reversed(self.all()) if criteria.matches(delivery)]

    def cancel(self, delivery_id: str, reason: str) -> Delivery | None:
        """Cancel a delivery and return it; return None if it is not pending."""
        with self._lock:
            before = self._deliveries.get(delivery_id)
            if before is None or before.state != PENDING:
                return None
            after = replace(before, state=CANCELLED, next_attempt_at=None, reason=reason)
            self._store(after)
            return after

    def cancel_pending(self, endpoint_id: str, reason: str) -> list[Delivery]:
        """Cancel all pending deliveries to an endpoint, and return them."""
        # Each by itself: one that has succeeded in the meantime must not be cancelled.
        pending = self.select(DeliveryFilter(state=PENDING, endpoint_id=endpoint_id))
        cancelled = [self.cancel(delivery.id, reason) for delivery in pending]
        return [delivery for delivery in cancelled if delivery is not None]

    def _store(self, delivery: Delivery) -> None:
        self._deliveries[delivery.id] = delivery
        # Popped even if it is finished again, as after a resend: then it is the youngest.
        self._recorded_bytes -= self._finished_ids.pop(delivery.id, 0)
        if delivery.state != PENDING:
            self._finished_ids[delivery.id] = delivery.recorded_bytes
            self._recorded_bytes += delivery.recorded_bytes
        # The latest one stays, however large it is: somebody may be about to look at it.
        while len(self._finished_ids) > 1 and (
            len(self._finished_ids) > self._max_finished or self._recorded_bytes > _MAX_LOG_BYTES
        ):
            oldest = next(iter(self._finished_ids))
            self._recorded_bytes -= self._finished_ids.pop(oldest)
            del self._deliveries[oldest]


def describe_failed_attempts(deliveries: Iterable[Delivery]) -> list[str]:
    """Describe the latest failed attempts, a line each: number, URL and outcome in words."""
    failed = [
        (delivery, attempt)
        for delivery in deliveries
        for attempt in delivery.attempts
        if not attempt.is_success
    ]
    # By real time: attempts of several workspaces, whose clocks differ, may be in one report.
    failed.sort(key=lambda pair: pair[1].sent_at)
    lines = [
        redacted(
            f"attempt {attempt.number} of {delivery.event_type} to {attempt.url} failed: "
            f"{_outcome(attempt)}"
        )
        for delivery, attempt in failed[-_MAX_DESCRIBED_ATTEMPTS:]
    ]
    earlier = len(failed) - len(lines)
    return [f"{earlier} earlier attempts failed as well", *lines] if earlier else lines


def _outcome(attempt: Attempt) -> str:
    disrupted = f" (disrupted: {attempt.disruption})" if attempt.disruption else ""
    response = attempt.response
    if response is None:
        return f"{attempt.error}{disrupted}"
    # On one line: frameworks respond to a crash with a whole page or a traceback.
    body = " ".join(response.body.decode("utf-8", "replace").split())
    text = f"{body[:_MAX_DESCRIBED_BODY]}…" if len(body) > _MAX_DESCRIBED_BODY else body
    return f"the response was {response.status_code}{f' {text!r}' if text else ''}{disrupted}"
