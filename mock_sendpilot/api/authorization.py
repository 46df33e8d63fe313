"""Authenticate a request: its API key opens a workspace, and its scopes are checked."""

from typing import TYPE_CHECKING

from mock_sendpilot.api.exchange import Exchange
from mock_sendpilot.errors import InvalidApiKey

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mock_sendpilot.api_keys import Access
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.emulator import Emulator

EXTENSION = "mock_sendpilot"
"""The key of an app's extensions for its emulator."""
_BEARER_HINT = "send the key as the header X-API-Key; it is not looked for in Authorization"


def opened_access(environ: "WSGIEnvironment", emulator: "Emulator") -> "Access":
    """Return the access to an emulator that the API key of a request opens.

    Raises:
        InvalidApiKey: the key is missing, unknown, expired or revoked.
    """
    key = environ.get("HTTP_X_API_KEY")
    if not key and "HTTP_AUTHORIZATION" in environ:
        raise InvalidApiKey("Invalid API key", hint=_BEARER_HINT)
    return emulator.keys.open(key)


def contract_of(environ: "WSGIEnvironment", emulator: "Emulator") -> "Contract":
    """Return the contract of the key's workspace, or the emulator's without a valid key."""
    try:
        return opened_access(environ, emulator).workspace.contract
    except InvalidApiKey:
        return emulator.contract


def access_of(exchange: Exchange) -> "Access":
    """Return the access that the API key of a request to the vendor's API opens.

    Raises:
        InvalidApiKey: the key is missing, unknown, expired or revoked.
    """
    return opened_access(exchange.environ, exchange.extensions[EXTENSION])


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
