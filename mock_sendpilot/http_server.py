"""An HTTP/1.1 server for a WSGI app: threaded, keep-alive, embeddable; built on waitress.

waitress reads and parses in one thread and hands complete requests to a pool, so a client that
sends slowly holds nobody up. Its pool has a fixed size; ours grows when all of it is at work, so
that handlers that hang do not hold anybody up either.
"""

import re
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.lifetime import Startable
from mock_sendpilot.network import listening_socket

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_FIRST_THREADS = 4
_MOST_THREADS = 256
_MOST_CONNECTIONS = 1000
_MOST_WAITING = 1024  # connections that nobody has accepted yet
_MOST_BODY_BYTES = 64_000_000  # the app answers 413 long before; this only bounds the memory
_IDLE_SECONDS = 30  # a connection without a request goes after so long
_CLEANUP_SECONDS = 5
_LOOP_SECONDS = 0.5
_DRAIN_SECONDS = 0.02
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class GrowingPool(ThreadedTaskDispatcher):  # type: ignore[misc]
    """waitress's thread pool, with a further thread whenever a request would have to wait."""

    def add_task(self, task: Any) -> None:  # noqa: ANN401 - waitress has no types
        """Hand a request to an idle thread, or to a new one."""
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()
            idle = len(self.threads) - self.stop_count - self.active_count
            lacks_thread = len(self.queue) > idle and len(self.threads) < _MOST_THREADS
        if lacks_thread:
            self.set_thread_count(len(self.threads) + 1)


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """What waitress refuses before the app sees it, in the vendor's envelope and never as a 5xx."""

    def execute(self) -> None:
        """Write the error as JSON and close the connection."""
        error = self.request.error
        code = (
            error.code if error.code < HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.BAD_REQUEST
        )
        phrase = HTTPStatus(code).phrase
        body = orjson.dumps({"statusCode": int(code), "message": error.body, "error": phrase})
        self.status = f"{int(code)} {phrase}"
        self.response_headers.append(("Content-Type", "application/json; charset=utf-8"))
        self.response_headers.append(("Content-Length", str(len(body))))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Answers 400 where waitress would drop the connection: to a target such as `http://[x/`.

    Raw bytes beyond ASCII, as curl sends them, are percent-encoded: waitress refuses some of them.
    """

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request line and the headers."""
        request_line, line_end, headers = header_plus.partition(b"\r\n")
        request_line = _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], request_line)
        try:
            super().parse_header(request_line + line_end + headers)
        except ValueError as error:
            raise ParsingError("Bad URI") from error


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


class _VendorChannel(_Channel):
    error_task_class = _JsonErrorTask


class HttpServer(Startable):
    """Serves `app` on a port from a thread of its own, between `start` and `stop`.

    Args:
        app: what answers.
        host: an address of this machine.
        port: 0 takes a free one, which `port` then tells.
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
        speaks_for_vendor: bool = False,
    ) -> None:
        self._pool = GrowingPool()
        self._sockets: dict[int, Any] = {}  # what waitress listens and talks on, by descriptor
        listening = _listen_on(host, port)
        # Not waitress.create_server: it ignores a socket that is no instance of what a test may
        # have put in place of `socket.socket`.
        self._server = TcpWSGIServer(
            app,
            self._sockets,
            _sock=listening,
            dispatcher=self._pool,
            adj=Adjustments(
                ident="mock-sendpilot",
                backlog=_MOST_WAITING,
                connection_limit=_MOST_CONNECTIONS,
                max_request_body_size=_MOST_BODY_BYTES,
                clear_untrusted_proxy_headers=True,
                channel_timeout=_IDLE_SECONDS,
                cleanup_interval=_CLEANUP_SECONDS,
            ),
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
        self._server.channel_class = _VendorChannel if speaks_for_vendor else _Channel
        self.host = host
        self.port = int(self._server.effective_port)
        self._thread: threading.Thread | None = None
        self._is_stopping = False
        self._drain_until = 0.0

    @property
    def origin(self) -> str:
        """`http://host:port`; the wildcard address is shown as 127.0.0.1."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"

    def start(self) -> None:
        """Begin to answer. The port accepts connections even before."""
        self._pool.set_thread_count(_FIRST_THREADS)
        name = f"mock-sendpilot-http-{self.port}"
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def stop(self, *, within_seconds: float = 1.0) -> None:
        """Accept nothing more, and wait at most so long for the requests at work."""
        self._drain_until = SystemClock.running_seconds() + within_seconds
        if self._thread is None:
            self._close()
        elif self._thread.is_alive():
            with suppress(OSError):  # it stopped just now
                self._server.trigger.pull_trigger(self._begin_to_stop)
            self._thread.join(within_seconds + _DRAIN_SECONDS)

    def _begin_to_stop(self) -> None:
        """Runs in the server's own thread."""
        self._is_stopping = True

    def _serve(self) -> None:
        while not self._is_stopping:
            self._poll(_LOOP_SECONDS)
        self._server.accepting = False
        self._server.del_channel()
        while self._is_busy() and SystemClock.running_seconds() < self._drain_until:
            self._poll(_DRAIN_SECONDS)
        self._close()

    def _poll(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        """Whether a request is being answered, or an answer still being sent."""
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        remaining = max(0.0, self._drain_until - SystemClock.running_seconds())
        self._pool.shutdown(timeout=remaining)
        # A handler that still runs would pull the trigger of a closed, perhaps reused descriptor.
        self._server.pull_trigger = lambda: None
        self._server.close()
        wasyncore.close_all(self._sockets, ignore_all=True)


def _listen_on(host: str, port: int) -> socket.socket:
    """A socket at one address of the host, IPv4 first; waitress would open one for each address."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    families = [family for family, *_ in found]
    chosen = families.index(socket.AF_INET) if socket.AF_INET in families else 0
    address = found[chosen][4][:2]
    return listening_socket(address, family=families[chosen], backlog=_MOST_WAITING)
