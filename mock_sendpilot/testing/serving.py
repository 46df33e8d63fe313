"""Serving somebody's WSGI or ASGI app on a free port, in threads of its own."""

import inspect
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Union, cast

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.testing.asgi_bridge import AsgiApp, AsgiBridge
from mock_sendpilot.testing.crashes import answering_crashes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self

App = Union["WSGIApplication", AsgiApp]
Receiver = str | App

_WSGI_ARGUMENTS, _ASGI_ARGUMENTS = 2, 3


class AppServer(AbstractContextManager["AppServer"]):
    """Serves an app on a free port of 127.0.0.1, between `start` and `stop`.

    Exceptions are answered with 500. An ASGI app runs in an event loop of its own, not in that of
    the test; its lifespan begins and ends with the server.

    Args:
        app: a WSGI or an ASGI app.

    Raises:
        InvalidInput: it is neither.
    """

    def __init__(self, app: App) -> None:
        self._bridge = AsgiBridge(cast("AsgiApp", app)) if _is_asgi(app) else None
        self._http = HttpServer(answering_crashes(self._bridge or cast("WSGIApplication", app)))

    @property
    def origin(self) -> str:
        """The origin that it is served at, such as `http://127.0.0.1:41234`."""
        return self._http.origin

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer.

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
        """Answer what is being answered, and end."""
        self._http.stop()
        if self._bridge is not None:
            self._bridge.stop()


def checked_path(path: str | None) -> str:
    """Return the path at which an app takes webhooks, `/webhooks` unless it is given.

    Raises:
        InvalidInput: it does not begin with a slash.
    """
    if path is None:
        return "/webhooks"
    if not isinstance(path, str) or not path.startswith("/"):
        raise InvalidInput(f"the path must begin with /, unlike {path!r}")
    return path


def _is_asgi(app: object) -> bool:
    """Tell an ASGI app from a WSGI app, and refuse what is neither."""
    takes_wsgi, takes_asgi = (_takes(app, count) for count in (_WSGI_ARGUMENTS, _ASGI_ARGUMENTS))
    is_async = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(
        getattr(app, "__call__", None)  # noqa: B004 - what is called, not whether it can be
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
