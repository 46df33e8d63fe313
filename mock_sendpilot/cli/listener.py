"""A listener: follows a server's event log and forwards webhooks, whatever the connection does.

Threads of its own wait for the server, and the main thread waits for them. So a signal ends the
command at once, even on Windows, where nothing interrupts a thread that reads a socket.
"""

# Imports are deferred: only commands that forward webhooks pay for them.
import base64
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from mock_sendpilot.cli.client import (
    Client,
    Reply,
    RequestFailed,
    RequestRefused,
    quote_segment,
)
from mock_sendpilot.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from mock_sendpilot.webhooks.http_sender import HttpSender

_WAIT_SECONDS = 20  # the server allows 30, proxies often cut a connection after 60
_TIMEOUT_SECONDS = 10.0
_DELETE_SECONDS = 2.0  # Ctrl+C ends the command, also if the server is gone
_POLL_SECONDS = 0.5
_FORWARD_WAIT_SECONDS = 5
_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.25, 10.0
_MAX_EVENT_IDS = 500  # that one request of the control API accepts


@dataclass(frozen=True, slots=True)
class EventsChanged:
    """Events that were recorded, or whose deliveries have changed."""

    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class WebhookReceived:
    """A webhook that the listener itself receives."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The server does not answer; it is tried until it does."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionRestored:
    """The server answers again. One that was restarted has begun a new log."""

    is_restarted: bool
    endpoint: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ListeningEnded:
    """The server refuses, so that trying again is of no use."""

    reason: str


Update = EventsChanged | WebhookReceived | ConnectionLost | ConnectionRestored | ListeningEnded


class Listener:
    """Follows the event log of a server, and forwards the webhooks of an endpoint.

    Args:
        client: of the server.
        settings: the endpoint to add, as the control API has it; None forwards nothing.
        receives: receive the webhooks of the endpoint, instead of sending them to its URL.
        wait_seconds: how long the server may wait for changes before it answers.
        forward_wait_seconds: how long the server may wait for a request to forward. It takes a
            listener that is gone for alive as long.
        timeout_seconds: for its responses, in addition; a server that is silent longer is lost.

    Attributes:
        endpoint: the endpoint as the server added it, with its secret. A server that was restarted
            gets one with the same secret.
        after_sequence: the number of the newest event when listening began.
    """

    def __init__(
        self,
        client: Client,
        settings: Mapping[str, Any] | None,
        *,
        receives: bool = False,
        wait_seconds: int = _WAIT_SECONDS,
        forward_wait_seconds: int = _FORWARD_WAIT_SECONDS,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._client = client
        self._settings = settings
        self._receives = receives
        self._wait_seconds = wait_seconds
        self._forward_wait_seconds = forward_wait_seconds
        self._timeout_seconds = timeout_seconds
        self._is_stopped = threading.Event()
        self._updates: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self._forwarder: Forwarder | None = None
        self._log = ""
        self._latest = 0
        self._is_restarted = False
        self.endpoint: Mapping[str, Any] | None = None
        self.after_sequence = 0

    def start(self) -> None:
        """Read the state of the log, and have the server add the endpoint.

        Raises:
            RequestFailed: the server does not answer, or refuses.
        """
        newest = self._client.request("GET", "/events?limit=1")["events"]
        self.after_sequence = newest[0]["sequence"] if newest else 0
        changes = self._client.request("GET", "/events/changes")
        self._log, self._latest = changes["log"], changes["latest"]
        self._add_endpoint()
        if self.endpoint is not None:
            registration = Registration(self._log, self.endpoint["id"])
            self._forwarder = Forwarder(
                self._client,
                registration,
                self._end,
                receive=self._receive if self._receives else None,
                wait_seconds=self._forward_wait_seconds,
            )
        threading.Thread(target=self._run, name="mock-sendpilot-listen", daemon=True).start()

    def next_update(self) -> Update:
        """Wait for an update, in steps that a signal can come between."""
        while True:
            with suppress(queue.Empty):
                return self._updates.get(timeout=_POLL_SECONDS)

    def stop(self) -> None:
        """Stop, and delete the endpoint if the server answers."""
        self._is_stopped.set()
        if self._forwarder is not None:
            self._forwarder.stop()
        if self.endpoint is not None:
            path = f"/endpoints/{quote_segment(self.endpoint['id'])}"
            with suppress(RequestFailed):
                self._client.delete(path, timeout_seconds=_DELETE_SECONDS)

    def _end(self, reason: str) -> None:
        self._updates.put(ListeningEnded(reason))

    def _receive(self, taken: Reply) -> dict[str, Any]:
        if taken["breaksOff"]:
            return {"error": "the connection was reset in the middle of the body, on purpose"}
        self._updates.put(WebhookReceived(taken["headers"], base64.b64decode(taken["content"])))
        if taken["losesResponse"]:
            return {"error": "the response was lost on purpose; it was 200"}
        return {"status": 200}

    def _run(self) -> None:
        try:
            self._follow_log()
        except RequestRefused as error:
            self._end(error.message)
        except Exception as error:  # any failure is raised again in the main thread
            self._end(f"listening: {error!r}")

    def _follow_log(self) -> None:
        pauses, is_lost = growing_pauses(), False
        while not self._is_stopped.is_set():
            try:
                # After a loss any response is news, so the server shall not wait for changes.
                changes = self._request_changes(0 if is_lost else self._wait_seconds)
                if is_lost or changes["log"] != self._log:
                    self._resume(changes)
            except RequestRefused:  # before its base class, after which it is tried again
                raise
            except RequestFailed as error:
                if not is_lost:
                    self._updates.put(ConnectionLost(error.message))
                is_lost = True
                self._is_stopped.wait(next(pauses))
                continue
            pauses, is_lost = growing_pauses(), False
            self._latest = changes["latest"]
            self._updates.put(EventsChanged(changes["events"]))

    def _request_changes(self, wait_seconds: int) -> Reply:
        since = f"since={self._latest}&log={quote_segment(self._log)}"
        path = f"/events/changes?{since}&waitSeconds={wait_seconds}"
        seconds = wait_seconds + self._timeout_seconds
        return self._client.request("GET", path, timeout_seconds=seconds)

    def _resume(self, changes: Reply) -> None:
        """Go on after a loss: with a new endpoint if needed, and with the missed events."""
        if changes["log"] != self._log:
            self._add_endpoint()
            self._log, self._latest, self.after_sequence = changes["log"], 0, 0
            self._is_restarted = True
        if self.endpoint is not None and self._forwarder is not None:
            # First, so that somebody takes the requests of what was missed.
            self._forwarder.resume(Registration(self._log, self.endpoint["id"]))
            self._deliver_missed(self.endpoint["id"], changes["events"])
        self._updates.put(ConnectionRestored(self._is_restarted, self.endpoint))
        self._is_restarted = False

    def _add_endpoint(self) -> None:
        if self._settings is not None:
            secret = {} if self.endpoint is None else {"secret": self.endpoint["secret"]}
            body = {**self._settings, **secret}
            self.endpoint = self._client.request("POST", "/endpoints", body)

    def _deliver_missed(self, endpoint_id: str, events: list[dict[str, Any]]) -> None:
        """Have the events delivered that were recorded while nobody took the requests."""
        missed_ids = [
            event["id"]
            for event in events
            if event["sequence"] > self.after_sequence
            and event["origin"] != "test"  # which was for one endpoint alone
            and not any(
                delivery["endpointId"] == endpoint_id and delivery["state"] != "cancelled"
                for delivery in event["deliveries"]
            )
        ]
        path = f"/endpoints/{quote_segment(endpoint_id)}/deliveries"
        for start in range(0, len(missed_ids), _MAX_EVENT_IDS):
            body = {"eventIds": missed_ids[start : start + _MAX_EVENT_IDS]}
            self._client.request("POST", path, body, timeout_seconds=self._timeout_seconds)


def growing_pauses() -> Iterator[float]:
    """Yield how long to wait before each further try."""
    pause = _MIN_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class Registration:
    """The endpoint of a listener, and the event log of the server that has it."""

    log: str
    endpoint_id: str


class Forwarder:
    """Takes an endpoint's requests from the server in a thread, and makes them from here.

    Args:
        client: of the server.
        registration: the endpoint.
        end: called with the reason when there is nothing to forward any more.
        receive: takes the requests instead of the URL of the endpoint, and returns the results.
        wait_seconds: how long the server may wait for a request before it answers.
    """

    def __init__(
        self,
        client: Client,
        registration: Registration,
        end: Callable[[str], None],
        *,
        receive: Callable[[Reply], dict[str, Any]] | None = None,
        wait_seconds: int = _FORWARD_WAIT_SECONDS,
    ) -> None:
        self._client = client
        self._wait_seconds = wait_seconds
        self._registration = registration
        self._end = end
        self._receive = receive
        self._is_restored = threading.Event()
        self._pauses = growing_pauses()
        self._is_stopped = False
        threading.Thread(target=self._run, name="mock-sendpilot-forward", daemon=True).start()

    def resume(self, registration: Registration) -> None:
        """Go on at once, since the server answers again, perhaps with another endpoint."""
        self._registration = registration
        self._is_restored.set()

    def stop(self) -> None:
        """Take no more requests."""
        self._is_stopped = True
        self._is_restored.set()

    def _run(self) -> None:
        from mock_sendpilot.webhooks.http_sender import HttpSender

        try:
            with closing(HttpSender()) as http_sender:
                self._forward_with(http_sender)
        except RequestRefused as error:
            self._end(error.message)
        except Exception as error:  # any failure ends the listening
            self._end(f"forwarding: {error!r}")

    def _forward_with(self, http_sender: "HttpSender") -> None:
        while not self._is_stopped:
            registration = self._registration  # read once: the other thread may replace it
            path = f"/endpoints/{quote_segment(registration.endpoint_id)}/forwarding"
            try:
                taken = self._request("GET", f"{path}?waitSeconds={self._wait_seconds}")
            except RequestRefused:
                if self._is_final(registration):
                    raise
                self._pause()
            except RequestFailed:
                self._pause()
            else:
                self._pauses = growing_pauses()
                if taken is not None:
                    result = self._receive(taken) if self._receive else _send(http_sender, taken)
                    self._return_result(f"{path}/{quote_segment(taken['id'])}", result)

    def _return_result(self, path: str, result: dict[str, Any]) -> None:
        """Send a result to the server, as long as it may wait for it.

        Without it the attempt has failed, and its retry is a duplicate for the receiver.
        """
        registration = self._registration
        while registration is self._registration and not self._is_stopped:
            try:
                self._request("POST", path, result)
            except RequestRefused:  # the server does not wait for it any more
                return
            except RequestFailed:
                self._pause()
            else:
                return

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply | None:
        seconds = self._wait_seconds + _TIMEOUT_SECONDS
        return self._client.request_or_none(method, path, body, timeout_seconds=seconds)

    def _is_final(self, registration: Registration) -> bool:
        """Return whether the endpoint is gone from a server that was not restarted."""
        try:
            changes = self._client.request(
                "GET", "/events/changes", timeout_seconds=_TIMEOUT_SECONDS
            )
        except RequestFailed:
            return False  # the listener notices that, too
        return registration == self._registration and bool(changes["log"] == registration.log)

    def _pause(self) -> None:
        self._is_restored.wait(next(self._pauses))
        self._is_restored.clear()


def _send(http_sender: "HttpSender", taken: dict[str, Any]) -> dict[str, Any]:
    """Make a request that the server handed out, and return its result for the control API."""
    from mock_sendpilot.webhooks.signing import SignedRequest

    request = SignedRequest(
        url=taken["url"],
        headers=taken["headers"],
        content=base64.b64decode(taken["content"]),
        seconds_to_send=taken["secondsToSend"],
        breaks_off=taken["breaksOff"],
        loses_response=taken["losesResponse"],
    )
    result = http_sender.send(
        request, connection="forward", timeout_seconds=taken["timeoutSeconds"]
    )
    if result.response is None:
        return {"error": result.error}
    return {
        "status": result.response.status_code,
        "headers": dict(result.response.headers),
        "body": result.response.body.decode("utf-8", "replace"),
    }
