"""`/_emulate/disruptions`: deliveries that are made hostile on purpose."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import fields

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    JsonObject,
    Number,
    Text,
    Timestamp,
    WholeNumber,
    excerpt,
)
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Strict, list_of, new_random_seed
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, DEFAULT_RATE, KINDS, OPTIONS
from mock_sendpilot.webhooks.disruptions import (
    CHAOS_KINDS,
    MAX_TIMES,
    Disruption,
    Disruptions,
)
from mock_sendpilot.world.workspace import Workspace

disruptions = Blueprint("disruptions", __name__)

_CHAOS_FIELDS = ("rate", "random_seed", "kinds")


class NewDisruption(Strict):
    """The body of POST /_emulate/disruptions: a kind, its target, how often, and its options.

    `times` null is forever; `chaos` alone takes `rate`, `randomSeed` and `kinds`.
    """

    kind = Choice((*KINDS, CHAOS), required=True)
    endpoint_id = Text(allow_none=True)
    event_type = Text(allow_none=True)
    match = JsonObject()
    times = WholeNumber(1, MAX_TIMES, allow_none=True)
    attempts = Number(*OPTIONS["attempts"])
    copies = Number(*OPTIONS["copies"])
    seconds = Number(*OPTIONS["seconds"])
    bytes = Number(*OPTIONS["bytes"])
    rate = Number(0, 1)
    random_seed = Text(max_length=200)
    kinds = list_of(Choice(tuple(KINDS)), required=False, load_default=None, allow_none=True)


class _MatchReply(CamelCaseSchema):
    delivery_id = fields.String()
    event_id = fields.String()
    kind = fields.String()
    at = Timestamp()


class DisruptionReply(CamelCaseSchema):
    """A disruption, and the latest 1000 deliveries that it has met."""

    id = fields.String()
    kind = fields.String()
    state = fields.String()
    endpoint_id = fields.String()
    event_type = fields.String(attribute="pattern.event_type")
    match = fields.Raw(attribute="pattern.values")
    times = fields.Raw()
    options = fields.Raw()
    random_seed = fields.Raw()
    kinds = fields.Function(lambda one: list(one.chaos.kinds) if one.chaos else None)
    armed_at = Timestamp()
    match_count = fields.Integer()
    matches = fields.Function(lambda one: _MatchReply(many=True).dump(one.matches))


@disruptions.get("/disruptions")
@with_workspace
def list_disruptions(workspace: Workspace) -> Response:
    """Return all disruptions, oldest first, with the deliveries that they have met."""
    found = current_emulator().outbox(workspace).disruptions.all()
    return json_response({"disruptions": DisruptionReply(many=True).dump(found)})


@disruptions.post("/disruptions")
@with_workspace
def arm_disruption(workspace: Workspace) -> Response:
    """Arm a disruption for the deliveries that are queued from now on."""
    outbox = current_emulator().outbox(workspace)
    body = NewDisruption().load(json_object())
    pattern = EventPattern(body.pop("event_type", None), body.pop("match", {}))
    outbox.check_target(body.get("endpoint_id"), pattern)
    armed = _arm(outbox.disruptions, pattern, body)
    return json_response(DisruptionReply().dump(armed), HTTPStatus.CREATED)


def _arm(disruptions: Disruptions, pattern: EventPattern, body: dict[str, Any]) -> Disruption:
    """Arm one kind, or chaos; each refuses the options of the other instead of ignoring them."""
    kind = body["kind"]
    target = {key: body[key] for key in ("endpoint_id", "times") if key in body}
    options = {key: value for key, value in body.items() if key in OPTIONS}
    chaos = {key: body[key] for key in _CHAOS_FIELDS if body.get(key) not in (None, [])}
    if kind != CHAOS:
        for name in chaos:
            got = excerpt(body[name])
            raise InvalidInput(f"{camel_case(name)} is for chaos alone, got {got}")
        return disruptions.arm(kind, pattern=pattern, options=options, **target)
    for name in options:
        raise InvalidInput(f"{name} is no option of chaos; each kind has its own default")
    return disruptions.arm_chaos(
        chaos.get("random_seed") or new_random_seed(),
        rate=chaos.get("rate", DEFAULT_RATE),
        kinds=tuple(chaos.get("kinds", CHAOS_KINDS)),
        pattern=pattern,
        **target,
    )


@disruptions.delete("/disruptions", strict_slashes=True)  # an empty id is not all of them
@with_workspace
def remove_disruptions(workspace: Workspace) -> Response:
    """Disarm and remove all disruptions."""
    current_emulator().outbox(workspace).disruptions.remove_all()
    return Response(status=HTTPStatus.NO_CONTENT)


@disruptions.get("/disruptions/<opaque:disruption_id>")
@with_workspace
def get_disruption(workspace: Workspace, disruption_id: str) -> Response:
    """Return a disruption with the deliveries that it has met."""
    found = current_emulator().outbox(workspace).disruptions.get(disruption_id)
    return json_response(DisruptionReply().dump(found))


@disruptions.delete("/disruptions/<opaque:disruption_id>")
@with_workspace
def remove_disruption(workspace: Workspace, disruption_id: str) -> Response:
    """Disarm and remove a disruption."""
    current_emulator().outbox(workspace).disruptions.remove(disruption_id)
    return Response(status=HTTPStatus.NO_CONTENT)
