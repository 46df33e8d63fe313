"""An HTTP/1.1 server for a WSGI app: keep-alive, embeddable; built on waitress.

waitress reads and parses in one thread and hands complete requests to a pool, so a slow client
holds nobody up. But the two threads then compete for the interpreter at every request, which costs
more than most responses do. Here the network thread answers requests that never wait, and the pool
gets the others. A request that takes long nevertheless holds nobody up: another thread takes over
the network, and until then the pool gets all others, since they may take as long.
"""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from waitress import wasyncore

from mock_sendpilot.http_server.connections import (
    MAX_PENDING,
    Channel,
    ConnectionLimits,
    Listener,
    VendorChannel,
)
from mock_sendpilot.http_server.direct import DirectCall
from mock_sendpilot.http_server.parsing import Parser
from mock_sendpilot.http_server.pool import HandlerPool
from mock_sendpilot.network import listening_socket
from mock_sendpilot.scheduling.clock import SystemClock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self

PATIENCE_SECONDS = 0.05
_MAX_LOOKS = 5  # at a request that is not answered, before another thread takes over
_DRAIN_SECONDS = 0.02
_answered_at = attrgetter("answered_at")
_logger = logging.getLogger(__name__)


class Background(Protocol):
    """Work of other threads that gives way to requests. The network thread calls its methods."""

    def requests_came(self) -> None:
        """Note that requests wait to be answered."""

    def requests_answered(self, count: int) -> None:
        """Note that so many of them have been answered."""

    def requests_ended(self) -> None:
        """Note that no request waits."""


