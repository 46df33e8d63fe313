"""Serve somebody's WSGI or ASGI app on a free port, in threads of its own.

The exceptions of an app are answered with 500, as in production. Flask lets them through while
`app.testing` is set, which every test suite does, and a bare WSGI callable always does.
"""

import inspect
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Union, cast

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.testing.asgi_bridge import SHUTDOWN_SECONDS, AsgiApp, AsgiBridge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

App = Union["WSGIApplication", AsgiApp]
Receiver = str | App

_WSGI_ARGUMENTS, _ASGI_ARGUMENTS = 2, 3
_logger = logging.getLogger(__name__)


class AppServer(AbstractContextManager["AppServer"]):
    """A server of an app on a free port of 127.0.0.1, between `start` and `stop`.

    Exceptions are answered with 500. An ASGI app runs in an event loop of its own, not in that of
    the test; its lifespan begins and ends with the server.

    Args:
        app: a WSGI or an ASGI app.
        shutdown_seconds: seconds for what an ASGI app does after a response, and then its shutdown.

    Raises:
        InvalidInput: it is neither.
    """

    def __init__(self, app: App, *, shutdown_seconds: float = SHUTDOWN_SECONDS) -> None:
        self._bridge = (
            AsgiBridge(cast("AsgiApp", app), shutdown_seconds=shutdown_seconds)
            if _is_asgi(app)
            else None
        )
        self._http = HttpServer(answering_crashes(self._bridge or cast("WSGIApplication", app)))

    @property
    def origin(self) -> str:
        """The origin of the server, such as `http://127.0.0.1:41234`."""
        return self._http.origin

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start to serve.

        Raises:
            AppNotStarted: the startup of an ASGI app failed.
        """
        if self._bridge is not None:
            try:
                self._bridge.start()
            except BaseException:
                self._http.stop()
                raise
        self._http.start()

    def stop(self) -> None:
        """Wait a second for requests in progress, drop those that take longer, and stop."""
        self._http.stop()
        if self._bridge is not None:
            self._bridge.stop()


def checked_path(path: str | None) -> str:
    """Return the path at which an app takes webhooks, by default `/webhooks`.

    Raises:
        InvalidInput: it does not begin with a slash.
    """
    if path is None:
        return "/webhooks"
    if not isinstance(path, str) or not path.startswith("/"):
        raise InvalidInput(f"path: expected a path that begins with /, got {path!r}")
    return path


def crash_body(error: BaseException) -> bytes:
    """Return the body of the 500 for an exception: its name and message."""
    return f"{type(error).__name__}: {error}".rstrip(": ").encode("utf-8", "replace")


def answering_crashes(app: "WSGIApplication") -> "WSGIApplication":
    """Wrap an app so that whatever it raises becomes a 500 that names the exception.

    Deliveries, a failed wait and a finding thus show it; the traceback goes to the log.
    """

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        chunks: Iterable[bytes] = ()
        try:
            chunks = app(environ, start_response)
            yield from chunks
        except GeneratorExit:  # the client is gone
            raise
        # `pytest.fail()` and `sys.exit()` are no `Exception`, and nobody could see them here.
        except BaseException as error:
            _logger.warning("the app raised an exception", exc_info=error)
            body = crash_body(error)
            headers = [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
            ]
            # With the exception, WSGI replaces headers that are not sent yet; else it raises.
            start_response("500 Internal Server Error", headers, sys.exc_info())
            yield body
        finally:
            getattr(chunks, "close", lambda: None)()

    return wrapped


def _is_asgi(app: object) -> bool:
    """Tell an ASGI app from a WSGI app, and refuse what is neither."""
    # By their arguments, since neither kind of app has a class of its own.
    takes_wsgi, takes_asgi = (_takes(app, count) for count in (_WSGI_ARGUMENTS, _ASGI_ARGUMENTS))
    is_async = callable(app) and (
        inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(app.__call__)
    )
    if takes_asgi and (is_async or not takes_wsgi):
        return True
    if takes_wsgi and not is_async:
        return False
    raise InvalidInput(
        "expected a URL, a WSGI app (environ, start_response) or an ASGI app (scope, receive, "
        f"send), got {_described(app)}; call it if it makes the app, or serve it yourself and give "
        "its URL"
    )


def _takes(app: Any, count: int) -> bool:
    """Tell whether an app can be called with so many arguments."""
    if not callable(app):
        return False
    try:
        inspect.signature(app).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a callable without a signature, such as one that is written in C
        return count == _WSGI_ARGUMENTS
    return True


def _described(app: object) -> str:
    if isinstance(app, type):
        return f"the class {app.__module__}.{app.__qualname__}"
    if inspect.isroutine(app):
        return f"the function {app.__qualname__}"
    return f"an object of {type(app).__module__}.{type(app).__qualname__}"
