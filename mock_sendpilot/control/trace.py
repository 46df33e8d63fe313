"""`/_emulate/trace/{id}`: what led to what, as a tree."""

from flask import Blueprint, Response
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import CamelCaseSchema, Timestamp
from mock_sendpilot.traffic.trace import trace
from mock_sendpilot.world.workspace import Workspace

traces = Blueprint("traces", __name__)


class Milliseconds(fields.Float):
    """A number of seconds, in milliseconds."""

    def _serialize(self, value: float | None, *_: object, **__: object) -> float | None:
        return None if value is None else round(value * 1000, 1)


class TraceNodeSchema(CamelCaseSchema):
    """A request, an event, a delivery or an attempt, with what it led to."""

    kind = fields.String()
    id = fields.String()
    summary = fields.String()
    at = Timestamp()
    real_at = Timestamp()
    offset_ms = Milliseconds(attribute="offset_seconds")
    duration_ms = Milliseconds(attribute="duration_seconds")
    cause = fields.String()
    joined_by = fields.String()
    failed = fields.Boolean(attribute="has_failed")
    missing = fields.Boolean(attribute="is_missing")
    matched = fields.Boolean(attribute="is_match")
    omitted = fields.Integer(attribute="omitted_count")
    children = fields.List(fields.Nested("TraceNodeSchema"))


class TraceSchema(CamelCaseSchema):
    """The trees with what an id stands for."""

    id = fields.String()
    earlier_ids = fields.List(fields.String())
    omitted = fields.Integer(attribute="omitted_count")
    roots = fields.List(fields.Nested(TraceNodeSchema))


@traces.get("/trace/<opaque:some_id>")
@with_workspace
def get_trace(workspace: Workspace, some_id: str) -> Response:
    """Return the trees with what an id stands for, from the first cause to the last effect."""
    emulator = current_emulator()
    found = trace(
        some_id,
        workspace,
        emulator.outbox(workspace),
        emulator.journal(workspace),
        unknown=emulator.unknown_requests,
    )
    return json_response(TraceSchema().dump(found))