class HttpServer(AbstractContextManager["HttpServer"]):
    """An HTTP server for one app, on a port, with threads of its own from `start` to `stop`.

    Args:
        app: the WSGI app.
        host: an address of this machine; `::` takes IPv4 as well.
        port: 0 takes a free one; read it from `port`.
        limits: how many connections, how much memory and time its clients may take.
        speaks_for_vendor: answer what never reaches the app in the vendor's envelope and never
            with a 5xx. Everybody else's app gets the 5xx that a crash deserves.
        never_waits: returns True for a request that the app answers without waiting for anything.
            The network thread answers those, which is faster; the default is none.
        background: work that gives way to the requests that the network thread answers.
        patience_seconds: another thread takes over the network when a request takes longer.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: ConnectionLimits | None = None,
        speaks_for_vendor: bool = False,
        never_waits: Callable[[Parser], bool] | None = None,
        background: Background | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.host = host.strip("[]")
        listening = _listen_on(self.host, port)
        self._pool = HandlerPool()
        self._never_waits = never_waits
        self._background = background
        self._patience_seconds = patience_seconds
        self._sockets: dict[int, Any] = {}  # what waitress listens and talks on, by descriptor
        self._listener = Listener(
            app,
            limits=limits or ConnectionLimits(),
            map=self._sockets,
            _sock=listening,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
            dispatcher=self,
        )
        self._listener.channel_class = VendorChannel if speaks_for_vendor else Channel
        self.port = int(self._listener.effective_port)
        self._lock = threading.Lock()
        self._network_thread: threading.Thread | None = None  # the one that serves the sockets
        self._complete: deque[Channel] = deque()  # requests that the network thread answers
        self._answering = 0  # the number of the request that it answers, or 0
        self._answered_count = 0
        self._answering_channel: Channel | None = None  # where that request came from
        self._has_work = threading.Event()  # wakes the thread that stands by
        self._lacks_standby = False
        self._held_up_count = 0  # the requests whose threads had to leave the network to another
        self._ended = threading.Event()
        self._is_stopping = False
        self._drain_until = 0.0

    @property
    def origin(self) -> str:
        """`http://host:port`; with 127.0.0.1 or [::1] for a wildcard address."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start answering requests. The port accepts connections even before.

        Raises:
            RuntimeError: it was started or stopped before.
        """
        if self._is_stopping:
            raise RuntimeError("the server was stopped; make a new one to listen again")
        if self._network_thread is not None:
            raise RuntimeError("the server is running already; start it once")
        self._network_thread = self._start_thread(self._run_network)
        if self._never_waits is not None:
            self._start_standby()

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Accept no more requests, and wait for those in progress, until the timeout."""
        self._drain_until = SystemClock.running_seconds() + timeout_seconds
        if self._network_thread is None:
            self._is_stopping = True
            self._close()
        elif not self._ended.is_set():
            with suppress(OSError):  # it stopped just now
                self._listener.trigger.pull_trigger(self._begin_to_stop)
            self._ended.wait(timeout_seconds + _DRAIN_SECONDS)

    @property
    def takes_direct_calls(self) -> bool:
        """True if requests can be answered without a connection.

        They cannot be if the server is stopped, or serves in another process that this one was
        forked from: only there does the app have its state.
        """
        thread = self._network_thread
        return thread is not None and thread.is_alive() and not self._is_stopping

    def direct_call(self, client_port: int) -> DirectCall:
        """Return a request to be made in this thread, without a connection."""
        return DirectCall(self._listener, client_port)

    def add_task(self, channel: Channel) -> None:
        """Have a complete request answered, by this thread or by the pool. waitress calls it."""
        is_quick = (
            self._never_waits is not None
            # While one that should be quick is not, the next may not be either.
            and not self._held_up_count
            and self._never_waits(channel.requests[0])
        )
        if is_quick or not self._pool.add_task(channel):
            self._complete.append(channel)

    # --- the network thread -----------------------------------------------------------------------

    def _start_thread(self, target: Callable[[], None]) -> threading.Thread:
        name = f"mock-sendpilot-http-{self.port}"
        # A daemon, since an app that hangs must not keep the process from ending.
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _start_standby(self) -> None:
        """Start a thread that takes over the network when need be, if the system has one."""
        try:
            self._start_thread(self._run_standby)
        except RuntimeError as error:
            # The thread that is held up stands by as soon as its request has been answered.
            self._lacks_standby = True
            _logger.warning("no thread to take over the network: %s", error)

    def _begin_to_stop(self) -> None:
        """Runs in the network thread."""
        self._is_stopping = True

    def _run_network(self) -> None:
        """Serve the network; once another thread has taken over, stand by if nobody does."""
        while not self._serve():
            with self._lock:
                is_needed, self._lacks_standby = self._lacks_standby, False
            if not is_needed or not self._stand_by():
                return

    def _run_standby(self) -> None:
        if self._stand_by():
            self._run_network()

    def _serve(self) -> bool:
        """Serve the network. Return True at the end, False once another thread took over."""
        self._listener.network_thread_id = threading.get_ident()
        seconds = 0.0  # read first: what came during a take-over is not late
        while not self._is_stopping:
            self._poll(seconds)
            if not self._answer_complete():
                return False
            seconds = self._listener.make_room()
        self._listener.accepting = False
        self._listener.del_channel()
        self._listener.end_held()
        while self._is_busy() and SystemClock.running_seconds() < self._drain_until:
            self._poll(_DRAIN_SECONDS)
            if not self._answer_complete():
                return False
        self._close()
        return True

    def _poll(self, seconds: float) -> None:
        self._listener.take_pipelined()
        if self._complete:
            seconds = 0.0
        # poll, because select() refuses descriptors from 1,024 on.
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)

    def _answer_complete(self) -> bool:
        """Answer the complete requests. Return False once another thread took over the network."""
        background = self._background
        if background is not None and self._complete:
            background.requests_came()
        count = len(self._complete)
        if count > 1:
            self._sort_complete(count)
        for _ in range(count):
            channel = self._complete.popleft()
            channel.gather()
            self._answering_channel = channel
            self._answered_count += 1
            self._answering = self._answered_count
            if not self._has_work.is_set():
                self._has_work.set()
            channel.service()
            with self._lock:
                if self._network_thread is not threading.current_thread():
                    self._held_up_count -= 1
                    return False
                self._answering = 0
            channel.send_answer()
        if background is not None and count:
            background.requests_answered(count)
            if not self._complete:
                background.requests_ended()
        return True

    def _sort_complete(self, count: int) -> None:
        """Put the client first that has had no answer for longest: its request waits longest.

        poll returns sockets by number. So of two requests that missed the round before, one would
        be the last of this round again, and wait for all others twice.
        """
        batch = [self._complete.popleft() for _ in range(count)]
        batch.sort(key=_answered_at)
        self._complete.extendleft(reversed(batch))

    def _stand_by(self) -> bool:
        """Take over the network when one request holds up its thread. Return False at the end.

        While requests come, this thread looks at them now and then. Woken by each of them, it would
        take the interpreter from the network thread for each of them.
        """
        number = answered_count = looks = 0
        while not self._ended.is_set():
            if number and number == self._answering:
                looks += 1
            else:
                number, looks = self._answering, 0
            if looks >= _MAX_LOOKS and self._take_over(number):
                return True
            if not number and answered_count == self._answered_count:
                # Clear first, then look: what happens in between sets the event again.
                self._has_work.clear()
                if not self._answering and not self._ended.is_set():
                    self._has_work.wait()
                    continue
            answered_count = self._answered_count
            self._ended.wait(self._patience_seconds / _MAX_LOOKS)
        return False

    def _take_over(self, number: int) -> bool:
        """Serve the network in this thread from now on, if that request is still not answered."""
        with self._lock:
            channel = self._answering_channel if self._answering == number else None
            if channel is None:
                return False
            self._network_thread = threading.current_thread()
            self._answering = 0
            self._held_up_count += 1
            channel.stop_gathering()  # what it has written must not wait for the rest
        if self._background is not None:
            self._background.requests_ended()  # those that wait go to the pool
        self._start_standby()
        for _ in range(len(self._complete)):
            self.add_task(self._complete.popleft())
        return True

    def _is_busy(self) -> bool:
        """Return whether a request is being answered, or an answer still being sent."""
        channels = list(self._listener.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        remaining = max(0.0, self._drain_until - SystemClock.running_seconds())
        self._pool.shutdown(timeout_seconds=remaining)
        # A handler that still runs would pull the trigger of a closed, perhaps reused descriptor.
        self._listener.has_trigger = False
        self._listener.close()
        wasyncore.close_all(self._sockets, ignore_all=True)
        if self._background is not None:
            self._background.requests_ended()
        self._ended.set()
        self._has_work.set()


def _listen_on(host: str, port: int) -> socket.socket:
    """A socket at one address of the host, IPv4 first; waitress would open one for each address."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    families = [family for family, *_ in found]
    chosen = families.index(socket.AF_INET) if socket.AF_INET in families else 0
    address = found[chosen][4][:2]
    return listening_socket(address, family=families[chosen], backlog=MAX_PENDING)
