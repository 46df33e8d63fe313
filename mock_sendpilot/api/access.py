"""The emulator, workspace and contract of the request that Flask handles."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from flask import Response, current_app, request

from mock_sendpilot.api.authorization import EXTENSION, contract_of, opened_access
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from mock_sendpilot.api_keys import Access
    from mock_sendpilot.emulator import Emulator

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
    return opened_access(request.environ, current_emulator())


def current_contract() -> Contract:
    """Return the contract of the key's workspace, or the emulator's without a valid key."""
    return contract_of(request.environ, current_emulator())


def with_workspace(view: Callable[Concatenate[Workspace, P], Response]) -> Callable[P, Response]:
    """Pass the workspace of the API key to a view of the control API; any key will do.

    A decorator checks the key, not a `before_request` of the blueprint: that would answer 401
    instead of 404 for an unknown route.
    """

    @wraps(view)
    def authenticated(*args: P.args, **parameters: P.kwargs) -> Response:
        return view(current_access().workspace, *args, **parameters)

    return authenticated
