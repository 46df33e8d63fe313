"""An ASGI app as a WSGI app: in an event loop of its own, with its lifespan.

A response is complete with the last part of its body, as at other servers, and not when the app
returns: background tasks and the like go on in the loop.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from dataclasses import field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.util import is_hop_by_hop

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from typing_extensions import Self

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

STARTUP_SECONDS = 10.0
SHUTDOWN_SECONDS = 2.0
_NAMING_SECONDS = 0.5
"""The time that a 5xx is held back, since frameworks raise the exception only after it."""
_LOOK_SECONDS = 1.0
_STOPPED = "the app was stopped before it had responded"
_ASGI: Mapping[str, str] = {"version": "3.0", "spec_version": "2.3"}
_logger = logging.getLogger(__name__)


class AppNotStarted(RuntimeError):
    """The startup of an app's lifespan failed, or took too long."""


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class AsgiBridge(AbstractContextManager["AsgiBridge"]):
    """A WSGI app that passes its requests to an ASGI app, between `start` and `stop`.

    Args:
        app: the ASGI app; it may support lifespan or not.
        startup_seconds: seconds that its startup may take.
        shutdown_seconds: seconds for what runs after a response, and then for its shutdown.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        startup_seconds: float = STARTUP_SECONDS,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
    ) -> None:
        self._app = app
        self._startup_seconds = startup_seconds
        self._shutdown_seconds = shutdown_seconds
        self._loop = asyncio.new_event_loop()
        # A test that freezes the time would stop every timer of the app.
        self._loop.time = SystemClock.running_seconds  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._run, name="mock-sendpilot-asgi", daemon=True)
        self._lifespan = _Lifespan(app)
        self._requests: dict[asyncio.Task[None], _Exchange] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Respond to a request; an exception of the app is raised here."""
        # Webhooks are small. Reading here keeps the event loop from waiting for a slow client.
        body = environ["wsgi.input"].read()
        exchange = _Exchange(_scope(environ, self._lifespan.state), body)
        self._loop.call_soon_threadsafe(self._begin, exchange)
        response = self._wait_for(exchange)
        known = response.status in set(HTTPStatus)
        phrase = HTTPStatus(response.status).phrase if known else "Unknown"
        start_response(f"{response.status} {phrase}", response.headers)
        return [response.body]

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the startup of the app's lifespan, if it has one.

        Raises:
            AppNotStarted: it failed, or was not over in time.
        """
        self._thread.start()
        future = asyncio.run_coroutine_threadsafe(self._lifespan.start(), self._loop)
        try:
            future.result(self._startup_seconds)
        except FutureTimeoutError:
            self.stop()
            raise AppNotStarted(
                f"the startup of the app took longer than {self._startup_seconds:g} s"
            ) from None
        except AppNotStarted:
            self.stop()
            raise

    def stop(self) -> None:
        """Let what runs finish, then run the shutdown of the app's lifespan, both within bounds."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        # For requests, for the shutdown, and as much again for what it cancels.
        self._thread.join(3 * self._shutdown_seconds)
        if self._thread.is_alive():
            _logger.warning("the app blocks its event loop and was left running")

    def _wait_for(self, exchange: "_Exchange") -> _Response:
        while True:
            try:
                # A loop that ended in between would never answer, so it is looked at now and then.
                return exchange.response.result(_LOOK_SECONDS)
            except FutureTimeoutError:
                if not self._thread.is_alive():
                    raise RuntimeError(_STOPPED) from None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _begin(self, exchange: "_Exchange") -> None:
        task = self._loop.create_task(exchange.run(self._app))
        # asyncio itself keeps only weak references to tasks.
        self._requests[task] = exchange
        task.add_done_callback(self._requests.pop)

    async def _end(self) -> None:
        try:
            # The server in front has waited for responses. One that is still missing has lost its
            # client; what an app does after a response may have an effect that a test looks for.
            missing = [task for task, one in self._requests.items() if not one.response.done()]
            await _finish(missing, 0)
            await _finish(self._requests, self._shutdown_seconds)
            await self._lifespan.stop(self._shutdown_seconds)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await _finish(others, 0)
        finally:
            self._loop.stop()


