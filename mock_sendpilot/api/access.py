"""From a request to a workspace: the API key is checked, then its scope."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from flask import Response, current_app, request

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidApiKey
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from mock_sendpilot.emulator import Access, Emulator

EXTENSION = "mock_sendpilot"
_BEARER_HINT = "send the key as the header X-API-Key; it is not looked for in Authorization"

P = ParamSpec("P")


def current_emulator() -> "Emulator":
    """The emulator that the app of this request serves."""
    emulator: Emulator = current_app.extensions[EXTENSION]
    return emulator


def access_of_request() -> "Access":
    """What the API key of this request opens.

    Raises:
        InvalidApiKey: there is none, or it is unknown or revoked.
    """
    environ = request.environ
    key = environ.get("HTTP_X_API_KEY")
    if not key and "HTTP_AUTHORIZATION" in environ:
        raise InvalidApiKey("Invalid API key", hint=_BEARER_HINT)
    return current_emulator().access(key)


def contract_of_request() -> Contract:
    """The contract of the key's workspace; without a valid key that of the emulator."""
    try:
        return access_of_request().workspace.contract
    except InvalidApiKey:
        return current_emulator().contract


def vendor_access(scope: str | None) -> "Access":
    """The access of a request to the vendor's API: counted, and with its scope.

    Raises:
        InvalidApiKey: no key, or one that opens nothing.
        LimitExceeded: the key has made too many requests.
        ScopeMissing: the key does not carry `scope`.
    """
    access = access_of_request()
    if access.limiter is not None:
        access.limiter.count()
    if scope is not None:
        access.require(scope)
    return access


def of_workspace(view: Callable[Concatenate[Workspace, P], Response]) -> Callable[P, Response]:
    """Give a view of the control API the workspace of the API key; any key will do.

    The check stands in a decorator rather than in a hook of the blueprint: so an unknown route is
    404 with or without a key.
    """

    @wraps(view)
    def checked(*args: P.args, **params: P.kwargs) -> Response:
        return view(access_of_request().workspace, *args, **params)

    return checked
