"""An HTTP/1.1 server for a WSGI app: threaded, keep-alive, embeddable; built on waitress.

waitress reads and parses in one thread and hands complete requests to a pool, so a client that
sends slowly holds nobody up. Its pool has a fixed size; ours grows when all of it is at work, so
that handlers that hang do not hold anybody up either.
"""

import socket
import threading
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from mock_sendpilot.http_connections import (
    MAX_PENDING,
    Channel,
    ConnectionLimits,
    Listener,
    VendorChannel,
)
from mock_sendpilot.network import listening_socket
from mock_sendpilot.scheduling.clock import SystemClock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self

_FIRST_THREADS = 4
_MOST_THREADS = 256
_DRAIN_SECONDS = 0.02


class GrowingPool(ThreadedTaskDispatcher):  # type: ignore[misc]
    """waitress's thread pool, with a further thread whenever a request would have to wait."""

    def add_task(self, task: Any) -> None:
        """Hand a request to an idle thread, or to a new one."""
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()
            idle = len(self.threads) - self.stop_count - self.active_count
            lacks_thread = len(self.queue) > idle and len(self.threads) < _MOST_THREADS
        if lacks_thread:
            self.set_thread_count(len(self.threads) + 1)


class HttpServer(AbstractContextManager["HttpServer"]):
    """Serves `app` on a port from a thread of its own, between `start` and `stop`.

    Args:
        app: what answers.
        host: an address of this machine; `::` takes IPv4 as well.
        port: 0 takes a free one, which `port` then tells.
        limits: what its clients may take up.
        speaks_for_vendor: answer what never reaches the app in the vendor's envelope and never
            with a 5xx. Everybody else's app gets the 5xx that a crash deserves.

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
    ) -> None:
        self.host = host.strip("[]")
        listening = _listen_on(self.host, port)
        self._pool = GrowingPool()
        self._sockets: dict[int, Any] = {}  # what waitress listens and talks on, by descriptor
        self._listener = Listener(
            app,
            limits=limits or ConnectionLimits(),
            map=self._sockets,
            _sock=listening,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
            dispatcher=self._pool,
        )
        self._listener.channel_class = VendorChannel if speaks_for_vendor else Channel
        self.port = int(self._listener.effective_port)
        self._thread: threading.Thread | None = None
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
        """Begin to answer. The port accepts connections even before.

        Raises:
            RuntimeError: it was started or stopped before.
        """
        if self._is_stopping:
            raise RuntimeError("the server was stopped; make a new one to listen again")
        if self._thread is not None:
            raise RuntimeError("the server is running already; start it once")
        self._pool.set_thread_count(_FIRST_THREADS)
        name = f"mock-sendpilot-http-{self.port}"
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Accept nothing more, and wait at most so long for the requests at work."""
        self._drain_until = SystemClock.running_seconds() + timeout_seconds
        if self._thread is None:
            self._is_stopping = True
            self._close()
        elif self._thread.is_alive():
            with suppress(OSError):  # it stopped just now
                self._listener.trigger.pull_trigger(self._begin_to_stop)
            self._thread.join(timeout_seconds + _DRAIN_SECONDS)

    def _begin_to_stop(self) -> None:
        """Runs in the server's own thread."""
        self._is_stopping = True

    def _serve(self) -> None:
        while not self._is_stopping:
            self._poll(self._listener.make_room())
        self._listener.accepting = False
        self._listener.del_channel()
        while self._is_busy() and SystemClock.running_seconds() < self._drain_until:
            self._poll(_DRAIN_SECONDS)
        self._close()

    def _poll(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        """Whether a request is being answered, or an answer still being sent."""
        channels = list(self._listener.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        remaining = max(0.0, self._drain_until - SystemClock.running_seconds())
        self._pool.shutdown(timeout=remaining)
        # A handler that still runs would pull the trigger of a closed, perhaps reused descriptor.
        self._listener.pull_trigger = lambda: None
        self._listener.close()
        wasyncore.close_all(self._sockets, ignore_all=True)


def _listen_on(host: str, port: int) -> socket.socket:
    """A socket at one address of the host, IPv4 first; waitress would open one for each address."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    families = [family for family, *_ in found]
    chosen = families.index(socket.AF_INET) if socket.AF_INET in families else 0
    address = found[chosen][4][:2]
    return listening_socket(address, family=families[chosen], backlog=MAX_PENDING)