class _Lifespan:
    """The startup and shutdown of an app, which may know of neither."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._requested: asyncio.Queue[Message] = asyncio.Queue()
        self._replies: asyncio.Queue[Message] = asyncio.Queue()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        message = await self._exchange("lifespan.startup")
        if message is not None and message["type"] == "lifespan.startup.failed":
            reason = str(message.get("message", "")).strip().rpartition("\n")[2]
            raise AppNotStarted(f"the startup of the app failed: {reason or 'it does not say why'}")

    async def stop(self, seconds: float) -> None:
        try:
            message = await asyncio.wait_for(self._exchange("lifespan.shutdown"), seconds)
        except asyncio.TimeoutError:
            _logger.warning("the shutdown of the app took longer than %g s", seconds)
            return
        if message is not None and message["type"] == "lifespan.shutdown.failed":
            _logger.warning("the shutdown of the app failed: %s", message.get("message", ""))

    async def _exchange(self, message_type: str) -> Message | None:
        """Send a message and return the reply; None from an app that has no lifespan by now."""
        if self._task is None or self._task.done():
            return None
        await self._requested.put({"type": message_type})
        reply = asyncio.ensure_future(self._replies.get())
        # An app without lifespan raises or returns instead of a reply, as the specification allows.
        await asyncio.wait({reply, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if reply.done():
            return reply.result()
        reply.cancel()
        return None

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": dict(_ASGI), "state": self.state}
        try:
            await self._app(scope, self._requested.get, self._send)
        except asyncio.CancelledError:
            raise
        except Exception:
            # Only debug: it is how an app says that it has no lifespan.
            _logger.debug("the lifespan of the app ended", exc_info=True)
        except BaseException as error:  # `sys.exit` in the app included
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            await self._replies.put({"type": "lifespan.startup.failed", "message": reason})

    async def _send(self, message: Message) -> None:
        if not str(message["type"]).startswith("lifespan."):
            raise RuntimeError(f"expected a message of the lifespan, got {message['type']!r}")
        await self._replies.put(message)


@dataclass(slots=True)
class _Exchange:
    """A request and its response."""

    scope: dict[str, Any]
    body: bytes
    response: "Future[_Response]" = field(default_factory=Future)
    _is_received: bool = False
    _start: Message | None = None
    _parts: list[bytes] = field(default_factory=list)
    _is_complete: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, app: AsgiApp) -> None:
        try:
            await app(self.scope, self._receive, self._send)
        except BaseException as error:
            if self.response.done():
                _logger.warning("the app raised an exception after its response", exc_info=error)
            else:
                self.response.set_exception(_as_exception(error))
            if isinstance(error, asyncio.CancelledError):
                raise
            return  # what `sys.exit` raises would end the loop, and with it the app
        self._settle()
        if not self.response.done():
            self.response.set_exception(
                RuntimeError("the app returned without a complete response")
            )

    async def _receive(self) -> Message:
        if not self._is_received:
            self._is_received = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        # Frameworks listen for the disconnect during the response, and would stop it too early.
        await self._is_complete.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start" and self._start is None:
            self._start = message
        elif kind == "http.response.body" and self._start and not self._is_complete.is_set():
            self._parts.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._complete(self._start)
        else:
            raise RuntimeError(f"unexpected message {kind!r} of an ASGI app")

    def _complete(self, start: Message) -> None:
        self._is_complete.set()
        if start["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            asyncio.get_running_loop().call_later(_NAMING_SECONDS, self._settle)
        else:
            self._settle()

    def _settle(self) -> None:
        if self._start is None or not self._is_complete.is_set() or self.response.done():
            return
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._start.get("headers", ())
        ]
        # Our server refuses those of the connection, which an ASGI app may set.
        own = [(name, value) for name, value in headers if not is_hop_by_hop(name)]
        self.response.set_result(_Response(self._start["status"], own, b"".join(self._parts)))


def _scope(environ: "WSGIEnvironment", state: Mapping[str, Any]) -> dict[str, Any]:
    """The scope of a request, as a server makes it."""
    target = str(environ.get("REQUEST_URI", environ["PATH_INFO"]))
    return {
        "type": "http",
        "asgi": dict(_ASGI),
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        # WSGI has the bytes of the path as Latin-1, ASGI has them decoded as UTF-8.
        "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        "raw_path": target.partition("?")[0].encode("latin-1"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": "",
        "headers": [
            (key.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
            for key, value in environ.items()
            if key.startswith("HTTP_") or key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        ],
        "client": (environ.get("REMOTE_ADDR", "127.0.0.1"), int(environ.get("REMOTE_PORT", 0))),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "state": dict(state),
    }


def _as_exception(error: BaseException) -> BaseException:
    """Return an exception that a thread can raise, also for a request that was cancelled."""
    if isinstance(error, asyncio.CancelledError):
        return RuntimeError(_STOPPED)
    return error


async def _finish(tasks: Iterable["asyncio.Task[Any]"], seconds: float) -> None:
    """Wait for tasks, and cancel those that are not done in time."""
    waiting = set(tasks)
    if not waiting:
        return
    _done, late = await asyncio.wait(waiting, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
