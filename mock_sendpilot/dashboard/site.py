"""The dashboard in a Flask app: its routes, its headers, and the changes that it hears of."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from mock_sendpilot import changes
from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.dashboard.calls import calls
from mock_sendpilot.dashboard.campaigns import campaigns
from mock_sendpilot.dashboard.contract import contract
from mock_sendpilot.dashboard.deliveries import deliveries
from mock_sendpilot.dashboard.events import events
from mock_sendpilot.dashboard.faults import faults
from mock_sendpilot.dashboard.finding import finding
from mock_sendpilot.dashboard.inbox import inbox
from mock_sendpilot.dashboard.jobs import jobs
from mock_sendpilot.dashboard.leads import leads
from mock_sendpilot.dashboard.live import live
from mock_sendpilot.dashboard.overview import overview
from mock_sendpilot.dashboard.rendering import (
    PREFIX,
    Dashboard,
    add_state,
    error_page,
    html,
    path_of,
)
from mock_sendpilot.dashboard.requests import requests
from mock_sendpilot.dashboard.session import check_session, session
from mock_sendpilot.dashboard.static_files import static_files
from mock_sendpilot.dashboard.traces import traces
from mock_sendpilot.dashboard.webhooks import webhooks
from mock_sendpilot.dashboard.world import world
from mock_sendpilot.errors import NotAllowed, NotFound, SendPilotError

RESOURCES = (
    *(session, static_files, live, calls, finding),
    *(overview, leads, campaigns, inbox, jobs),
    *(webhooks, deliveries, events, requests, traces),
    *(faults, contract, world),
)
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer` a form would send no Origin
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STATUSES: Mapping[type[SendPilotError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_TOPICS: Mapping[str, tuple[str, ...]] = {
    "clock": (changes.CLOCK,),
    "deliveries": (changes.DELIVERIES,),
    "disruptions": (changes.DISRUPTIONS,),
    "endpoints": (changes.ENDPOINTS, changes.DELIVERIES),
    "events": (),  # an event is noted as such
    "faults": (changes.FAULTS,),
    "forwarding": (),  # an attempt is, too
    "requests": (changes.REQUESTS,),
    "wait": (),
}
"""The topics that a change by the control API is of, by resource; of any other, all."""


def add_dashboard(
    app: Flask, control: Blueprint, guard: Guard, *, operations: Callable[[], list[str]]
) -> None:
    """Serve the dashboard in an app that serves the control API."""
    add_state(Dashboard(guard, operations), app.extensions)
    control.after_request(_note_change)
    site = Blueprint("dashboard", __name__, url_prefix=PREFIX)
    site.before_request(check_session)
    site.after_request(_add_headers)
    site.register_error_handler(SendPilotError, _handle_error)
    site.add_url_rule("/", view_func=show_first_workspace)
    site.add_url_rule("/<path:_unknown>", view_func=show_not_found)
    for resource in RESOURCES:
        site.register_blueprint(resource)
    app.register_blueprint(site)


def show_first_workspace() -> AnyResponse:
    """Go to the first workspace."""
    workspaces = current_emulator().workspaces()
    if not workspaces:
        return html("no_workspace.html")
    return redirect(PREFIX + path_of(workspaces[0].id), HTTPStatus.SEE_OTHER)


def show_not_found(_unknown: str) -> Response:
    """Say that there is no such page."""
    return error_page(HTTPStatus.NOT_FOUND, "Page not found")


def _handle_error(error: SendPilotError) -> Response:
    status = _STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
    return error_page(status, error.message, error.hint)


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _note_change(response: Response) -> Response:
    """Note a change that the control API may have made; an advance that timed out made some."""
    if request.method not in _READING:
        emulator = current_emulator()
        access = emulator.keys.find(request.headers.get("X-API-Key"))
        resource = (request.blueprint or "").rpartition(".")[2]
        topics = _TOPICS.get(resource, (changes.ALL,))
        if access is not None and topics:
            emulator.changes(access.workspace.id).note(*topics)
    return response
