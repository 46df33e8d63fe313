"""The Flask app of the vendor's API, under `/v1` and `/api/v1`, and of the server's health.

A server begins with the leads, which most clients ask for first. `app.py` adds everything else.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import Map, MapAdapter

from mock_sendpilot.api.access import EXTENSION
from mock_sendpilot.api.dispatch import OperationDispatch
from mock_sendpilot.api.envelope import register_error_handlers
from mock_sendpilot.api.hints import REMARK
from mock_sendpilot.api.leads import leads
from mock_sendpilot.api.operation import OperationFinder
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.control.health import health
from mock_sendpilot.http_server.reason_phrases import NodeStatusLines
from mock_sendpilot.paths import DASHBOARD, RAW_PATH, VENDOR_PREFIX, OneWayRule, RawMap, RawPaths
from mock_sendpilot.redaction import redacted
from mock_sendpilot.traffic.injection import FaultInjection
from mock_sendpilot.traffic.journal import FAULT_ID
from mock_sendpilot.traffic.recording import Recording

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mock_sendpilot.emulator import Emulator

_MAX_PART_LENGTH = 200
_MAX_REMARK_LENGTH = 300
_access_logger = logging.getLogger("mock_sendpilot.access")


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
        app.register_blueprint(resource, url_prefix=VENDOR_PREFIX)
    return app


def create_leads_app(
    emulator: "Emulator", *, guard: Guard, cors_origins: Sequence[str] = ()
) -> Flask:
    """Create the part of that app which serves leads, and the health of the server."""
    # Flask logs under this name; `mock_sendpilot` itself is the parent of all other loggers here.
    app = _App("mock_sendpilot.app", static_folder=None)
    app.extensions[EXTENSION] = emulator
    app.before_request(guard.check_host)
    register_error_handlers(app)
    app.register_blueprint(leads, url_prefix=VENDOR_PREFIX)
    app.register_blueprint(health)
    if cors_origins:
        _allow_origins(app, cors_origins)
    # Middleware instead of `after_request`, which Flask skips for an unhandled exception while a
    # test suite has `app.testing` set. From the outside in: the path as it was sent, which all
    # others match; the journal, which records injected faults like any response; the log; faults;
    # operations, which need Flask when something is unusual or fails.
    dispatch = OperationDispatch(
        app,
        NodeStatusLines(app.wsgi_app),
        host_checks=[guard.check_host],
        is_known_host=guard.has_checked,
    )
    injection = FaultInjection(
        dispatch,
        prefix=f"{VENDOR_PREFIX}/",
        find_access=emulator.keys.find,
        find_operation=OperationFinder(app),
    )
    recording = Recording(
        AccessLog(injection),
        prefix=f"{VENDOR_PREFIX}/",
        find_access=emulator.keys.find,
        unknown=emulator.unknown_requests,
        note=emulator.note_request,
    )
    app.wsgi_app = RawPaths(recording)  # type: ignore[method-assign]
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


class AccessLog:
    """WSGI middleware that logs a line for each request; it costs nothing without a listener."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and log its status and duration."""
        # A page that keeps itself current would fill the log.
        is_page = environ["PATH_INFO"].startswith(f"{DASHBOARD}/")
        level = logging.DEBUG if is_page else logging.INFO
        if not _access_logger.isEnabledFor(level):
            return self._app(environ, start_response)
        started_at = time.perf_counter()
        statuses: list[str] = []

        def record_status(status: str, *rest: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, *rest)  # type: ignore[arg-type]

        body = self._app(environ, record_status)
        remark: str = environ.get(REMARK, "")[:_MAX_REMARK_LENGTH]
        if FAULT_ID in environ:
            remark = f"fault {environ[FAULT_ID]}; {remark}".rstrip("; ")
        fields = {
            "method": environ["REQUEST_METHOD"],
            "target": _target(environ),
            "status": int(statuses[0][:3]),
            "durationMs": round((time.perf_counter() - started_at) * 1000, 1),
            **({"remark": remark} if remark else {}),
        }
        line = "{method} {target} {status} {durationMs:.1f} ms".format_map(fields)
        _access_logger.log(
            level, "%s%s", line, f"  {remark}" if remark else "", extra={"fields": fields}
        )
        return body


def _target(environ: "WSGIEnvironment") -> str:
    """Return path and query as they were sent: shortened, on one line, without secrets."""
    target = environ[RAW_PATH][:_MAX_PART_LENGTH]
    if environ.get("QUERY_STRING"):
        target += f"?{environ['QUERY_STRING'][:_MAX_PART_LENGTH]}"
    # Escaped, since a path with a line break could forge a line of the log.
    return redacted(target.encode("unicode_escape").decode())
