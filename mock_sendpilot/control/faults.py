"""`/_emulate/faults`: requests that fail on purpose."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, post_load

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import (
    Boolean,
    CamelCaseSchema,
    JsonObject,
    Number,
    Text,
    Timestamp,
    WholeNumber,
)
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Strict, nested, new_random_seed
from mock_sendpilot.control.requests import PatternSchema
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import ANY_REQUEST, RequestPattern
from mock_sendpilot.traffic.effects import effect_from_json
from mock_sendpilot.traffic.faults import CHAOS_EFFECTS, DEFAULT_RATE, MAX_TIMES, Faults
from mock_sendpilot.world.workspace import Workspace

faults = Blueprint("faults", __name__)


class NewFault(Strict):
    """The body of POST /_emulate/faults: an effect, or chaos, and the requests that it hits.

    `times` null is forever, which is the default of chaos.
    """

    pattern = nested(PatternSchema, load_default=ANY_REQUEST)
    effect = JsonObject()
    chaos = Boolean(load_default=False)
    times = WholeNumber(1, MAX_TIMES, allow_none=True)
    probability = Number(0, 1)
    random_seed = Text(max_length=200)
    starts_at = Timestamp(data_key="from")
    ends_at = Timestamp(data_key="until")

    @post_load
    def _with_effects(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        is_chaos, effect = data.pop("chaos"), data.pop("effect", None)
        if is_chaos == (effect is not None):
            raise InvalidInput("expected either effect or chaos")
        if is_chaos:
            data.setdefault("times", None)
            data.setdefault("probability", DEFAULT_RATE)
            data.setdefault("random_seed", new_random_seed())
            return {**data, "effects": CHAOS_EFFECTS}
        return {**data, "effects": (effect_from_json(effect),)}


class FaultReply(CamelCaseSchema):
    """A fault, and the requests that it has hit: the latest 1000."""

    id = fields.String()
    state = fields.String()
    pattern = fields.Function(lambda fault: pattern_json(fault.pattern))
    effect = fields.Function(
        lambda fault: fault.effects[0].json if len(fault.effects) == 1 else None
    )
    chaos = fields.Function(lambda fault: len(fault.effects) > 1)
    times = fields.Raw()
    probability = fields.Raw()
    random_seed = fields.String()
    starts_at = Timestamp(data_key="from")
    ends_at = Timestamp(data_key="until")
    armed_at = Timestamp()
    match_count = fields.Integer()
    matches = fields.Function(lambda fault: _MatchReply(many=True).dump(fault.matches))


class _MatchReply(CamelCaseSchema):
    at = Timestamp()
    method = fields.String()
    path = fields.String()
    operation = fields.String()
    effect = fields.Function(lambda match: match.effect.json)


@faults.get("/faults")
@with_workspace
def list_faults(workspace: Workspace) -> Response:
    """List all faults, oldest first, with the requests that they have hit."""
    return json_response({"faults": FaultReply(many=True).dump(_faults(workspace).all())})


@faults.post("/faults")
@with_workspace
def arm_fault(workspace: Workspace) -> Response:
    """Arm a fault of requests from now on."""
    options = NewFault().load(json_object())
    armed = _faults(workspace).arm(*options.pop("effects"), **options)
    return json_response(FaultReply().dump(armed), HTTPStatus.CREATED)


@faults.delete("/faults", strict_slashes=True)  # an id that is empty is not all of them
@with_workspace
def remove_faults(workspace: Workspace) -> Response:
    """Disarm and remove all faults."""
    _faults(workspace).remove_all()
    return Response(status=HTTPStatus.NO_CONTENT)


@faults.get("/faults/<opaque:fault_id>")
@with_workspace
def get_fault(workspace: Workspace, fault_id: str) -> Response:
    """Return a fault with the requests that it has hit."""
    return json_response(FaultReply().dump(_faults(workspace).get(fault_id)))


@faults.delete("/faults/<opaque:fault_id>")
@with_workspace
def remove_fault(workspace: Workspace, fault_id: str) -> Response:
    """Disarm and remove a fault."""
    _faults(workspace).remove(fault_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _faults(workspace: Workspace) -> Faults:
    return current_emulator().faults(workspace)


def pattern_json(pattern: RequestPattern) -> dict[str, Any]:
    """Return a pattern as JSON, with the keys that it sets."""
    return {
        name: value
        for name in ("method", "path", "operation", "query", "headers", "json")
        if (value := getattr(pattern, name)) not in (None, {})
    }
