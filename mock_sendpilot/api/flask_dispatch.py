"""The dispatch of operations in an app of Flask, which calls what somebody has added to the app."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, signals
from werkzeug.routing import Rule

from mock_sendpilot.api.dispatch import (
    SIGNAL_NAMES,
    Node,
    OperationDispatch,
    Routes,
    Target,
    have_receivers,
    is_parameter,
)
from mock_sendpilot.api.operation import OPERATION, PERFORM
from mock_sendpilot.paths import VENDOR_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_IGNORED_METHODS = frozenset({"HEAD", "OPTIONS"})  # Flask adds them to every route
_SIGNALS = tuple(getattr(signals, name) for name in SIGNAL_NAMES)


class FlaskDispatch(OperationDispatch):
    """WSGI middleware that runs the operations of an app.

    Args:
        app: the app. Its first request goes to Flask, which takes no more routes afterwards.
        wsgi_app: what answers for the app.
        host_checks: the functions that the app calls before each request.
        is_known_host: returns True for a Host header that passes these checks.
    """

    def __init__(
        self,
        app: Flask,
        wsgi_app: "WSGIApplication",
        *,
        host_checks: list[Callable[[], Any]],
        is_known_host: Callable[[str], bool],
    ) -> None:
        super().__init__(
            wsgi_app,
            routes={},
            extensions=app.extensions,
            is_known_host=is_known_host,
            is_watched=self._has_receivers,
        )
        self._flask = app
        self._host_checks = host_checks
        self._has_routes = False
        self._receivers = [signal.receivers for signal in _SIGNALS]  # dicts that change in place

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Run the operation of a request, or pass the request on to Flask."""
        try:
            return super().__call__(environ, start_response)
        finally:
            if not self._has_routes:
                self.routes = _routes(self._flask, self._host_checks)
                self._has_routes = True

    def find(self, environ: "WSGIEnvironment") -> tuple[Target, dict[str, str]] | None:
        """Return the operation of a request, unless somebody has replaced its view meanwhile."""
        found = super().find(environ)
        if found is None or self._flask.view_functions.get(found[0].name) is not found[0].view:
            return None
        return found

    def _has_receivers(self) -> bool:
        """Return whether anybody receives the signals that Flask sends for this app."""
        return any(self._receivers) and have_receivers(_SIGNALS, self._flask)


def _routes(app: Flask, host_checks: list[Callable[[], Any]]) -> Routes:
    """Return the routes of the operations; none if Flask calls more around requests."""
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
    routes: dict[str, Node] = {}
    if is_extended or not is_checked or not all(_is_plain(rule, app) for rule in rules):
        return routes
    for rule in rules:
        view = app.view_functions[str(rule.endpoint)]
        for method in (rule.methods or set()) - _IGNORED_METHODS:
            routes.setdefault(method, Node()).add(
                rule.rule,
                getattr(view, PERFORM),
                getattr(view, OPERATION),
                name=str(rule.endpoint),
                view=view,
            )
    return routes


def _is_plain(rule: Rule, app: Flask) -> bool:
    """Return whether a route leads to an operation, and has no other kinds of parameters."""
    view = app.view_functions[str(rule.endpoint)]
    # What `functools.wraps` puts around an operation has its attributes, and does more.
    is_operation = hasattr(view, PERFORM) and not hasattr(getattr(view, "__wrapped__", 0), PERFORM)
    segments = [segment for segment in rule.rule.split("/") if "<" in segment]
    return is_operation and all(map(is_parameter, segments)) and not rule.defaults
