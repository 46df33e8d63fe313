"""Requests to receivers that the server cannot reach, forwarded by a listener.

A forwarded endpoint belongs to a `mock-sendpilot listen` on some other machine. The listener takes
the next request, sends it from where it runs, and returns the response.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mock_sendpilot.errors import NotFound
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.http_sender import SendResult
from mock_sendpilot.webhooks.signing import SignedRequest

_SILENCE_SECONDS = 5.0
"""How long nobody may ask for a request until nobody is there any more."""
_EXTRA_SECONDS = 5.0
"""For the way to the listener and back, beyond what the receiver has."""
NO_LISTENER = "nobody listens: the endpoint is one of `mock-sendpilot listen`, which is gone"
LISTENER_GONE = "its listener is gone"
"""Why an endpoint is disabled when nobody listens; it is enabled again when somebody does."""
_SILENT = "the listener took the request and has brought no answer"


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """A request on its way to a listener."""

    id: str
    request: SignedRequest
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class ForwardingResult:
    """What the listener brings back: what the receiver answered, or what went wrong."""

    response: Response | None
    error: str | None


class ForwardingQueue:
    """The requests of one endpoint. Any thread may call any method."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._changed = threading.Condition()
        self._waiting: deque[ForwardedRequest] = deque()
        self._taken: dict[str, ForwardedRequest] = {}
        self._answers: dict[str, ForwardingResult] = {}
        self._listener_count = 0
        self._turn = 0
        self._heard_at = SystemClock.running_seconds()
        self._is_closed = False

    def close(self) -> None:
        """Nobody is to wait for anything any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def send(self, request: SignedRequest, timeout_seconds: float) -> ForwardingResult:
        """Have a request made by the listener, and wait for its answer."""
        forwarded = ForwardedRequest(self._new_id(), request, timeout_seconds)
        with self._changed:
            self._waiting.append(forwarded)
            self._changed.notify_all()
            patience = request.seconds_to_send + timeout_seconds + _EXTRA_SECONDS
            while forwarded in self._waiting:
                if not self._is_listened_to():
                    self._waiting.remove(forwarded)
                    return ForwardingResult(None, NO_LISTENER)
                self._changed.wait(_SILENCE_SECONDS / 10)
                if forwarded not in self._waiting:
                    self._changed.wait_for(lambda: self._is_done_with(forwarded), patience)
            self._taken.pop(forwarded.id, None)
            self._heard_at = SystemClock.running_seconds()
            return self._answers.pop(forwarded.id, ForwardingResult(None, _SILENT))

    def take(self, *, timeout_seconds: float) -> ForwardedRequest | None:
        """The next request, for the listener; None when none comes in time.

        There is one listener, which brings an answer before it takes the next request. So whatever
        was taken before was lost on its way, and who still waits has lost the connection.
        """
        with self._changed:
            self._turn += 1
            turn = self._turn
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

    def greet(self) -> None:
        """Hear from the listener, which is about to ask for requests."""
        with self._changed:
            self._heard_at = SystemClock.running_seconds()

    def answer(self, request_id: str, answer: ForwardingResult) -> None:
        """Bring the answer of a request that was taken.

        Raises:
            NotFound: nobody waits for it, or not any more.
        """
        with self._changed:
            self._heard_at = SystemClock.running_seconds()
            if request_id not in self._taken:
                hint = f"no request {request_id[:80]!r} waits for an answer"
                raise NotFound("Forwarded request not found", hint=hint)
            del self._taken[request_id]
            self._answers[request_id] = answer
            self._changed.notify_all()

    def _is_done_with(self, forwarded: ForwardedRequest) -> bool:
        """Return whether a request that was taken is answered, or to be taken once more."""
        return forwarded.id in self._answers or forwarded in self._waiting or self._is_closed

    def _is_listened_to(self) -> bool:
        if self._is_closed:
            return False
        if self._listener_count or self._taken:  # it listens, or is at work for us
            return True
        return SystemClock.running_seconds() - self._heard_at < _SILENCE_SECONDS


class ForwardingQueues:
    """The forwarding queues of a workspace, by endpoint."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._lock = threading.Lock()
        self._queues: dict[str, ForwardingQueue] = {}
        self._gone: set[str] = set()
        self._is_closed = False

    def of(self, endpoint_id: str) -> ForwardingQueue:
        """The queue of an endpoint, made when it is first asked for; a closed one if it is gone."""
        with self._lock:
            queue = self._queues.get(endpoint_id) or ForwardingQueue(self._new_id)
            if self._is_closed or endpoint_id in self._gone:
                queue.close()
            else:
                self._queues[endpoint_id] = queue
            return queue

    def forget(self, endpoint_id: str) -> None:
        """The endpoint is gone."""
        with self._lock:
            queue = self._queues.pop(endpoint_id, None)
            if queue is not None:
                self._gone.add(endpoint_id)
        if queue is not None:
            queue.close()

    def close(self) -> None:
        """All of them are gone."""
        self._is_closed = True
        for endpoint_id in list(self._queues):
            self.forget(endpoint_id)

    def post(
        self,
        endpoint_id: str,
        request: SignedRequest,
        *,
        timeout_seconds: float,
        wall_time: Callable[[], datetime],
    ) -> SendResult:
        """Have a request made, as `HttpSender.send` makes one."""
        sent_at, began = wall_time(), SystemClock.running_seconds()
        answer = self.of(endpoint_id).send(request, timeout_seconds)
        return SendResult(
            sent_at=sent_at,
            duration_seconds=SystemClock.running_seconds() - began,
            headers=request.headers,
            response=answer.response,
            error=answer.error,
        )
