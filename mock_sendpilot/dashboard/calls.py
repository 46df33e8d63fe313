"""The requests that buttons make: to the control API and the vendor's API, as any client would.

A form has the request as data: its method and path in `call`, and the members of its JSON body as
fields. So whatever a button does, a route does, and the page can give the command for it.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, current_app, redirect, request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response as AnyResponse

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.dashboard.formats import number, plural
from mock_sendpilot.dashboard.rendering import (
    current_dashboard,
    error_page,
    html,
    with_workspace,
)
from mock_sendpilot.dashboard.session import local_path
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.paths import CONTROL_PREFIX, VENDOR_PREFIX
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

calls = Blueprint("calls", __name__)

METHODS = ("POST", "PUT", "PATCH", "DELETE")
MAX_UNDO = 10
"""The number of snapshots before changes that are kept."""
_BEFORE = "automatic, before "
_HINT = "X-Emulator-Hint"
_BODY_FIELD = "body."
"""The beginning of the names of fields that are members of the body: `body.text`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a request of a button."""

    status: int
    json: Any
    hint: str = ""

    @property
    def is_ok(self) -> bool:
        """True for any 2xx."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def message(self) -> str:
        """The sentence of an error."""
        found = self.json.get("message", "") if isinstance(self.json, dict) else ""
        return "; ".join(found) if isinstance(found, list) else str(found)


@calls.post("/<opaque:workspace_id>/call")
@with_workspace
def make_call(workspace: Workspace) -> AnyResponse:
    """Make the request of a form; then show the page again, or the script its outcome."""
    form = request.form
    if is_unconfirmed():
        next_path = local_path(form.get("next", ""))
        return html("confirm.html", fields=form.items(multi=True), next_path=next_path)
    method, _, path = form.get("call", "").partition(" ")
    if method not in METHODS or not path.startswith((f"{CONTROL_PREFIX}/", f"{VENDOR_PREFIX}/")):
        raise InvalidInput(f"call: expected METHOD PATH of an API, got {form.get('call', '')!r}")
    return perform(workspace, method, path, body_of(form.items(multi=True)))


def is_unconfirmed() -> bool:
    """Return whether the form asks first, and nobody has answered yet."""
    return bool(request.form.get("confirm")) and not request.form.get("confirmed")


def perform(
    workspace: Workspace, method: str, path: str, body: Mapping[str, Any] | None
) -> AnyResponse:
    """Make a request for a form; then show its page again, or the script the outcome.

    Raises:
        InvalidInput: it is to be undone, and no snapshot could be taken.
    """
    form = request.form
    undo = _snapshot(workspace, f"{method} {path}") if form.get("undo") else None
    reply = send(workspace, method, path, body)
    wants_html = "text/html" in request.headers.get("Accept", "")
    if wants_html:
        if reply.is_ok:
            return redirect(local_path(form.get("next", "")), HTTPStatus.SEE_OTHER)
        return error_page(reply.status, reply.message, reply.hint)
    outcome = {
        "ok": reply.is_ok,
        "status": reply.status,
        "message": _summary(reply.json, form.get("done", "")) if reply.is_ok else reply.message,
        "hint": reply.hint,
        "undo": undo if reply.is_ok else None,
    }
    return json_response(outcome)


def send(
    workspace: Workspace, method: str, path: str, body: Mapping[str, Any] | None = None
) -> Reply:
    """Send a request to this app with a key of the workspace, and return the reply."""
    headers = Headers(current_dashboard().guard.control_headers)
    headers["Host"] = request.host
    headers["User-Agent"] = "mock-sendpilot-dashboard"
    key = _usable_key(current_emulator().api_keys(workspace), workspace)
    if key is not None:
        headers["X-API-Key"] = key.key
    builder = EnvironBuilder(path, method=method, headers=headers, json=body)
    environ = builder.get_environ()
    environ["REQUEST_URI"] = path  # ids with a slash are encoded
    environ["REMOTE_ADDR"] = request.environ.get("REMOTE_ADDR", "")
    try:
        content, status, reply_headers = run_wsgi_app(current_app.wsgi_app, environ, buffered=True)
    except ConnectionError as error:  # a fault that breaks the connection
        return Reply(HTTPStatus.BAD_GATEWAY, {"message": f"No response: {error}"})
    text = b"".join(content)
    return Reply(int(status[:3]), _parsed(text), reply_headers.get(_HINT, ""))


def body_of(fields: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    """Return the JSON body that the fields of a form make; None without one.

    A name is `body.KEY`, or `body.KEY.KEY`; `:number`, `:switch`, `:list` or `:json` after it says
    what the text is. A field that is left empty is left out; of several with one name the last
    counts, but lists, such as check boxes make, are joined.

    Raises:
        InvalidInput: a text is no number, or no JSON.
    """
    body: dict[str, Any] = {}
    has_any = False
    for name, text in fields:
        if name.startswith(_BODY_FIELD):
            has_any = True
            path, _, kind = name.removeprefix(_BODY_FIELD).partition(":")
            if text:
                _put(body, path.split("."), _value(path, text, kind))
    return body if has_any else None


def _put(body: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for key in parents:
        body = body.setdefault(key, {})
    before = body.get(last)
    body[last] = [*before, *value] if isinstance(before, list) else value


def _value(name: str, text: str, kind: str) -> Any:
    if kind == "switch":
        return text in {"on", "true"}
    if kind == "list":
        return [one for one in text.replace(",", " ").split() if one]
    if kind in {"number", "json"}:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = None if kind == "json" else text
            raise InvalidInput(f"{name}: expected {kind}, got {text[:80]!r}") from None
        if kind == "number" and not isinstance(value, int | float):
            raise InvalidInput(f"{name}: expected a number, got {text[:80]!r}")
        return value
    return text


def _usable_key(keys: Iterable[ApiKey], workspace: Workspace) -> ApiKey | None:
    """Return the key with the most scopes among those that are valid now."""
    now = workspace.clock.now()
    valid = [
        key
        for key in keys
        if not key.is_revoked and (key.expires_at is None or key.expires_at > now)
    ]
    return max(
        valid,
        key=lambda key: (key.scopes is None, len(key.scopes or ()), key.rate_limit is None),
        default=None,
    )


def _snapshot(workspace: Workspace, call: str) -> str:
    """Take a snapshot before a change, and remove the oldest such snapshots beyond the limit."""
    snapshots = current_emulator().snapshots(workspace)
    taken = [one.id for one in snapshots.all() if (one.name or "").startswith(_BEFORE)]
    for snapshot_id in taken[: -MAX_UNDO + 1]:
        send(workspace, "DELETE", f"{CONTROL_PREFIX}/snapshots/{snapshot_id}")
    reply = send(workspace, "POST", f"{CONTROL_PREFIX}/snapshots", {"name": f"{_BEFORE}{call}"})
    if not reply.is_ok:
        raise InvalidInput(f"Nothing is changed: no snapshot could be taken; {reply.message}")
    return str(reply.json["id"])


def _summary(reply: Any, done: str) -> str:
    """Return what to say of a success: what a turn of the clock did, or what the form has."""
    elapsed = reply.get("elapsed") if isinstance(reply, Mapping) else None
    if not elapsed:
        return done
    events = sum(elapsed["events"].values())
    attempts = elapsed["attempts"]
    counts = (
        f"{plural(elapsed['tasks'], 'task')}, {plural(events, 'event')}, "
        f"{plural(attempts['succeeded'], 'attempt')} succeeded, {number(attempts['failed'])} failed"
    )
    return f"{done} {counts}.".lstrip() if elapsed["tasks"] else done


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
