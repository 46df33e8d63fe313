"""The state of one workspace's webhooks, shared by its outbox and its runner."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from mock_sendpilot.webhooks.deliveries import DeliveryLog
from mock_sendpilot.webhooks.endpoints import Endpoints, JobEndpoints
from mock_sendpilot.webhooks.event_log import EventLog
from mock_sendpilot.webhooks.forwarding import ForwardingQueues


class WebhookCounters:
    """Counters of events by type, and of attempts by outcome, with copies to compare with.

    The outcomes are `succeeded`, `failed` and `exhausted`: the last attempt of a delivery counts as
    failed and as exhausted if it failed. Any thread may call any method.
    """

    def __init__(
        self, events: Counter[str] | None = None, attempts: Counter[str] | None = None
    ) -> None:
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
