"""The WSGI app that a server begins with: leads, which most clients ask for first, and health.

Flask is not imported until a request needs it: its import takes half as long as all of a start.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mock_sendpilot.api.authorization import EXTENSION
from mock_sendpilot.api.dispatch import (
    SIGNAL_NAMES,
    OperationDispatch,
    have_receivers,
    routes_of,
)
from mock_sendpilot.api.exchange import CONTENT_TYPE, Exchange
from mock_sendpilot.api.hints import HINT_HEADER, REMARK, append_hints, header_text
from mock_sendpilot.api.leads import leads
from mock_sendpilot.api.refusals import is_refusal, refusal_for
from mock_sendpilot.control.health import health
from mock_sendpilot.http_server.reason_phrases import NodeStatusLines, reason_phrase
from mock_sendpilot.middleware import with_middleware
from mock_sendpilot.paths import VENDOR_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

    from mock_sendpilot.control.hosts import Hosts
    from mock_sendpilot.emulator import Emulator


def create_first_app(
    emulator: "Emulator", *, hosts: "Hosts", make_flask_app: "Callable[[], Flask]"
) -> "WSGIApplication":
    """Create an app that serves leads and the health of the server.

    Args:
        emulator: the workspaces that the API keys open.
        hosts: the names of the server.
        make_flask_app: makes an app that serves the same, without middleware. It answers whatever
            is unusual or fails.
    """
    flask = _FlaskWhenNeeded(make_flask_app)
    dispatch = _FirstDispatch(
        flask,
        routes=routes_of({leads: VENDOR_PREFIX, health: ""}),
        extensions={EXTENSION: emulator},
        is_known_host=hosts.are_ours,
        is_watched=flask.is_watched,
    )
    return with_middleware(dispatch, emulator, find_operation=flask.find_operation)


class _FirstDispatch(OperationDispatch):
    """The dispatch of operations, which also refuses requests."""

    def answer_failed(self, exchange: Exchange, start_response: "StartResponse") -> Iterable[bytes]:
        """Refuse the request; Flask answers for a fault of the emulator."""
        error = exchange.error
        if not is_refusal(error):
            return super().answer_failed(exchange, start_response)
        environ = exchange.environ
        refused = refusal_for(error, environ, exchange.extensions[EXTENSION])
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(refused.content))),
        ]
        environ[REMARK] = header_text(refused.remark)
        hint = append_hints(exchange, header_text(refused.hint))
        if hint:
            headers.append((HINT_HEADER, hint))
        if refused.retry_after_seconds is not None:
            headers.append(("Retry-After", str(refused.retry_after_seconds)))
        start_response(f"{refused.status:d} {reason_phrase(refused.status)}", headers)
        return [refused.content]


class _FlaskWhenNeeded:
    """A WSGI app that makes an app of Flask with its first request.

    Args:
        make_app: makes it.
    """

    def __init__(self, make_app: "Callable[[], Flask]") -> None:
        self._make_app = make_app
        self._made_app: Flask | None = None
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let Flask answer a request."""
        return NodeStatusLines(self._app().wsgi_app)(environ, start_response)

    def find_operation(self, environ: Mapping[str, Any]) -> str | None:
        """Return the id of the operation of a WSGI environment; None if no route has one."""
        from mock_sendpilot.api.flask_views import OperationFinder

        return OperationFinder(self._app())(environ)

    def is_watched(self) -> bool:
        """Return whether somebody in this process receives the signals of the app of Flask."""
        flask = sys.modules.get("flask.signals")
        if flask is None:
            return False
        # It may be in the middle of its import, and then nobody has connected to a signal.
        made = [vars(flask)[name] for name in SIGNAL_NAMES if name in vars(flask)]
        # Nobody receives the signals of an app that is not made, but for those of all apps.
        return have_receivers(made, self._made_app or self)

    def _app(self) -> "Flask":
        with self._lock:  # two threads may need it at the same time
            if self._made_app is None:
                self._made_app = self._make_app()
            return self._made_app
