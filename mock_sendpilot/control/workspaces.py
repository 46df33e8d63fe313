"""`/_emulate/workspaces`: the workspaces of the emulator. They need no API key.

Whoever may use the control API may manage workspaces: with the control token, or without one from
this machine alone.
"""

import secrets
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Text
from mock_sendpilot.api.parsing import optional_json_object
from mock_sendpilot.control.current import MAX_SEED_BYTES, current_guard, workspace_reply
from mock_sendpilot.control.fields import ContractChoice, Strict, nested
from mock_sendpilot.control.seed_format import ClockSchema, WorkspaceContentsSchema
from mock_sendpilot.control.seed_loading import EMPTY, load_workspace
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.world.models import ApiKey

workspaces = Blueprint("workspaces", __name__)

MAX_WORKSPACES = 10_000


class NewWorkspace(Strict):
    """The body of POST /_emulate/workspaces; contract and clock come before those of the seed."""

    seed = nested(WorkspaceContentsSchema)
    contract = ContractChoice()
    clock = nested(ClockSchema)
    random_seed = Text()


@workspaces.get("/workspaces")
def list_workspaces() -> Response:
    """Return all workspaces, oldest first."""
    current_guard().check_machine()
    found = current_emulator().workspaces()
    return json_response({"workspaces": [workspace_reply(one) for one in found]})


@workspaces.post("/workspaces")
def add_workspace() -> Response:
    """Add a workspace, and return it with its first API key; by default it is empty."""
    current_guard().check_machine()
    body = NewWorkspace().load(optional_json_object(max_bytes=MAX_SEED_BYTES))
    emulator = current_emulator()
    if len(emulator.workspaces()) >= MAX_WORKSPACES:
        raise InvalidInput(f"there are {MAX_WORKSPACES} workspaces already; remove some")
    chosen = {name: body[name] for name in ("contract", "clock") if name in body}
    workspace_id = f"ws_{secrets.token_hex(8)}"
    seed = load_workspace(
        {**EMPTY, **body.get("seed", {}), **chosen},
        SystemClock().now(),
        path="seed",
        default_contract=emulator.contract,
        id_=workspace_id,
        name=workspace_id,
        random_seed=body.get("random_seed"),
    )
    if not seed.api_keys:
        seed = replace(seed, api_keys=(ApiKey(key=f"sp_test_{secrets.token_hex(16)}"),))
    workspace = emulator.add_workspace(seed)
    reply = {**workspace_reply(workspace), "apiKey": seed.api_keys[0].key}
    return json_response(reply, HTTPStatus.CREATED)


@workspaces.get("/workspaces/<opaque:workspace_id>")
def get_workspace(workspace_id: str) -> Response:
    """Return a workspace."""
    current_guard().check_machine()
    return json_response(workspace_reply(current_emulator().workspace(workspace_id)))


@workspaces.delete("/workspaces/<opaque:workspace_id>")
def remove_workspace(workspace_id: str) -> Response:
    """Remove a workspace with all that it has; its keys open nothing any more."""
    current_guard().check_machine()
    emulator = current_emulator()
    emulator.remove_workspace(emulator.workspace(workspace_id))
    return Response(status=HTTPStatus.NO_CONTENT)
