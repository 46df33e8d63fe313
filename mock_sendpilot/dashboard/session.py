"""The session of a browser: open on this machine, or to those who know the control token."""

import hmac
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.dashboard.rendering import (
    FRAGMENTS,
    OWN_PAGES,
    PREFIX,
    current_dashboard,
    error_page,
    html,
)
from mock_sendpilot.errors import NotAllowed

session = Blueprint("session", __name__)

TOKEN_FIELD = "token"
_LOGIN = f"{OWN_PAGES}/login"
_OPEN_PATHS = (_LOGIN, f"{OWN_PAGES}/session", f"{OWN_PAGES}/static/")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def check_session() -> AnyResponse | None:
    """Send those who have to log in to the login page; refuse a change that a foreign page makes.

    Raises:
        NotAllowed: the client is on another machine, or the form belongs to another server.
    """
    guard = current_dashboard().guard
    guard.check_machine()
    if request.method not in _READING:
        guard.check_origin()
        _check_form_token()
    if not guard.needs_control_token or request.path.startswith(_OPEN_PATHS) or _has_session():
        return None
    if FRAGMENTS in request.headers or "text/html" not in request.headers.get("Accept", ""):
        return error_page(HTTPStatus.UNAUTHORIZED, "Log in first", "reload the page")
    return redirect(
        f"{_LOGIN}?{urlencode({'next': request.full_path.removesuffix('?')})}", HTTPStatus.SEE_OTHER
    )


def local_path(path: str) -> str:
    """Return a path of the dashboard as it is, and the first page in place of anything else."""
    is_ours = path.startswith(f"{PREFIX}/") and "\\" not in path and path.isprintable()
    return path if is_ours else f"{PREFIX}/"


@session.get("/-/login")
def show_login() -> Response:
    """Show the form for the control token."""
    return html("login.html", next_path=local_path(request.args.get("next", "")), failed=False)


@session.get("/-/session")
def show_session() -> Response:
    """Say whether the browser is logged in, also where its first request had no cookie."""
    return json_response({"active": _has_session()})


@session.post("/-/login")
def log_in() -> AnyResponse:
    """Take the control token once, and give the browser a cookie for it."""
    next_path = local_path(request.form.get("next", ""))
    guard = current_dashboard().guard
    if not guard.is_control_token(request.form.get("control_token", "")):
        return html("login.html", HTTPStatus.FORBIDDEN, next_path=next_path, failed=True)
    response = redirect(next_path, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        _cookie_name(),
        guard.session,
        path=PREFIX,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


@session.post("/-/logout")
def log_out() -> AnyResponse:
    """Remove the cookie."""
    response = redirect(_LOGIN, HTTPStatus.SEE_OTHER)
    response.delete_cookie(_cookie_name(), path=PREFIX, httponly=True, samesite="Strict")
    return response


def _has_session() -> bool:
    cookie = request.cookies.get(_cookie_name(), "")
    return hmac.compare_digest(cookie.encode(), current_dashboard().guard.session.encode())


def _cookie_name() -> str:
    # Browsers send the cookies of one port to all ports of a host.
    port = request.host.rpartition(":")[2]
    return f"mock_sendpilot_{port if port.isdigit() else 'dashboard'}"


def _check_form_token() -> None:
    token = request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(token.encode(), current_dashboard().form_token.encode()):
        raise NotAllowed(
            "The form belongs to another server", hint="this one was started since: reload the page"
        )
