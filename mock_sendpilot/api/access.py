"""Authenticate a request: its API key opens a workspace, and its scopes are checked."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from flask import Response, current_app, request

from mock_sendpilot.api.exchange import Exchange
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidApiKey
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mock_sendpilot.api_keys import Access
    from mock_sendpilot.emulator import Emulator

EXTENSION = "mock_sendpilot"
_BEARER_HINT = "send the key as the header X-API-Key; it is not looked for in Authorization"

P = ParamSpec("P")


def current_emulator() -> "Emulator":
    """Return the emulator that the app of this request serves."""
    emulator: Emulator = current_app.extensions[EXTENSION]
    return emulator


def current_access() -> "Access":
    """Return the access that the API key of this request opens.

    Raises:
        InvalidApiKey: the key is missing, unknown, expired or revoked.
    """
    return _access(request.environ, current_emulator())


def _access(environ: "WSGIEnvironment", emulator: "Emulator") -> "Access":
    key = environ.get("HTTP_X_API_KEY")
    if not key and "HTTP_AUTHORIZATION" in environ:
        raise InvalidApiKey("Invalid API key", hint=_BEARER_HINT)
    return emulator.keys.open(key)


def current_contract() -> Contract:
    """Return the contract of the key's workspace, or the emulator's without a valid key."""
    try:
        return current_access().workspace.contract
    except InvalidApiKey:
        return current_emulator().contract


def access_of(exchange: Exchange) -> "Access":
    """Return the access that the API key of a request to the vendor's API opens.

    Raises:
        InvalidApiKey: the key is missing, unknown, expired or revoked.
    """
    return _access(exchange.environ, exchange.extensions[EXTENSION])


def authorize(exchange: Exchange, scope: str | None) -> "Access":
    """Return the access of a request to the vendor's API; the request counts for the rate limit.

    Args:
        exchange: the request.
        scope: the scope that the key must have; None for any key.

    Raises:
        InvalidApiKey: the key is missing, unknown, expired or revoked.
        LimitExceeded: the key has made too many requests.
        ScopeMissing: the key does not have the scope.
    """
    access = access_of(exchange)
    if access.limiter is not None:
        access.limiter.count()
    if scope is not None:
        access.require(scope)
    return access


def with_workspace(view: Callable[Concatenate[Workspace, P], Response]) -> Callable[P, Response]:
    """Pass the workspace of the API key to a view of the control API; any key will do.

    A decorator checks the key, not a `before_request` of the blueprint: that would answer 401
    instead of 404 for an unknown route.
    """

    @wraps(view)
    def authenticated(*args: P.args, **parameters: P.kwargs) -> Response:
        return view(current_access().workspace, *args, **parameters)

    return authenticated
