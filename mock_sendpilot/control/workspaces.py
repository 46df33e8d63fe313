"""`/_emulate/workspaces`, `/reset`, `/snapshots` and `/state`: workspaces as a whole.

Requests to `/workspaces` need no API key: all who may use the control API may manage workspaces.
"""

import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Boolean, CamelCaseSchema, SecretText, Text, Timestamp
from mock_sendpilot.api.parsing import json_object, optional_json_object
from mock_sendpilot.control.body_limits import MAX_SEED_BYTES
from mock_sendpilot.control.fields import ContractChoice, Strict, nested
from mock_sendpilot.control.large_bodies import takes_large_body
from mock_sendpilot.control.seed_format import ClockSchema, WorkspaceContentsSchema
from mock_sendpilot.control.seed_loading import load_workspace
from mock_sendpilot.control.seed_parts import EMPTY
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.scheduling.clock import SystemClock, iso_milliseconds
from mock_sendpilot.states.serialization import dump_states, read_states
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

workspaces = Blueprint("workspaces", __name__)

MAX_WORKSPACES = 10_000
_MAX_NAME_LENGTH = 200


class NewWorkspace(Strict):
    """The body of POST /_emulate/workspaces; its fields come before those of the seed."""

    api_key = SecretText()
    seed = nested(WorkspaceContentsSchema)
    contract = ContractChoice()
    clock = nested(ClockSchema)
    random_seed = Text()


class Reset(Strict):
    """The body of POST /_emulate/reset."""

    keeps_endpoints = Boolean(data_key="keepEndpoints", load_default=True)
    contract = ContractChoice()


class NewSnapshot(Strict):
    """The body of POST /_emulate/snapshots."""

    name = Text(allow_none=True, max_length=_MAX_NAME_LENGTH)


class SnapshotReply(CamelCaseSchema):
    """A snapshot, with a few numbers of its contents."""

    id = fields.String()
    name = fields.String()
    taken_at = Timestamp()
    leads = fields.Function(lambda one: len(one.state.world.store.leads))
    events = fields.Function(lambda one: len(one.state.outbox.events))
    planned_attempts = fields.Function(lambda one: len(one.state.outbox.attempts))


