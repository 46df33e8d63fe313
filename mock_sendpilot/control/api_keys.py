"""`/_emulate/api-keys`: the API keys that open a workspace."""

import hashlib
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.seed_export import export_api_key
from mock_sendpilot.control.seed_format import ApiKeySchema
from mock_sendpilot.control.seed_parts import api_key_of
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.redaction import masked
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

api_keys = Blueprint("api_keys", __name__)

_ID_LENGTH = 12


def api_key_id(key: str) -> str:
    """Return the id of a key, which gives nothing of it away and may stand in a URL."""
    return f"key_{hashlib.sha256(key.encode()).hexdigest()[:_ID_LENGTH]}"


def _reply(api_key: ApiKey) -> dict[str, Any]:
    return {"id": api_key_id(api_key.key), **export_api_key(api_key), "key": masked(api_key.key)}


@api_keys.get("/api-keys")
@with_workspace
def list_api_keys(workspace: Workspace) -> Response:
    """Return the API keys of the workspace, masked."""
    return json_response(
        {"apiKeys": [_reply(one) for one in current_emulator().api_keys(workspace)]}
    )


@api_keys.post("/api-keys")
@with_workspace
def add_api_key(workspace: Workspace) -> Response:
    """Let another API key open the workspace."""
    api_key = api_key_of(ApiKeySchema().load(json_object()))
    current_emulator().add_key(workspace, api_key)
    return json_response(_reply(api_key), HTTPStatus.CREATED)


@api_keys.delete("/api-keys/<opaque:key_id>")
@with_workspace
def remove_api_key(workspace: Workspace, key_id: str) -> Response:
    """Remove an API key, unless it is the last one."""
    emulator = current_emulator()
    known = emulator.api_keys(workspace)
    found = next((one for one in known if api_key_id(one.key) == key_id), None)
    if found is None:
        raise NotFound(
            "API key not found", hint=f"this workspace has no API key with the id {key_id[:80]!r}"
        )
    if len(known) == 1:
        raise InvalidInput("expected another API key to be left; nobody could use the workspace")
    emulator.remove_key(workspace, found)
    return Response(status=HTTPStatus.NO_CONTENT)
