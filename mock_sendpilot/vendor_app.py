"""The Flask app of the vendor's API, under `/v1` and `/api/v1`, and of the server's health.

A server begins with `first_app.py`. `app.py` adds the control API and the dashboard.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import Map, MapAdapter

from mock_sendpilot.api.authorization import EXTENSION
from mock_sendpilot.api.envelope import register_error_handlers
from mock_sendpilot.api.flask_dispatch import FlaskDispatch
from mock_sendpilot.api.flask_views import OperationFinder, blueprint
from mock_sendpilot.api.leads import leads
from mock_sendpilot.api.routing import OneWayRule, RawMap
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.control.health import health
from mock_sendpilot.http_server.reason_phrases import NodeStatusLines
from mock_sendpilot.middleware import with_middleware
from mock_sendpilot.paths import VENDOR_PREFIX

if TYPE_CHECKING:
    from mock_sendpilot.emulator import Emulator


def create_vendor_app(
    emulator: "Emulator", *, guard: Guard, cors_origins: Sequence[str] = ()
) -> Flask:
    """Create an app that serves the vendor's API of an emulator, and its health.

    Args:
        emulator: the workspaces that the API keys open.
        guard: the hosts and origins that are let through.
        cors_origins: origins whose pages may call the vendor's API.
    """
    from mock_sendpilot.api.account import account
    from mock_sendpilot.api.campaigns import campaigns
    from mock_sendpilot.api.inbox import inbox
    from mock_sendpilot.api.lead_database import lead_database
    from mock_sendpilot.api.lead_extractor import lead_extractor

    app = create_leads_app(emulator, guard=guard, cors_origins=cors_origins)
    for resource in (account, campaigns, inbox, lead_database, lead_extractor):
        app.register_blueprint(blueprint(resource), url_prefix=VENDOR_PREFIX)
    dispatch = FlaskDispatch(
        app,
        NodeStatusLines(app.wsgi_app),
        host_checks=[guard.check_host],
        is_known_host=guard.hosts.are_ours,
    )
    app.wsgi_app = with_middleware(  # type: ignore[method-assign]
        dispatch, emulator, find_operation=OperationFinder(app)
    )
    return app


def create_leads_app(
    emulator: "Emulator", *, guard: Guard, cors_origins: Sequence[str] = ()
) -> Flask:
    """Create the part of that app which serves leads and the health of the server.

    It has no middleware yet.
    """
    # Flask logs under this name; `mock_sendpilot` itself is the parent of all other loggers here.
    app = _App("mock_sendpilot.app", static_folder=None)
    app.extensions[EXTENSION] = emulator
    app.before_request(guard.check_host)
    register_error_handlers(app)
    app.register_blueprint(blueprint(leads), url_prefix=VENDOR_PREFIX)
    app.register_blueprint(blueprint(health))
    if cors_origins:
        _allow_origins(app, cors_origins)
    return app


def _allow_origins(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of these origins call the vendor's API, and not the control API."""
    from flask_cors import CORS  # only apps with CORS pay for it

    CORS(
        app,
        resources={f"{VENDOR_PREFIX}/*": {"origins": list(origins)}},
        allow_headers=["X-API-Key", "Content-Type"],
        max_age=600,
    )


class _NoSessions(SessionInterface):
    """Sessions that are the same for everybody, empty and read-only."""

    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """Return the empty session."""
        del app, request
        return self._session


class _App(Flask):
    """Flask without what each request pays for and no view here needs.

    That is sessions, views that are coroutines, and URLs that depend on the host: together a tenth
    of what a PATCH costs.
    """

    url_rule_class = OneWayRule
    url_map_class: type[Map] = RawMap
    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view as it is."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the view of a request. The guard has checked the host by then."""
        if request is None:
            return None
        environ = request.environ
        return MapAdapter(
            self.url_map,
            server_name="localhost",
            script_name=environ.get("SCRIPT_NAME", ""),
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            # WSGI has bytes in strings of Latin-1 (PEP 3333).
            path_info=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            default_method=environ["REQUEST_METHOD"],
            query_args=environ.get("QUERY_STRING", ""),
        )
