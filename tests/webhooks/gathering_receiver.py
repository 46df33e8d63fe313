"""A receiver that answers nothing before as many requests are there as can be."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from mock_sendpilot.http_server import HttpServer
from tests.webhooks.delivery_model import Arrival

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from typing_extensions import Self

MOST_SECONDS = 3.0
"""How long a request waits for others; far longer than any retry is away."""


class GatheringReceiver(AbstractContextManager["GatheringReceiver"]):
    """Holds requests until there are `most_at_once`, or as many as there are events left.

    Args:
        statuses: what it answers, one after the other; 200 after the last.
        event_count: how many events will come.
        most_at_once: how many requests are to come at one time.
        most_attempts: after so many failures no further attempt of an event comes.

    Attributes:
        arrivals: the requests, in the order in which they were answered.
        most_under_way: how many there have been at one time.
        given_up_count: how many have waited in vain for others.
    """

    def __init__(
        self, statuses: Sequence[int], *, event_count: int, most_at_once: int, most_attempts: int
    ) -> None:
        self._server = HttpServer(self._answer)
        self.url = f"{self._server.origin}/"
        self.arrivals: list[Arrival] = []
        self.most_under_way = self.given_up_count = 0
        self._statuses = iter(statuses)
        self._left_count = event_count
        self._most_at_once = most_at_once
        self._most_attempts = most_attempts
        self._attempts: Counter[str] = Counter()
        self._under_way = 0
        self._waiting: list[Arrival] = []
        self._changed = threading.Condition()

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        arrival = Arrival.of(environ, environ["wsgi.input"].read())
        with self._changed:
            self._under_way += 1
            self.most_under_way = max(self.most_under_way, self._under_way)
            self._waiting.append(arrival)
            if len(self._waiting) >= min(self._most_at_once, self._left_count):
                self._let_go()
            if not self._changed.wait_for(lambda: arrival.status, MOST_SECONDS):
                self.given_up_count += 1
                self._let_go()
            self._under_way -= 1
        start_response(f"{arrival.status} As told", [])
        return [b""]

    def _let_go(self) -> None:
        """Decide on the answer to all that wait."""
        for arrival in self._waiting:
            arrival.status = next(self._statuses, 200)
            self._attempts[arrival.event_id] += 1
            is_last = self._attempts[arrival.event_id] == self._most_attempts
            self._left_count -= arrival.is_success or is_last
            self.arrivals.append(arrival)
        self._waiting.clear()
        self._changed.notify_all()
