"""A receiver that responds once all requests that can run at one time have arrived."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tests.webhooks.delivery_model import Arrival
from tests.webhooks.served_receiver import ServedReceiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_WAIT_SECONDS = 3.0
"""The time that a request waits for others: far longer than any retry delay."""


class GatheringReceiver(ServedReceiver):
    """Holds requests until there are `max_concurrency`, or as many as events are left.

    Args:
        statuses: the statuses of its responses, one after the other; 200 after the last.
        event_count: the number of events to come.
        max_concurrency: the number of requests to expect at one time.
        max_attempts: the number of attempts of an event that fails.

    Attributes:
        arrivals: the requests, in the order of the responses.
        max_running: the greatest number of requests at one time.
        timeout_count: the number of requests that waited in vain for others.
    """

    def __init__(
        self, statuses: Sequence[int], *, event_count: int, max_concurrency: int, max_attempts: int
    ) -> None:
        super().__init__()
        self.arrivals: list[Arrival] = []
        self.max_running = self.timeout_count = 0
        self._statuses = iter(statuses)
        self._left_count = event_count
        self._max_concurrency = max_concurrency
        self._max_attempts = max_attempts
        self._attempts: Counter[str] = Counter()
        self._running = 0
        self._waiting: list[Arrival] = []
        self._changed = threading.Condition()

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        arrival = Arrival.of(environ, environ["wsgi.input"].read())
        with self._changed:
            self._running += 1
            self.max_running = max(self.max_running, self._running)
            self._waiting.append(arrival)
            if len(self._waiting) >= min(self._max_concurrency, self._left_count):
                self._release()
            if not self._changed.wait_for(lambda: arrival.status, MAX_WAIT_SECONDS):
                self.timeout_count += 1
                self._release()
            self._running -= 1
        start_response(f"{arrival.status} Scripted", [])
        return [b""]

    def _release(self) -> None:
        """Decide on the responses to all requests that wait."""
        for arrival in self._waiting:
            arrival.status = next(self._statuses, 200)
            self._attempts[arrival.event_id] += 1
            is_last = self._attempts[arrival.event_id] == self._max_attempts
            self._left_count -= arrival.is_success or is_last
            self.arrivals.append(arrival)
        self._waiting.clear()
        self._changed.notify_all()