def workspace_reply(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as the control API shows it, without its keys."""
    emulator, store = current_emulator(), workspace.store
    outbox = emulator.outbox(workspace)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "plan": workspace.plan,
        "contract": workspace.contract.name,
        "baseUrl": f"{request.host_url.rstrip('/')}{VENDOR_PREFIX}",
        "clock": {
            "now": iso_milliseconds(workspace.clock.now()),
            "frozen": workspace.clock.is_frozen,
        },
        "senders": len(store.senders()),
        "campaigns": len(store.campaigns()),
        "leads": store.lead_count(),
        "endpoints": len(outbox.endpoints.all()),
        "pendingDeliveries": outbox.log.pending_count,
    }


# --- workspaces -----------------------------------------------------------------------------------


@workspaces.get("/workspaces")
def list_workspaces() -> Response:
    """Return all workspaces, oldest first."""
    found = current_emulator().workspaces()
    return json_response({"workspaces": [workspace_reply(one) for one in found]})


@workspaces.post("/workspaces")
@takes_large_body
def add_workspace() -> Response:
    """Add a workspace, and return it with its first API key; by default it is empty.

    A client that makes up the key itself can send it as the header, too: a load balancer in front
    of several emulators then adds the workspace where its later requests go.
    """
    body = NewWorkspace().load(optional_json_object(max_bytes=MAX_SEED_BYTES))
    emulator = current_emulator()
    if len(emulator.workspaces()) >= MAX_WORKSPACES:
        raise InvalidInput(f"there are {MAX_WORKSPACES} workspaces already; remove some")
    chosen = {name: body[name] for name in ("contract", "clock") if name in body}
    # Not from the random seed: ids and keys of two workspaces with the same seed must differ.
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
    if "api_key" in body:
        seed = replace(seed, api_keys=(ApiKey(key=body["api_key"]),))
    elif not seed.api_keys:
        seed = replace(seed, api_keys=(ApiKey(key=f"sp_test_{secrets.token_hex(16)}"),))
    workspace = emulator.add_workspace(seed)
    reply = {**workspace_reply(workspace), "apiKey": seed.api_keys[0].key}
    return json_response(reply, HTTPStatus.CREATED)


@workspaces.get("/workspaces/<opaque:workspace_id>")
def get_workspace(workspace_id: str) -> Response:
    """Return a workspace."""
    return json_response(workspace_reply(current_emulator().workspace(workspace_id)))


@workspaces.delete("/workspaces/<opaque:workspace_id>")
def remove_workspace(workspace_id: str) -> Response:
    """Remove a workspace with all that it has; its keys open nothing any more."""
    emulator = current_emulator()
    emulator.remove_workspace(emulator.workspace(workspace_id))
    return Response(status=HTTPStatus.NO_CONTENT)


# --- reset ----------------------------------------------------------------------------------------


@workspaces.post("/reset")
@with_workspace
def reset(workspace: Workspace) -> Response:
    """Put the workspace back to its seed, perhaps under another contract, and return it."""
    body = Reset().load(optional_json_object())
    seed = workspace.seed.under(body["contract"]) if "contract" in body else None  # its own seed
    keeps_endpoints = body["keeps_endpoints"]
    after = current_emulator().reset(workspace, seed=seed, keeps_endpoints=keeps_endpoints)
    return json_response(workspace_reply(after))


# --- snapshots and states -------------------------------------------------------------------------


@workspaces.get("/snapshots")
@with_workspace
def list_snapshots(workspace: Workspace) -> Response:
    """Return all snapshots, oldest first."""
    found = current_emulator().snapshots(workspace).all()
    return json_response({"snapshots": SnapshotReply(many=True).dump(found)})


@workspaces.post("/snapshots")
@with_workspace
def take_snapshot(workspace: Workspace) -> Response:
    """Take a snapshot, which changes nothing."""
    name = NewSnapshot().load(optional_json_object()).get("name")
    snapshot = current_emulator().take_snapshot(workspace, name=name)
    return json_response(SnapshotReply().dump(snapshot), HTTPStatus.CREATED)


@workspaces.get("/snapshots/<opaque:snapshot_id>")
@with_workspace
def get_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Return a snapshot."""
    snapshot = current_emulator().snapshots(workspace).get(snapshot_id)
    return json_response(SnapshotReply().dump(snapshot))


@workspaces.delete("/snapshots/<opaque:snapshot_id>")
@with_workspace
def remove_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Remove a snapshot."""
    current_emulator().snapshots(workspace).remove(snapshot_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@workspaces.post("/snapshots/<opaque:snapshot_id>/restore")
@with_workspace
def restore_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Go on from a snapshot, and return the workspace."""
    emulator = current_emulator()
    snapshot = emulator.snapshots(workspace).get(snapshot_id)
    return json_response(workspace_reply(emulator.restore(workspace, snapshot.state)))


@workspaces.get("/snapshots/<opaque:snapshot_id>/state")
@with_workspace
def get_snapshot_state(workspace: Workspace, snapshot_id: str) -> Response:
    """Return the state that a snapshot holds, with its secrets."""
    snapshot = current_emulator().snapshots(workspace).get(snapshot_id)
    return Response(dump_states([snapshot.state]), mimetype="application/json")


@workspaces.get("/state")
@with_workspace
def get_state(workspace: Workspace) -> Response:
    """Return the state of the workspace, with its secrets."""
    state = current_emulator().state(workspace)
    return Response(dump_states([state]), mimetype="application/json")


@workspaces.put("/state")
@with_workspace
@takes_large_body
def put_state(workspace: Workspace) -> Response:
    """Go on from a state, and return the workspace, which keeps its id and API keys."""
    states = read_states(json_object(max_bytes=MAX_SEED_BYTES))
    if len(states) != 1:
        raise InvalidInput(f"$.workspaces: expected one workspace, got {len(states)}")
    return json_response(workspace_reply(current_emulator().restore(workspace, states[0])))
