"""A listener: hears of the changes of a server, whatever happens to the connection.

Threads of its own wait for the server, and the main thread waits for them. So a signal ends the
command at once, on Windows too, where nothing interrupts a socket that is read.
"""

import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mock_sendpilot.cli.control import NoAnswer, Refused, Reply, Server, ask, ask_for, segment
from mock_sendpilot.cli.forward import Forwarding, Registration, growing_pauses

_WAIT_SECONDS = 20
_TIMEOUT_SECONDS = 10.0
_GOODBYE_SECONDS = 2.0
_POLL_SECONDS = 0.5
_MAX_EVENTS = 500  # that one request may have delivered
_TEST = "test"
_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Heard:
    """Events that have come, or whose deliveries have changed."""

    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is lost, and tried again until it is there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """The connection is there again. A server that was restarted has begun a new log."""

    is_restarted: bool
    endpoint: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Listening is of no use any more."""

    reason: str


News = Heard | Lost | Back | Ended


class Listener:
    """Listens to a server, and forwards the requests of an endpoint where one is wanted.

    Args:
        server: which.
        wanted: the endpoint to make, as the control API takes it; None only to watch.
        wait_seconds: how long the server may wait for news before it answers.
        timeout_seconds: for its answers, beyond that; a server that is silent longer is lost.

    Attributes:
        endpoint: the endpoint as the server made it, with its secret. A server that was restarted
            gets one with the same secret.
        after_sequence: the number of the newest event when listening began.
    """

    def __init__(
        self,
        server: Server,
        wanted: Mapping[str, Any] | None,
        *,
        wait_seconds: int = _WAIT_SECONDS,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._wanted = wanted
        self._wait_seconds = wait_seconds
        self._timeout_seconds = timeout_seconds
        self._is_over = threading.Event()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._forwarding: Forwarding | None = None
        self._log = ""
        self._latest = 0
        self._is_restarted = False
        self.endpoint: Mapping[str, Any] | None = None
        self.after_sequence = 0

    def begin(self) -> None:
        """Find out where the server stands, and have it make the endpoint.

        Raises:
            NoAnswer: the server is not there, or refuses.
        """
        newest = ask(self._server, "GET", "/events?limit=1")["events"]
        self.after_sequence = newest[0]["sequence"] if newest else 0
        changes = ask(self._server, "GET", "/events/changes")
        self._log, self._latest = changes["log"], changes["latest"]
        self._register()
        if self.endpoint is not None:
            registration = Registration(self._log, self.endpoint["id"])
            self._forwarding = Forwarding(self._server, registration, self._end_with)
        threading.Thread(target=self._run, name="mock-sendpilot-listen", daemon=True).start()

    def next_news(self) -> News:
        """Wait for news, in steps that a signal can come between."""
        while True:
            with suppress(queue.Empty):
                return self._news.get(timeout=_POLL_SECONDS)

    def end(self) -> None:
        """Stop, and remove the endpoint if the server is there."""
        self._is_over.set()
        if self._forwarding is not None:
            self._forwarding.stop()
        if self.endpoint is not None:
            path = f"/endpoints/{segment(self.endpoint['id'])}"
            with suppress(NoAnswer):
                ask_for(self._server, "DELETE", path, seconds=_GOODBYE_SECONDS)

    def _end_with(self, reason: str) -> None:
        self._news.put(Ended(reason))

    def _run(self) -> None:
        try:
            self._hear()
        except Refused as error:
            self._end_with(error.message)
        except Exception as error:  # any failure is raised again in the main thread
            self._end_with(f"listening: {error!r}")

    def _hear(self) -> None:
        """Put what is new into the queue, until the end."""
        pauses, is_lost = growing_pauses(), False
        while not self._is_over.is_set():
            try:
                changes = self._changes(0 if is_lost else self._wait_seconds)
                if is_lost or changes["log"] != self._log:
                    self._resume(changes)
            except Refused:
                raise
            except NoAnswer as error:
                if not is_lost:
                    self._news.put(Lost(error.message))
                is_lost = True
                self._is_over.wait(next(pauses))
                continue
            pauses, is_lost = growing_pauses(), False
            self._latest = changes["latest"]
            self._news.put(Heard(changes["events"]))

    def _changes(self, wait_seconds: int) -> Reply:
        since = f"since={self._latest}&log={segment(self._log)}"
        path = f"/events/changes?{since}&waitSeconds={wait_seconds}"
        return ask(self._server, "GET", path, seconds=wait_seconds + self._timeout_seconds)

    def _resume(self, changes: Reply) -> None:
        """Go on after a loss: if need be with a new endpoint, and with the events it has missed."""
        if changes["log"] != self._log:
            self._register()
            self._log, self._latest, self.after_sequence = changes["log"], 0, 0
            self._is_restarted = True
        if self.endpoint is not None and self._forwarding is not None:
            self._forwarding.resume(Registration(self._log, self.endpoint["id"]))
            self._deliver_missed(self.endpoint["id"], changes["events"])
        self._news.put(Back(self._is_restarted, self.endpoint))
        self._is_restarted = False

    def _register(self) -> None:
        if self._wanted is not None:
            secret = {} if self.endpoint is None else {"secret": self.endpoint["secret"]}
            wanted = {**self._wanted, **secret}
            self.endpoint = ask(self._server, "POST", "/endpoints", wanted)

    def _deliver_missed(self, endpoint_id: str, events: list[dict[str, Any]]) -> None:
        """Have the events delivered that came while nobody took the requests."""
        missed = [
            event["id"]
            for event in events
            if event["sequence"] > self.after_sequence
            and event["origin"] != _TEST
            and not _is_delivered(event, endpoint_id)
        ]
        path = f"/endpoints/{segment(endpoint_id)}/deliveries"
        for start in range(0, len(missed), _MAX_EVENTS):
            ids = missed[start : start + _MAX_EVENTS]
            ask(self._server, "POST", path, {"eventIds": ids}, seconds=self._timeout_seconds)


def _is_delivered(event: dict[str, Any], endpoint_id: str) -> bool:
    own = (one for one in event["deliveries"] if one["endpointId"] == endpoint_id)
    return any(one["state"] != _CANCELLED for one in own)
