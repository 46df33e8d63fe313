"""The state of one workspace's webhooks: what outbox and runner share, and all of it at one moment.

`WebhookState` is shared and changes. `OutboxState` is frozen, and enough to go on from there; the
`Gate` keeps attempts from being recorded while it is taken.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from mock_sendpilot.webhooks.deliveries import AttemptTrigger, Delivery, DeliveryLog
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.endpoints import Endpoint, Endpoints, JobEndpoints
from mock_sendpilot.webhooks.event_log import EventLog, LoggedEvent
from mock_sendpilot.webhooks.forwarding import ForwardingQueues
from mock_sendpilot.world.state import Planned


class WebhookCounters:
    """Counters of events by type, and of attempts by outcome, with copies to compare with.

    The outcomes are `succeeded`, `failed` and `exhausted`: the last attempt of a delivery counts as
    failed and as exhausted if it failed. Any thread may call any method.
    """

    __slots__ = ("_lock", "attempts", "events")

    def __init__(
        self, events: Counter[str] | None = None, attempts: Counter[str] | None = None
    ) -> None:
        # `+= 1` reads and writes, and another thread may come between.
        self._lock = threading.Lock()
        self.events: Counter[str] = Counter(events)
        self.attempts: Counter[str] = Counter(attempts)

    def load(self, events: Mapping[str, int], attempts: Mapping[str, int]) -> None:
        """Go on with other counts."""
        with self._lock:
            self.events, self.attempts = Counter(events), Counter(attempts)

    def count_event(self, event_type: str) -> None:
        """Count an event."""
        with self._lock:
            self.events[event_type] += 1

    def count_attempt(self, outcome: str) -> None:
        """Count an attempt."""
        with self._lock:
            self.attempts[outcome] += 1

    def copy(self) -> "WebhookCounters":
        """Return a copy that does not change."""
        with self._lock:
            return WebhookCounters(self.events, self.attempts)

    def since(self, earlier: "WebhookCounters") -> "WebhookCounters":
        """Return the difference to an earlier copy."""
        now = self.copy()
        return WebhookCounters(now.events - earlier.events, now.attempts - earlier.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """The shared state of one workspace's webhooks.

    Attributes:
        log: the deliveries.
        events: the events, with every change of their deliveries.
        endpoints: the subscriptions of the workspace.
        job_endpoints: the URLs of single jobs.
        forwarding: the requests to endpoints that the server cannot reach.
        counters: counts events and attempts.
    """

    log: DeliveryLog
    events: EventLog
    endpoints: Endpoints
    job_endpoints: JobEndpoints
    forwarding: ForwardingQueues
    counters: WebhookCounters


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptState:
    """A planned attempt; one in flight is planned still, since nobody knows its outcome."""

    delivery_id: str
    trigger: AttemptTrigger
    number: int
    is_held: bool
    """True if it waits for a later delivery to overtake it."""
    task: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEndpointState:
    """The URL of a job, and the events that are not yet delivered to it."""

    endpoint: Endpoint
    event_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """The endpoints, events, deliveries, planned attempts and disruptions of a workspace."""

    endpoints: tuple[Endpoint, ...]
    job_endpoints: tuple[JobEndpointState, ...]
    events: tuple[LoggedEvent, ...]
    deliveries: tuple[Delivery, ...]
    finished_ids: tuple[str, ...]
    """The ids of finished deliveries, in the order in which the log drops them."""
    attempts: tuple[AttemptState, ...]
    failing_since: Mapping[str, datetime]
    disruptions: tuple[Disruption, ...]
    event_counts: Mapping[str, int]
    attempt_counts: Mapping[str, int]


class Gate:
    """A passage that many threads may be in, until it is closed for a moment.

    What an attempt changes is changed within the passage. So while it is closed each attempt is
    either planned, or recorded with everything that follows from it.
    """

    __slots__ = ("_changed", "_inside_count", "_is_closed", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = LazyCondition(self._lock)
        self._inside_count = 0
        self._is_closed = False

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Wait until the gate is open, and be inside."""
        with self._lock:
            self._changed.wait_for(lambda: not self._is_closed)
            self._inside_count += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside_count -= 1
                if self._is_closed:  # otherwise nobody waits, and attempts pass often
                    self._changed.notify_all()

    @contextmanager
    def closed(self, *, timeout_seconds: float) -> Iterator[None]:
        """Close the gate, and wait until nobody is inside.

        Raises:
            InvalidInput: somebody still is after the timeout.
        """
        with self._lock:
            self._changed.wait_for(lambda: not self._is_closed)
            self._is_closed = True
            is_empty = self._changed.wait_for(lambda: not self._inside_count, timeout_seconds)
        try:
            if not is_empty:
                raise InvalidInput(
                    f"an attempt is being recorded for {timeout_seconds:g} s, perhaps since a "
                    "receiver of the signal waits; try again afterwards"
                )
            yield
        finally:
            with self._lock:
                self._is_closed = False
                self._changed.notify_all()
