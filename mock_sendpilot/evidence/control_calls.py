"""The calls of a sandbox as requests for the control API, by which they can be repeated.

A sandbox on an emulator elsewhere makes them as such requests anyway. Here the same code writes the
request, and nothing is sent.
"""

from collections.abc import Mapping
from typing import Any

from mock_sendpilot.control.seed_export import export_lead
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.testing.backends.protocol import Backend, WorkspaceView
from mock_sendpilot.testing.backends.remote_workspace import RemoteBackend

TURNS = frozenset({"advance", "set_clock"})
"""The calls that move the clock."""
RESTARTS = frozenset({"reset", "restore"})
"""The calls after which a workspace begins again."""
_WRITTEN = frozenset(
    {
        *("put_campaign", "put_sender", "connect", "set_credits", "simulate"),
        *("add_endpoint", "rotate_secret", "set_enabled", "send_test_event", "trigger", "resend"),
        *("resend_delivery", "arm_disruption", "arm_delivery_chaos", "remove_disruption"),
        *("arm_fault", "remove_fault", "freeze", "resume"),
    }
)
RECORDED = _WRITTEN | TURNS | RESTARTS | {"add_lead", "add_api_key"}
"""Every call that changes a workspace, but for those that end something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequest:
    """A request for the control API; the path is below `/_emulate`."""

    method: str
    path: str
    body: Mapping[str, Any] | None


class _Written(Exception):
    """The request is written, and must not be sent."""

    def __init__(self, request: ControlRequest) -> None:
        super().__init__(request.path)
        self.request = request


class _Writer(RemoteBackend):
    """Raises the request that a call would make."""

    def __init__(self, backend: Backend) -> None:
        # Not that of its class: there is no emulator to ask.
        self._backend = backend
        self.contract = backend.contract

    def view(self) -> WorkspaceView:
        """Return the workspace as it is now."""
        return self._backend.view()

    def _request(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        raise _Written(ControlRequest(method=method, path=path, body=body))


def control_request(
    backend: Backend, name: str, arguments: tuple[Any, ...], options: Mapping[str, Any], result: Any
) -> ControlRequest | None:
    """Return the request that repeats a call, after it was made.

    Args:
        backend: the workspace.
        name: the method of the backend.
        arguments: its arguments.
        options: its keyword arguments.
        result: what it returned.

    Returns:
        The request; None for a call that changed nothing.
    """
    if name == "add_lead":
        return _added_lead(arguments[0], result)
    if name == "add_api_key":
        body = {"key": arguments[0], "name": "intercepted"}
        return ControlRequest(method="POST", path="/api-keys", body=body) if result else None
    try:
        getattr(_Writer(backend), name)(*arguments, **options)
    except _Written as written:
        return written.request
    return None


def _added_lead(values: Mapping[str, Any], lead: Any) -> ControlRequest:
    part = export_lead(lead, None)
    del part["behavior"]
    # What was drawn is drawn again, so that the next draw is the same one, too.
    if not values.get("id"):
        del part["id"]
        if not values.get("linkedin_url"):
            del part["linkedinUrl"]
    return ControlRequest(method="POST", path="/leads", body=part)
