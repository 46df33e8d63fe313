"""`/_emulate/snapshots` and `/_emulate/state`: the workspace as it was, to go on from there."""

from http import HTTPStatus

from flask import Blueprint, Response
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import CamelCaseSchema, Text, Timestamp
from mock_sendpilot.api.parsing import json_object, optional_json_object
from mock_sendpilot.control.current import MAX_SEED_BYTES, workspace_reply
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.states.serialization import dump_states, read_states
from mock_sendpilot.world.workspace import Workspace

snapshots = Blueprint("snapshots", __name__)

_MAX_NAME_LENGTH = 200


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


@snapshots.get("/snapshots")
@with_workspace
def list_snapshots(workspace: Workspace) -> Response:
    """Return all snapshots, oldest first."""
    found = current_emulator().snapshots(workspace).all()
    return json_response({"snapshots": SnapshotReply(many=True).dump(found)})


@snapshots.post("/snapshots")
@with_workspace
def take_snapshot(workspace: Workspace) -> Response:
    """Take a snapshot, which changes nothing."""
    name = NewSnapshot().load(optional_json_object()).get("name")
    snapshot = current_emulator().take_snapshot(workspace, name=name)
    return json_response(SnapshotReply().dump(snapshot), HTTPStatus.CREATED)


@snapshots.get("/snapshots/<opaque:snapshot_id>")
@with_workspace
def get_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Return a snapshot."""
    snapshot = current_emulator().snapshots(workspace).get(snapshot_id)
    return json_response(SnapshotReply().dump(snapshot))


@snapshots.delete("/snapshots/<opaque:snapshot_id>")
@with_workspace
def remove_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Remove a snapshot."""
    current_emulator().snapshots(workspace).remove(snapshot_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@snapshots.post("/snapshots/<opaque:snapshot_id>/restore")
@with_workspace
def restore_snapshot(workspace: Workspace, snapshot_id: str) -> Response:
    """Go on from a snapshot, and return the workspace."""
    emulator = current_emulator()
    snapshot = emulator.snapshots(workspace).get(snapshot_id)
    return json_response(workspace_reply(emulator.restore(workspace, snapshot.state)))


@snapshots.get("/state")
@with_workspace
def get_state(workspace: Workspace) -> Response:
    """Return the state of the workspace, with its secrets."""
    state = current_emulator().state(workspace)
    return Response(dump_states([state]), mimetype="application/json")


@snapshots.put("/state")
@with_workspace
def put_state(workspace: Workspace) -> Response:
    """Go on from a state, and return the workspace, which keeps its id and API keys."""
    states = read_states(json_object(max_bytes=MAX_SEED_BYTES))
    if len(states) != 1:
        raise InvalidInput(f"$.workspaces: expected one workspace, got {len(states)}")
    return json_response(workspace_reply(current_emulator().restore(workspace, states[0])))
