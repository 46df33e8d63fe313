"""A model of deliveries, computed from what their receivers saw and from nothing else.

An `ExpectedEndpoint` knows the vendor's schedule and what was asked for, and takes the answer to
each attempt from what its receiver has seen. It fails on the first attempt that is missing, too
many, out of its order or at another time.
"""

import heapq
import io
import itertools
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from mock_sendpilot.testing.receiver import WebhookReceiver

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RETRY_DELAYS_SECONDS = (5, 30, 120, 900, 3600)
MAX_SCHEDULED = 1 + len(RETRY_DELAYS_SECONDS)
PENDING, SUCCEEDED, EXHAUSTED, CANCELLED = "pending", "succeeded", "exhausted", "cancelled"


@dataclass(slots=True)
class Arrival:
    """A request as it arrived, and the status of its response: 0 until there is one."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime | None = None
    """The time by the clock of the workspace."""
    status: int = 0

    @classmethod
    def of(cls, environ: "WSGIEnvironment", body: bytes) -> "Arrival":
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        return cls(environ["PATH_INFO"], headers, body)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def event_id(self) -> str:
        return str(orjson.loads(self.body)["eventId"])

    @property
    def new_status(self) -> str:
        """The status of the change. Tests give each change its own, which identifies it."""
        return str(orjson.loads(self.body)["data"]["newStatus"])


class NotingReceiver(WebhookReceiver):
    """A receiver that adds each request to `arrivals` when it responds."""

    def __init__(
        self, arrivals: list[Arrival], *, now: Callable[[], datetime], port: int = 0
    ) -> None:
        super().__init__(port=port)
        self._arrivals = arrivals
        self._now = now

    def _serve(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        content = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(content)
        arrival = Arrival.of(environ, content)
        arrival.at = self._now()

        def noting(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: "OptExcInfo | None" = None,
            /,
        ) -> Callable[[bytes], object]:
            arrival.status = int(status[:3])
            self._arrivals.append(arrival)
            return start_response(status, headers, exc_info)

        return super()._serve(environ, noting)


class RestartingReceiver:
    """A port on which a receiver can be stopped and another one started.

    A socket that does not listen keeps the port from everybody else meanwhile.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.arrivals: list[Arrival] = []
        self._now = now
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.port: int = self._kept.getsockname()[1]
        self._running: NotingReceiver | None = None

    @property
    def is_up(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        self._running = NotingReceiver(self.arrivals, now=self._now, port=self.port)
        self._running.start()

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def fail(self, status: int, times: int) -> None:
        assert self._running is not None
        self._running.respond(status, times=times)

    def close(self) -> None:
        self.stop()
        self._kept.close()


@dataclass(slots=True)
class ExpectedDelivery:
    """A change on its way to one endpoint."""

    new_status: str
    disruption: str | None = None
    copies: int = 0
    queued_at: datetime | None = None
    state: str = PENDING
    scheduled_count: int = 0
    next_scheduled_at: datetime | None = None

    @property
    def next_attempt_at(self) -> datetime | None:
        """The time of the next attempt; None if there is none."""
        return self.next_scheduled_at if self.state == PENDING else None


@dataclass(order=True, slots=True)
class _Task:
    due_at: datetime
    order: int
    delivery: ExpectedDelivery = field(compare=False)
    number: int | None = field(compare=False)
    """The number in the schedule; None for a resend or a duplicate."""


@dataclass(frozen=True, slots=True)
class Disruption:
    """The disruption of the next delivery to an endpoint."""

    kind: str
    seconds: int | None = None
    """The delay of its first attempt; None for no delay."""
    copies: int = 0


class ExpectedEndpoint:
    """An endpoint with its own path, and the expected course of its deliveries."""

    def __init__(self, endpoint_id: str, receiver: RestartingReceiver, path: str) -> None:
        self.id = endpoint_id
        self.receiver = receiver
        self.path = path
        self.is_there = self.is_enabled = True
        self.is_reordered = False
        self._was_down = False
        self.deliveries: dict[str, ExpectedDelivery] = {}
        self.first_attempts: list[str] = []
        self.armed: list[Disruption] = []
        self.secrets: list[tuple[str, datetime | None]] = []
        self._tasks: list[_Task] = []
        self._held: list[_Task] = []
        self._reached: datetime | None = None
        self._resent: set[str] = set()
        self._orders = itertools.count()
        self._seen_count = 0

    @property
    def is_steady(self) -> bool:
        """Return whether its receiver was never down at a due time, and no delivery was delayed."""
        return not self.is_reordered and not self._was_down

    def arm(self, disruption: Disruption) -> None:
        self.armed.append(disruption)
        self.is_reordered |= disruption.seconds is not None

    def queue(self, new_status: str, now: datetime) -> None:
        """Expect a delivery of a change."""
        suffered = self.armed.pop(0) if self.armed else Disruption("none")
        delivery = ExpectedDelivery(new_status, suffered.kind, suffered.copies)
        self.deliveries[new_status] = delivery
        delivery.queued_at = now
        task = self._put(delivery, now + timedelta(seconds=suffered.seconds or 0), 1)
        if suffered.kind == "reorder":
            self._held.append(task)

    def first_arrivals(self) -> list[str]:
        """Return the changes in the order of their arrival, without those that were resent."""
        arrived = [one for one in self.receiver.arrivals if one.path == self.path]
        statuses = dict.fromkeys(one.new_status for one in arrived)
        return [status for status in statuses if status not in self._resent]

    def resend(self, new_status: str, now: datetime) -> None:
        self._resent.add(new_status)
        self._put(self.deliveries[new_status], now, None)

    def end(self) -> None:
        """Expect no more attempts of pending deliveries."""
        self._tasks.clear()
        self._held.clear()
        for delivery in self.deliveries.values():
            if delivery.state == PENDING:
                delivery.state = CANCELLED

    def pass_until(self, moment: datetime) -> list[Arrival]:
        """Compare the attempts due until then with the new arrivals, and return those."""
        arrivals = [one for one in list(self.receiver.arrivals) if one.path == self.path]
        news = arrivals[self._seen_count :]
        self._seen_count = len(arrivals)
        coming = iter(news)
        while self._tasks and self._tasks[0].due_at <= moment:
            task = heapq.heappop(self._tasks)
            if self._is_over(task):
                continue
            self._reached = max(self._reached or task.due_at, task.due_at)
            self._account(task, is_success=self._has_succeeded(task, coming))
        too_many = list(coming)
        assert not too_many, f"attempts that nothing asks for: {too_many}"
        return news

    def valid_secrets(self, at: datetime | None) -> list[str]:
        """Return the valid secrets, newest first."""
        return [
            secret
            for secret, until in self.secrets
            if until is None or (at is not None and at < until)
        ]

    def _is_over(self, task: _Task) -> bool:
        delivery = task.delivery
        return task.number is not None and (
            delivery.state != PENDING or delivery.scheduled_count != task.number - 1
        )

    def _has_succeeded(self, task: _Task, coming: Iterator[Arrival]) -> bool:
        if not self.receiver.is_up:
            self._was_down = True
            return False
        arrival = next(coming, None)
        wanted = (task.delivery.new_status, self._reached)
        assert arrival is not None, f"attempt {task.number} of {wanted} is missing"
        assert (arrival.new_status, arrival.at) == wanted, (arrival, task)
        return arrival.is_success

    def _account(self, task: _Task, *, is_success: bool) -> None:
        delivery, now = task.delivery, self._reached or task.due_at
        if is_success:
            delivery.state = SUCCEEDED
        if task.number is None:
            return
        delivery.scheduled_count += 1
        if not is_success and task.number == MAX_SCHEDULED:
            delivery.state = EXHAUSTED
        elif not is_success:
            wait = timedelta(seconds=RETRY_DELAYS_SECONDS[task.number - 1])
            self._put(delivery, now + wait, task.number + 1)
        if task.number == 1:
            self._after_a_first_attempt(task, now)

    def _after_a_first_attempt(self, task: _Task, now: datetime) -> None:
        self.first_attempts.append(task.delivery.new_status)
        for _ in range(task.delivery.copies):
            self._put(task.delivery, now, None)
        overtaken = [held for held in self._held if held.order < task.order]
        self._held = [held for held in self._held if held.order > task.order]
        for held in overtaken:  # those that have not arrived yet are next, in their old order
            held.due_at = min(held.due_at, held.delivery.queued_at or held.due_at)
        heapq.heapify(self._tasks)

    def _put(self, delivery: ExpectedDelivery, due_at: datetime, number: int | None) -> _Task:
        if number is not None:
            delivery.next_scheduled_at = due_at
        task = _Task(due_at, next(self._orders), delivery, number)
        heapq.heappush(self._tasks, task)
        return task
