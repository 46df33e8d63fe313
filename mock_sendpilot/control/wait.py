"""`/_emulate/wait`: wait until nothing runs or is due any more, or until events have come."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import ValidationError, validates_schema

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Boolean, JsonObject, Number, Text, WholeNumber
from mock_sendpilot.api.parsing import optional_json_object
from mock_sendpilot.control.clock import clock_reply
from mock_sendpilot.control.events import EventDetail
from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.guard import waiting
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.webhooks.event_log import MAX_EVENTS
from mock_sendpilot.webhooks.waiting import wait_for_events
from mock_sendpilot.world.workspace import Workspace

wait = Blueprint("wait", __name__)

_MAX_WAIT_SECONDS = 60  # the timeouts of `cli/client.py` are longer
_EXPECTATION = frozenset({"event_type", "match", "count", "after"})


class Wait(Strict):
    """The body of POST /_emulate/wait: `idle`, or the events to wait for; by default idle."""

    idle = Boolean()
    event_type = Text()
    match = JsonObject()
    count = WholeNumber(1, MAX_EVENTS)
    after = Text()
    timeout_seconds = Number(0, _MAX_WAIT_SECONDS, unit="seconds", load_default=5.0)

    @validates_schema(skip_on_field_errors=True)
    def _require_one_of_two(self, data: dict[str, Any], **_: object) -> None:
        is_for_events = bool(_EXPECTATION & set(data))
        if data.get("idle") and is_for_events:
            raise ValidationError("expected idle, or what events have, got both")
        if data.get("idle") is False and not is_for_events:
            raise ValidationError("idle: expected true, got false and nothing else to wait for")


@wait.post("/wait")
@with_workspace
def wait_until(workspace: Workspace) -> Response:
    """Return 200 as soon as the condition is met, 409 when it times out; both with the clock."""
    body = Wait().load(optional_json_object())
    timeout_seconds = body["timeout_seconds"]
    with waiting(timeout_seconds):
        if _EXPECTATION & set(body):
            is_met, reply = _wait_for_events(workspace, body)
        else:
            is_met = workspace.scheduler.wait_until_idle(timeout_seconds=timeout_seconds)
            reply = {"idle": is_met}
    status = HTTPStatus.OK if is_met else HTTPStatus.CONFLICT
    return json_response({**reply, **clock_reply(workspace.scheduler)}, status)


def _wait_for_events(workspace: Workspace, body: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    pattern = EventPattern(body.get("event_type"), body.get("match", {}))
    outbox = current_emulator().outbox(workspace)
    outbox.check_target(None, pattern)
    waited = wait_for_events(
        outbox.events,
        workspace.scheduler,
        pattern,
        count=body.get("count", 1),
        after=body.get("after"),
        timeout_seconds=body["timeout_seconds"],
    )
    rows = EventDetail(many=True).dump(waited.found)
    return waited.failure is None, {"events": rows, "failure": waited.failure}
