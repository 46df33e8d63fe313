"""The connections of the HTTP server: what a client may hold, how long, and who makes room.

waitress closes a connection only after silence, answers all requests that a client has pipelined
without a pause, and lets a thread wait for a client that does not read. Here a connection has one
request at a time, a client that keeps the server waiting is cut after a while or when its place is
needed, and no thread waits for a client.
"""

import copy
import logging
import socket
import struct
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask

from mock_sendpilot.http_server.parsing import MAX_BODY_BYTES, Parser
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.http_server.streams import OPEN_STREAM, OpenResponse, Source, open_response
from mock_sendpilot.http_server.tasks import AppTask, DateHeader
from mock_sendpilot.http_server.transmission import TRANSMIT, HeldResponse, Transmission
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock

_MAX_CONNECTIONS = 1000
_MAX_ACCEPTED_AT_ONCE = 64
MAX_PENDING = 1024  # connections that nobody has accepted yet
_MIN_CONNECTIONS = 8
_MAX_CONNECTIONS_WITH_SELECT = 256  # Windows: select() takes 512 sockets of a process
_POLL_SECONDS = 0.5
_CROWDED_POLL_SECONDS = 0.05
_CHECK_SECONDS = 0.25
_PAUSE_SECONDS = 0.5  # until the next attempt when the system gives no more descriptors
_WARNING_SECONDS = 60.0
_NEVER = float("inf")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close() sends RST, not FIN
_MakeHeld = Callable[..., HeldResponse | OpenResponse]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """Limits of what the clients of a server may take up.

    Args:
        max_connections: at most so many are open; None takes half of the descriptors that this
            process may have, up to 1000: webhooks and files need the others.
        client_seconds: a client has so long to send a request, to take the answer, and to be idle.
        grace_seconds: for so long a client is not cut for the sake of others.
        max_waiting_bytes: the memory for all requests that are not answered and all answers that
            are not taken; beyond it the largest of those whose client keeps us waiting are cut.
        max_body_bytes: returns the greatest length of a body for a path.
    """

    max_connections: int | None = None
    client_seconds: float = 30.0
    grace_seconds: float = 1.0
    max_waiting_bytes: int = 256_000_000
    max_body_bytes: Callable[[str], int] = lambda _: MAX_BODY_BYTES

    @property
    def connections(self) -> int:
        """The number of connections that may be open now."""
        return self.max_connections or _affordable_connections()


class JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """An error that waitress answers, in the vendor's envelope and never as a 5xx."""

    def execute(self) -> None:
        """Write the error as JSON and close the connection."""
        error = self.request.error
        is_ours = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
        code = HTTPStatus.BAD_REQUEST if is_ours else HTTPStatus(error.code)
        phrase = reason_phrase(code)
        body = orjson.dumps({"statusCode": code, "message": error.body, "error": phrase})
        self.status = f"{code.value} {phrase}"
        self.response_headers.append(("Content-Type", "application/json; charset=utf-8"))
        self.response_headers.append(("Content-Length", str(len(body))))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Task(AppTask):
    """A call of the app, which may ask for a transmission of its response, or keep it open."""

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment."""
        environ: dict[str, Any] = super().get_environment()
        environ[TRANSMIT] = self.channel.transmit
        environ[OPEN_STREAM] = self.channel.open_stream
        return environ


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that takes one request at a time, and knows how long the client takes."""

    parser_class = Parser
    task_class = Task
    request: Parser | None = None
    _rest = b""
    outbufs: list[Any]
    close_when_flushed: bool
    _make_held: "_MakeHeld | None" = None  # if the response to the current request is to be held
    held: HeldResponse | OpenResponse | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # For the client: to send a request, or to take the answer.
        self.waiting_since = SystemClock.running_seconds()
        self.answered_at = self.waiting_since  # the time of its last answer, or of its beginning

    def readable(self) -> bool:
        """Return whether to read: what came with the last request has to be parsed before."""
        return not self._rest and bool(super().readable())

    def take_pipelined(self) -> None:
        """Parse what came with the last request, once that request has been answered."""
        if self._rest and self.held is None and super().readable():
            rest, self._rest = self._rest, b""
            self.received(rest)

    def received(self, data: bytes) -> bool:
        """Take in bytes; a request's time begins with its first one, not with each."""
        if self.held is not None:
            self._rest += data
            self.server.pipelining.add(self)
            return False
        if self.request is None:
            data = data.lstrip(b"\r\n")  # blank lines before a request are allowed
            if not data:
                return False
            self.request = self.parser_class(self.adj)
            self.request.max_body_bytes = self.server.max_body_bytes
            self.waiting_since = SystemClock.running_seconds()
        request = self.request
        is_taken: bool = super().received(data)
        self._rest = request.rest
        if self._rest:
            self.server.pipelining.add(self)
        return is_taken

    def handle_expt(self) -> None:
        """Close the connection: HTTP has no urgent data, and poll would report it without end."""
        self.handle_close()

    def service(self) -> None:
        """Answer the request, or close the connection; meanwhile the client is not late."""
        self.waiting_since = _NEVER
        try:
            super().service()
        except BaseException:  # such as SystemExit; waitress answers 500 to an Exception
            _logger.exception("a request could not be answered")
            self.will_close = True
            self.server.pull_trigger()
        self.waiting_since = self.answered_at = SystemClock.running_seconds()
        if self._make_held is not None:
            self._hold(self._make_held)

    def transmit(self, transmission: Transmission) -> None:
        """Send the response to the current request like this. The app calls it."""
        self._make_held = partial(HeldResponse, transmission=transmission)
        self.gather()

    def open_stream(self, source: Source) -> None:
        """Keep the response to the current request open, for more from a source."""
        self._make_held = partial(open_response, source=source, wake=self.server.pull_trigger)
        self.gather()

    def _hold(self, make_held: "_MakeHeld") -> None:
        """Take the complete response back; the network thread releases it."""
        with self.outbuf_lock:
            content = b"".join(buffer.get(len(buffer)) for buffer in self.outbufs)
            self.outbufs = [OverflowableBuffer(sys.maxsize)]
            self.total_outbufs_len = self.current_outbuf_count = 0
            now = self.waiting_since
            self.held = make_held(content, now=now, closes=self.close_when_flushed)
            # Else nothing would be read, and a client that gives up would not be noticed.
            self.close_when_flushed = False
            self.waiting_since = _NEVER
            self._make_held = None
        self.stop_gathering()
        self.server.held.add(self)
        self.server.pull_trigger()

    def release(self, now: float) -> float:
        """Send what is due of a held response; return the seconds until more of it is due."""
        held = self.held
        if held is None or not self.connected:
            self._forget_held()
            return _NEVER
        if self.total_outbufs_len:  # the client has not yet taken what was sent before
            return _NEVER
        due_at = held.due_at
        if due_at > now:
            return due_at - now
        chunk = held.take(now)
        with self.outbuf_lock:
            self.outbufs[-1].append(chunk)
            self.total_outbufs_len += len(chunk)
        if held.is_over:
            self._forget_held()
            self.waiting_since = now
            self.close_when_flushed = held.closes
            if held.resets:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.send_answer()
        return _NEVER if held.is_over else max(0.0, held.due_at - now)

    def end_held(self) -> None:
        """End a response that is held, as the server stops."""
        held = self.held
        if held is not None and self.connected:
            last = held.end()
            self._forget_held()
            with self.outbuf_lock:
                self.outbufs[-1].append(last)
                self.total_outbufs_len += len(last)
            self.close_when_flushed = True
            self.send_answer()

    def _forget_held(self) -> None:
        self.server.held.discard(self)
        if self.held is not None:
            self.held.end()
            self.held = None

    def writable(self) -> bool:
        """Return whether to send; nothing of a response that is to be held."""
        return self._make_held is None and bool(super().writable())

    @property
    def has_pipelined(self) -> bool:
        """Return True if bytes that came with the last request are not parsed yet."""
        return bool(self._rest)

    def gather(self) -> None:
        """Keep what is written, for `send_answer` to send in one piece."""
        self.adj = self.server.gathering

    def stop_gathering(self) -> None:
        """Send what is written as soon as it is, as waitress does; but not if it is to be held."""
        if self._make_held is None:
            self.adj = self.server.adj

    def send_answer(self) -> None:
        """Send the response, or as much of it as the client takes now."""
        self.stop_gathering()
        if self.writable():
            self.handle_write()

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress's own
        """Forget the connection."""
        self.server.pipelining.discard(self)
        self._forget_held()
        super().del_channel(map)

    @property
    def is_waiting(self) -> bool:
        """Return True while the client has to send or read."""
        return not self.requests and self.waiting_since < _NEVER

    def is_stuck(self, now: float, seconds: float) -> bool:
        """Return whether the client has for so long not taken what is sent bit by bit."""
        held = self.held
        return held is not None and bool(self.total_outbufs_len) and now - held.sent_at > seconds

    @property
    def waiting_bytes(self) -> int:
        """Bytes of requests that are not answered yet, and of the response that is not sent yet."""
        requests = [one for one in (self.request, *self.requests) if one is not None]
        coming = sum(
            len(one.header_plus) + (0 if one.is_discarded else one.body_bytes_received)
            for one in requests
        )
        held = 0 if self.held is None else len(self.held)
        return int(coming + len(self._rest) + self.total_outbufs_len + held)


