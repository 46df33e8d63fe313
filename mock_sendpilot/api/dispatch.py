"""WSGI middleware that runs operations without Flask.

Flask's contexts, routing and responses cost as much as the rest of a PATCH, and to import it takes
longer than to import everything else. Nothing of it shows in the response to a request of the usual
form that succeeds. Every other request goes to Flask, which also answers for an operation that has
failed: it gets the exception, and does not run the operation again. Before Flask is imported, a
subclass answers for most of these (`first_app.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mock_sendpilot.api.exchange import CONTENT_TYPE, EXCHANGE, Exchange
from mock_sendpilot.api.hints import HINT_HEADER, append_hints
from mock_sendpilot.api.operation import Operation, Perform
from mock_sendpilot.api.parsing import has_plain_body
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.paths import RAW_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from blinker import Signal

_PARAMETER = "<opaque:"
_PRESERVES_CONTEXT = "werkzeug.debug.preserve_context"
SIGNAL_NAMES = (
    "appcontext_pushed",
    "request_started",
    "request_finished",
    "request_tearing_down",
    "appcontext_tearing_down",
    "appcontext_popped",
)
"""The signals that Flask sends for a request."""


@dataclass(frozen=True, slots=True)
class Target:
    """An operation to which a path leads.

    Attributes:
        perform: performs it.
        reads_body: True if it has a body.
        names: the parameters of the path.
        name, view: those of its view in an app of Flask.
    """

    perform: Perform
    reads_body: bool
    names: tuple[str, ...]
    name: str = ""
    view: Callable[..., Any] | None = None


@dataclass(slots=True)
class Node:
    """The routes that begin with the same segments. A parameter is any segment."""

    children: dict[str, "Node"] = field(default_factory=dict)
    parameter: "Node | None" = None
    target: Target | None = None

    def add(
        self, path: str, perform: Perform, operation: Operation | None, **flask_view: Any
    ) -> None:
        """Add a route below this node."""
        node, names = self, []
        for segment in path.split("/")[1:]:
            if is_parameter(segment):
                names.append(segment.removeprefix(_PARAMETER).removesuffix(">"))
                node.parameter = node = node.parameter or Node()
            else:
                node = node.children.setdefault(segment, Node())
        reads_body = operation is not None and operation.body is not None
        node.target = Target(perform, reads_body, tuple(names), **flask_view)


Routes = Mapping[str, Node]
"""The nodes with which all routes of a method begin, by method."""


def is_parameter(segment: str) -> bool:
    """Return whether a segment of a route is a parameter of the only kind that is known here."""
    return segment.startswith(_PARAMETER)


def have_receivers(signals: "Iterable[Signal]", sender: object) -> bool:
    """Return whether anybody receives one of these signals of a sender.

    Flask's signals are those of all apps of the process. Blinker's `has_receivers_for` does not do:
    it counts also receivers that are gone.
    """
    return any(True for signal in signals if signal.receivers for _ in signal.receivers_for(sender))


def routes_of(resources: Mapping[Resource, str]) -> Routes:
    """Return the routes of resources.

    Args:
        resources: with the beginning of their paths.
    """
    routes: dict[str, Node] = {}
    for resource, prefix in resources.items():
        for method, path, handler in resource.routes:
            node = routes.setdefault(method, Node())
            node.add(prefix + path, handler.perform, handler.operation)
    return routes


class OperationDispatch:
    """WSGI middleware that runs operations.

    Args:
        app: answers every other request.
        routes: those of the operations.
        extensions: keep what the operations need and make.
        is_known_host: returns True for a Host header with a name of ours.
        is_watched: returns True if somebody receives the signals that Flask sends for a request.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        routes: Routes,
        extensions: dict[str, Any],
        is_known_host: Callable[[str], bool],
        is_watched: Callable[[], bool],
    ) -> None:
        self._app = app
        self.routes = routes
        self._extensions = extensions
        self._is_known_host = is_known_host
        self._is_watched = is_watched

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Run the operation of a request, or pass the request on to the app."""
        found = self.find(environ)
        if found is None:
            return self._app(environ, start_response)
        target, parameters = found
        exchange = Exchange(environ, self._extensions)
        try:
            status, content = target.perform(exchange, parameters)
        except Exception as error:
            exchange.error = error
            return self.answer_failed(exchange, start_response)
        headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(content)))]
        if exchange.hints:
            headers.append((HINT_HEADER, append_hints(exchange)))
        start_response(f"{status} {reason_phrase(status)}", headers)
        return [content]

    def answer_failed(self, exchange: Exchange, start_response: "StartResponse") -> Iterable[bytes]:
        """Let the app answer for an operation that has failed, without running it again."""
        exchange.environ[EXCHANGE] = exchange
        return self._app(exchange.environ, start_response)

    def find(self, environ: "WSGIEnvironment") -> tuple[Target, dict[str, str]] | None:
        """Return the operation of a request of the usual form, with the parameters of its path."""
        path: str = environ["PATH_INFO"]
        node = self.routes.get(environ["REQUEST_METHOD"])
        if (
            node is None
            # Flask decodes what is not ASCII, and the routes some of what is encoded.
            or "%" in environ[RAW_PATH]
            or not (path.isascii() and path.isprintable())
            or not self._is_known_host(environ.get("HTTP_HOST", ""))
            or _PRESERVES_CONTEXT in environ
            or self._is_watched()
        ):
            return None
        values = []
        for segment in path.split("/")[1:]:
            child = node.children.get(segment)
            if child is None:
                child = node.parameter
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        target = node.target
        if target is None or (target.reads_body and not has_plain_body(environ)):
            return None
        return target, dict(zip(target.names, values, strict=True))
