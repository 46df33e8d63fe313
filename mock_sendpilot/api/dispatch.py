"""WSGI middleware that runs operations without a context of Flask.

Flask's contexts, routing and responses cost as much as the rest of a PATCH. Nothing of them shows
in the response to a request of the usual form that succeeds. Every other request goes to Flask,
which also answers for an operation that has failed: it gets the exception, and does not run the
operation again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from flask import (
    Flask,
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)
from werkzeug.routing import Rule

from mock_sendpilot.api.envelope import CONTENT_TYPE, json_content_response
from mock_sendpilot.api.exchange import EXCHANGE, Exchange
from mock_sendpilot.api.hints import append_hints
from mock_sendpilot.api.operation import OPERATION, PERFORM, Operation, Perform
from mock_sendpilot.api.parsing import has_plain_body
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.paths import RAW_PATH, VENDOR_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_IGNORED_METHODS = frozenset({"HEAD", "OPTIONS"})  # Flask adds them to every route
_PARAMETER = "<opaque:"
_PRESERVES_CONTEXT = "werkzeug.debug.preserve_context"
_SIGNALS = (
    appcontext_pushed,
    request_started,
    request_finished,
    request_tearing_down,
    appcontext_tearing_down,
    appcontext_popped,
)


@dataclass(slots=True)
class _Node:
    """The routes that begin with the same segments. A parameter is any segment."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    perform: Perform | None = None
    endpoint: str = ""
    view: Callable[..., Any] | None = None
    reads_body: bool = False
    names: tuple[str, ...] = ()


class OperationDispatch:
    """WSGI middleware that runs the operations of an app.

    Args:
        app: the app. Its first request goes to Flask, which takes no more routes afterwards.
        wsgi_app: what answers for the app.
        host_checks: the functions that the app calls before each request.
        is_known_host: returns True for a Host header that has passed these checks.
    """

    def __init__(
        self,
        app: Flask,
        wsgi_app: "WSGIApplication",
        *,
        host_checks: list[Callable[[], Any]],
        is_known_host: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._wsgi_app = wsgi_app
        self._host_checks = host_checks
        self._is_known_host = is_known_host
        self._receivers = [signal.receivers for signal in _SIGNALS]  # dicts that change in place
        self._routes: Mapping[str, _Node] | None = None  # by method

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Run the operation of a request, or pass the request on to Flask."""
        if self._routes is None:
            try:
                return self._wsgi_app(environ, start_response)
            finally:
                self._routes = _routes(self._app, self._host_checks)
        found = self._find(environ, self._routes)
        if found is None:
            return self._wsgi_app(environ, start_response)
        perform, parameters = found
        exchange = Exchange(environ, self._app.extensions)
        try:
            status, content = perform(exchange, parameters)
        except Exception as error:
            exchange.error = error
            environ[EXCHANGE] = exchange
            return self._wsgi_app(environ, start_response)
        headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(content)))]
        if exchange.hints:
            response = append_hints(exchange, json_content_response(content, status))
            headers = response.headers.to_wsgi_list()
        start_response(f"{status} {reason_phrase(status)}", headers)
        return [content]

    def _find(
        self, environ: "WSGIEnvironment", routes: Mapping[str, _Node]
    ) -> tuple[Perform, dict[str, str]] | None:
        """Return the operation of a request of the usual form, with the parameters of its path."""
        path: str = environ["PATH_INFO"]
        node = routes.get(environ["REQUEST_METHOD"])
        if (
            node is None
            # Flask decodes what is not ASCII, and the routes some of what is encoded.
            or "%" in environ[RAW_PATH]
            or not (path.isascii() and path.isprintable())
            or not self._is_known_host(environ.get("HTTP_HOST", ""))
            or _PRESERVES_CONTEXT in environ
            or (any(self._receivers) and self._has_receivers())
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
        if (
            node.perform is None
            or (node.reads_body and not has_plain_body(environ))
            or self._app.view_functions.get(node.endpoint) is not node.view  # replaced meanwhile
        ):
            return None
        return node.perform, dict(zip(node.names, values, strict=True))

    def _has_receivers(self) -> bool:
        """Return whether anybody receives the signals that Flask sends for this app.

        The signals are those of all apps of the process. Blinker's `has_receivers_for` does not
        do: it counts also receivers that are gone.
        """
        return any(True for signal in _SIGNALS for _ in signal.receivers_for(self._app))


def _routes(app: Flask, host_checks: list[Callable[[], Any]]) -> dict[str, _Node]:
    """Return the routes of the operations by method; none if Flask calls more around requests."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(VENDOR_PREFIX)]
    blueprints = {str(rule.endpoint).rpartition(".")[0] for rule in rules}
    is_extended = app.teardown_appcontext_funcs or any(
        registered.get(name)
        for registered in (
            app.url_value_preprocessors,
            {**app.before_request_funcs, None: []},
            app.after_request_funcs,
            app.teardown_request_funcs,
        )
        for name in (None, *blueprints)
    )
    is_checked = app.before_request_funcs.get(None) == host_checks
    routes: dict[str, _Node] = {}
    if is_extended or not is_checked or not all(_is_plain(rule, app) for rule in rules):
        return routes
    for rule in rules:
        view = app.view_functions[str(rule.endpoint)]
        for method in (rule.methods or set()) - _IGNORED_METHODS:
            _add(routes.setdefault(method, _Node()), rule, view)
    return routes


def _is_plain(rule: Rule, app: Flask) -> bool:
    """Return whether a route leads to an operation, and has no other kinds of parameters."""
    view = app.view_functions[str(rule.endpoint)]
    # What `functools.wraps` puts around an operation has its attributes, and does more.
    is_operation = hasattr(view, PERFORM) and not hasattr(getattr(view, "__wrapped__", 0), PERFORM)
    is_plain = rule.rule.count("<") == rule.rule.count(_PARAMETER) and not rule.defaults
    return is_operation and is_plain


def _add(node: _Node, rule: Rule, view: Callable[..., Any]) -> None:
    names = []
    for segment in rule.rule.split("/")[1:]:
        if segment.startswith(_PARAMETER):
            names.append(segment.removeprefix(_PARAMETER).removesuffix(">"))
            node.parameter = node = node.parameter or _Node()
        else:
            node = node.children.setdefault(segment, _Node())
    operation: Operation = getattr(view, OPERATION)
    node.perform = getattr(view, PERFORM)
    node.endpoint, node.view = str(rule.endpoint), view
    node.reads_body = operation.body is not None
    node.names = tuple(names)