class VendorChannel(Channel):
    """A connection whose errors are in the vendor's envelope."""

    error_task_class = JsonErrorTask


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """The socket that accepts connections; it keeps their number and their memory within limits."""

    channel_class: type[Channel] = Channel
    adj: Any
    active_channels: dict[int, Channel]

    def __init__(self, app: Any, *, limits: ConnectionLimits, **options: Any) -> None:
        # Not by waitress.create_server: it ignores a socket that is no instance of what a test may
        # have put in place of `socket.socket`.
        self._limits = limits
        self.max_body_bytes = limits.max_body_bytes
        self._max_connections = limits.connections
        self._next_check_at = 0.0
        self._next_warning_at = 0.0
        self._accepts_at = 0.0
        self._lacks_descriptor = False
        self.network_thread_id = 0
        self.has_trigger = True
        self.date_header = DateHeader()
        self.pipelining: set[Channel] = set()  # those that sent more than one request
        self.held: set[Channel] = set()  # those whose response is held back
        super().__init__(
            app,
            **options,
            ident="mock-sendpilot",
            backlog=MAX_PENDING,
            max_request_body_size=MAX_BODY_BYTES + 1,  # waitress refuses a body of this length
            inbuf_overflow=sys.maxsize,  # never into a temporary file: a container may have none
            outbuf_overflow=sys.maxsize,
            # Nobody trusts them, but the guard takes a right away by them; the journal has them.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,  # a client that goes away is no error of ours
        )
        # waitress sends a response in two pieces, head and body; one piece is one system call and
        # one wake-up of the client.
        self.gathering = copy.copy(self.adj)
        self.gathering.send_bytes = sys.maxsize

    def pull_trigger(self) -> None:
        """Wake the network thread, unless it is the one that calls."""
        if self.has_trigger and threading.get_ident() != self.network_thread_id:
            super().pull_trigger()

    def take_pipelined(self) -> None:
        """Parse the next requests of clients that send them without waiting for responses."""
        for channel in list(self.pipelining):
            self.pipelining.discard(channel)
            try:
                channel.take_pipelined()
            except Exception:
                channel.handle_error()
            if channel.has_pipelined:
                self.pipelining.add(channel)

    def make_room(self) -> float:
        """Cut the clients that keep the server waiting too long, or whose place is needed.

        What is due of held responses is sent.

        It has to be called between two polls: a descriptor that is closed is given to the next
        connection, which must not be taken for the one that poll meant.

        Returns:
            the seconds to poll at most.
        """
        now = SystemClock.running_seconds()
        if now >= self._next_check_at:
            self._next_check_at = now + _CHECK_SECONDS
            seconds = self._limits.client_seconds
            stuck = [one for one in list(self.held) if one.is_stuck(now, seconds)]
            for channel in [*self._waiting(now, seconds), *stuck]:
                channel.handle_close()
            self._cut_largest(now)
        if self._lacks_descriptor or self._is_full:
            self._cut_longest(now)
        due_seconds = min((channel.release(now) for channel in list(self.held)), default=_NEVER)
        is_crowded = self._is_full or now < self._accepts_at
        return min(_CROWDED_POLL_SECONDS if is_crowded else _POLL_SECONDS, due_seconds)

    def readable(self) -> bool:
        """Return whether to accept a connection now."""
        if not self.accepting or SystemClock.running_seconds() < self._accepts_at:
            return False
        if not self._is_full:
            return True
        self._warn("all %d connections are taken; others have to wait", self._max_connections)
        return False

    def handle_accept(self) -> None:
        """Accept whom there is room for; with one at a time a crowd would wait for many polls."""
        for _ in range(_MAX_ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before or self._is_full:
                return

    def accept(self) -> Any:
        """Accept a connection; pause when the system has no descriptor for it."""
        try:
            return super().accept()
        except OSError as error:
            self._accepts_at = SystemClock.running_seconds() + _PAUSE_SECONDS
            self._lacks_descriptor = True
            self._warn("cannot accept a connection: %s; trying again", error.strerror or error)
            return None

    @property
    def _is_full(self) -> bool:
        return len(self.active_channels) >= self._max_connections

    def _waiting(self, now: float, seconds: float) -> list[Channel]:
        """The clients that have kept the server waiting for so long, the longest first."""
        waiting = [
            channel
            for channel in list(self.active_channels.values())
            if channel.is_waiting and now - channel.waiting_since > seconds
        ]
        return sorted(waiting, key=lambda channel: channel.waiting_since)

    def end_held(self) -> None:
        """End the responses that are held, as the server stops."""
        for channel in list(self.held):
            channel.end_held()

    def _cut_largest(self, now: float) -> None:
        channels = list(self.active_channels.values())
        excess = sum(one.waiting_bytes for one in channels) - self._limits.max_waiting_bytes
        if excess <= 0:
            return
        waiting = self._waiting(now, self._limits.grace_seconds)
        for channel in sorted(waiting, key=lambda channel: -channel.waiting_bytes):
            if excess > 0:
                excess -= channel.waiting_bytes
                channel.handle_close()

    def _cut_longest(self, now: float) -> None:
        # A hung response ends before anybody is refused: it may be one of many.
        held = sorted(self.held, key=lambda channel: channel.held.held_since if channel.held else 0)
        for channel in [*self._waiting(now, self._limits.grace_seconds), *held][:1]:
            self._lacks_descriptor = False
            channel.handle_close()

    def _warn(self, message: str, argument: object) -> None:
        now = SystemClock.running_seconds()
        if now >= self._next_warning_at:
            self._next_warning_at = now + _WARNING_SECONDS
            _logger.warning(message, argument)


def _affordable_connections() -> int:
    try:
        import resource  # Windows has none
    except ImportError:
        return _MAX_CONNECTIONS_WITH_SELECT
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    return max(_MIN_CONNECTIONS, min(_MAX_CONNECTIONS, descriptors // 2))
