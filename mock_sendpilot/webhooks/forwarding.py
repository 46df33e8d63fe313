"""Requests to receivers that the server cannot reach, forwarded by a listener.

A forwarded endpoint belongs to a `mock-sendpilot listen` on some other machine. The listener takes
the next request, sends it from where it runs, and returns the response.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

from mock_sendpilot.errors import NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import SendResult
from mock_sendpilot.webhooks.signing import SignedRequest
from mock_sendpilot.world.ids import Ids

NO_LISTENER = "nobody listens: the endpoint is one of `mock-sendpilot listen`, which is gone"
LISTENER_GONE = "its listener is gone"
"""The reason to disable an endpoint; it is enabled again when somebody listens."""
_NO_RESULT = "the listener took the request and has brought no response"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingLimits:
    """Limits of a forwarding queue.

    Attributes:
        silence_seconds: a listener that has asked for nothing for so long is gone.
        extra_seconds: time for the way to the listener and back, next to the receiver's timeout.
    """

    silence_seconds: float = 5.0
    extra_seconds: float = 5.0


DEFAULT_LIMITS = ForwardingLimits()


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """A request on its way to a listener."""

    id: str
    request: SignedRequest
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class ForwardingResult:
    """The response that the listener brings, or the error that it had."""

    response: Response | None
    error: str | None


class ForwardingQueue:
    """The requests to one endpoint. Any thread may call any method.

    Args:
        ids: the source of the ids of requests.
        limits: how long it waits for its listener.
    """

    def __init__(self, ids: Ids, limits: ForwardingLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._ids = ids
        self._changed = threading.Condition()
        self._waiting: deque[ForwardedRequest] = deque()
        self._taken: dict[str, ForwardedRequest] = {}
        self._results: dict[str, ForwardingResult] = {}
        self._listener_count = 0
        self._turn = 0
        self._heard_at = SystemClock.running_seconds()
        self._is_closed = False

    def close(self) -> None:
        """End all waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def send(self, request: SignedRequest, timeout_seconds: float) -> ForwardingResult:
        """Have the listener send a request, and wait for the result."""
        forwarded = ForwardedRequest(self._ids.prefixed("req"), request, timeout_seconds)
        with self._changed:
            self._waiting.append(forwarded)
            self._changed.notify_all()
            patience = request.seconds_to_send + timeout_seconds + self.limits.extra_seconds
            # Again and again, since `take` puts a request back that was lost on its way.
            while forwarded in self._waiting:
                if not self._has_listener():
                    self._waiting.remove(forwarded)
                    return ForwardingResult(None, NO_LISTENER)
                # Woken now and then, since nobody notifies when a listener falls silent.
                self._changed.wait(self.limits.silence_seconds / 10)
                if forwarded not in self._waiting:
                    self._changed.wait_for(lambda: self._is_returned(forwarded), patience)
            self._taken.pop(forwarded.id, None)
            # After a timeout, too: a listener whose receiver is slow is not gone.
            self._heard_at = SystemClock.running_seconds()
            return self._results.pop(forwarded.id, ForwardingResult(None, _NO_RESULT))

    def take(self, *, timeout_seconds: float) -> ForwardedRequest | None:
        """Return the next request for the listener; None if there is none in time."""
        with self._changed:
            self._turn += 1
            turn = self._turn
            # There is one listener, which completes a request before it takes the next. So what is
            # still taken was lost on its way, and a call that still waits has lost its connection.
            self._waiting.extendleft(reversed(self._taken.values()))
            self._taken.clear()
            self._listener_count += 1
            self._changed.notify_all()
            try:
                self._changed.wait_for(
                    lambda: bool(self._waiting) or self._is_closed or turn != self._turn,
                    timeout_seconds,
                )
                if not self._waiting or turn != self._turn:
                    return None
                taken = self._waiting.popleft()
                self._taken[taken.id] = taken
                self._changed.notify_all()
                return taken
            finally:
                self._listener_count -= 1
                self._heard_at = SystemClock.running_seconds()

    def note_listener(self) -> None:
        """Note a listener that is about to take requests."""
        with self._changed:
            self._heard_at = SystemClock.running_seconds()

    def complete(self, request_id: str, result: ForwardingResult) -> None:
        """Return the result of a request that was taken.

        Raises:
            NotFound: nobody waits for it, or no longer.
        """
        with self._changed:
            self._heard_at = SystemClock.running_seconds()
            if request_id not in self._taken:
                hint = f"no request {request_id[:80]!r} waits for a response"
                raise NotFound("Forwarded request not found", hint=hint)
            del self._taken[request_id]
            self._results[request_id] = result
            self._changed.notify_all()

    def _is_returned(self, forwarded: ForwardedRequest) -> bool:
        """Return whether a request that was taken is completed, or has to be taken again."""
        return forwarded.id in self._results or forwarded in self._waiting or self._is_closed

    def _has_listener(self) -> bool:
        if self._is_closed:
            return False
        if self._listener_count or self._taken:  # it waits for a request, or is sending one
            return True
        silence = SystemClock.running_seconds() - self._heard_at
        return silence < self.limits.silence_seconds


class ForwardingQueues:
    """The forwarding queues of a workspace, by endpoint.

    Args:
        ids: the source of the ids of requests.
    """

    __slots__ = ("_ids", "_is_closed", "_lock", "_queues", "limits")

    def __init__(self, ids: Ids) -> None:
        self.limits = DEFAULT_LIMITS
        self._ids = ids
        self._lock = threading.Lock()
        self._queues: dict[str, ForwardingQueue | None] = {}  # None for a queue that was removed
        self._is_closed = False

    def of(self, endpoint_id: str) -> ForwardingQueue:
        """Return the queue of an endpoint, which is made on first use; if removed, a closed one."""
        with self._lock:
            queue = self._queues.get(endpoint_id)
            if queue is None:
                queue = ForwardingQueue(self._ids, self.limits)
                if self._is_closed or endpoint_id in self._queues:
                    queue.close()
                else:
                    self._queues[endpoint_id] = queue
            return queue

    def remove(self, endpoint_id: str) -> None:
        """Close the queue of an endpoint that was removed."""
        with self._lock:
            queue = self._queues.get(endpoint_id)
            if queue is not None:
                self._queues[endpoint_id] = None
        if queue is not None:
            queue.close()

    def close(self) -> None:
        """Close all queues."""
        self._is_closed = True
        for endpoint_id in list(self._queues):
            self.remove(endpoint_id)

    def send(
        self,
        endpoint_id: str,
        request: SignedRequest,
        *,
        timeout_seconds: float,
        wall_time: Callable[[], datetime],
    ) -> SendResult:
        """Have a request sent by the listener; the counterpart of `HttpSender.send`."""
        sent_at, began = wall_time(), SystemClock.running_seconds()
        result = self.of(endpoint_id).send(request, timeout_seconds)
        return SendResult(
            sent_at=sent_at,
            duration_seconds=SystemClock.running_seconds() - began,
            headers=request.headers,
            response=result.response,
            error=result.error,
        )
