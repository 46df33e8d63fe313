"""Relays: requests to receivers that the server cannot reach, taken to them by a listener.

A relayed endpoint is that of a `mock-sendpilot listen` somewhere, which asks for the next request,
makes it where it runs, and brings the answer back. For all else it is an endpoint like any other.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mock_sendpilot.errors import NotFound
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.outgoing_request import SendResult, SignedRequest

_SILENCE_SECONDS = 5.0
"""How long nobody may ask for a request until nobody is there any more."""
_EXTRA_SECONDS = 5.0
"""For the way to the listener and back, beyond what the receiver has."""
NOBODY = "nobody listens: the endpoint is one of `mock-sendpilot listen`, which is gone"
LISTENER_GONE = "its listener is gone"
"""Why an endpoint is disabled when nobody listens; it is enabled again when somebody does."""
_SILENT = "the listener took the request and has brought no answer"


@dataclass(frozen=True, slots=True)
class RelayedRequest:
    """A request on its way to a listener."""

    id: str
    request: SignedRequest
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the listener brings back: what the receiver answered, or what went wrong."""

    response: Response | None
    error: str | None


class Relay:
    """The requests of one endpoint. Any thread may call any method."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._changed = threading.Condition()
        self._waiting: deque[RelayedRequest] = deque()
        self._taken: dict[str, RelayedRequest] = {}
        self._answers: dict[str, Answer] = {}
        self._listener_count = 0
        self._turn = 0
        self._heard_at = SystemClock.running_seconds()
        self._is_closed = False

    def close(self) -> None:
        """Nobody is to wait for anything any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def send(self, request: SignedRequest, timeout_seconds: float) -> Answer:
        """Have a request made by the listener, and wait for its answer."""
        relayed = RelayedRequest(self._new_id(), request, timeout_seconds)
        with self._changed:
            self._waiting.append(relayed)
            self._changed.notify_all()
            patience = request.seconds_to_send + timeout_seconds + _EXTRA_SECONDS
            while relayed in self._waiting:
                if not self._is_listened_to():
                    self._waiting.remove(relayed)
                    return Answer(None, NOBODY)
                self._changed.wait(_SILENCE_SECONDS / 10)
                if relayed not in self._waiting:
                    self._changed.wait_for(lambda: self._is_done_with(relayed), patience)
            self._taken.pop(relayed.id, None)
            self._heard_at = SystemClock.running_seconds()
            return self._answers.pop(relayed.id, Answer(None, _SILENT))

    def take(self, *, timeout_seconds: float) -> RelayedRequest | None:
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

    def answer(self, request_id: str, answer: Answer) -> None:
        """Bring the answer of a request that was taken.

        Raises:
            NotFound: nobody waits for it, or not any more.
        """
        with self._changed:
            self._heard_at = SystemClock.running_seconds()
            if request_id not in self._taken:
                hint = f"no request {request_id[:80]!r} waits for an answer"
                raise NotFound("Relayed request not found", hint=hint)
            del self._taken[request_id]
            self._answers[request_id] = answer
            self._changed.notify_all()

    def _is_done_with(self, relayed: RelayedRequest) -> bool:
        """Return whether a request that was taken is answered, or to be taken once more."""
        return relayed.id in self._answers or relayed in self._waiting or self._is_closed

    def _is_listened_to(self) -> bool:
        if self._is_closed:
            return False
        if self._listener_count or self._taken:  # it listens, or is at work for us
            return True
        return SystemClock.running_seconds() - self._heard_at < _SILENCE_SECONDS


class Relays:
    """The relays of a workspace, by endpoint."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._lock = threading.Lock()
        self._relays: dict[str, Relay] = {}
        self._gone: set[str] = set()
        self._is_closed = False

    def of(self, endpoint_id: str) -> Relay:
        """The relay of an endpoint, made when it is first asked for; a closed one if it is gone."""
        with self._lock:
            relay = self._relays.get(endpoint_id) or Relay(self._new_id)
            if self._is_closed or endpoint_id in self._gone:
                relay.close()
            else:
                self._relays[endpoint_id] = relay
            return relay

    def forget(self, endpoint_id: str) -> None:
        """The endpoint is gone."""
        with self._lock:
            relay = self._relays.pop(endpoint_id, None)
            if relay is not None:
                self._gone.add(endpoint_id)
        if relay is not None:
            relay.close()

    def close(self) -> None:
        """All of them are gone."""
        self._is_closed = True
        for endpoint_id in list(self._relays):
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
