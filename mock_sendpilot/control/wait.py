"""`/_emulate/wait`: answers when nothing is at work or due any more, or when events have come."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.parsing import optional_json_object
from mock_sendpilot.control.clock_schemas import Wait, clock_shown
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.control.event_schemas import EventDetail
from mock_sendpilot.control.waiting_room import waiting
from mock_sendpilot.webhooks.waiting import wait_for_events
from mock_sendpilot.world.workspace import Workspace

wait = Blueprint("wait", __name__)


@wait.post("/wait")
@with_workspace
def wait_for(workspace: Workspace) -> Response:
    """200 as soon as it is so, 409 when it is not in time; either way with the clock."""
    wanted = Wait().load(optional_json_object())
    wait_until = _events if wanted["pattern"] else _idle
    with waiting(wanted["timeout_seconds"]):
        has_come, found = wait_until(workspace, wanted)
    status = HTTPStatus.OK if has_come else HTTPStatus.CONFLICT
    return json_response({**found, **clock_shown(workspace.scheduler)}, status)


def _idle(workspace: Workspace, wanted: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    seconds = wanted["timeout_seconds"]
    is_idle = workspace.scheduler.wait_until_idle(timeout_seconds=seconds)
    return is_idle, {"idle": is_idle}


def _events(workspace: Workspace, wanted: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    pattern, outbox = wanted["pattern"], outbox_of(workspace)
    outbox.check_target(None, pattern)
    waited = wait_for_events(
        outbox.events,
        workspace.scheduler,
        pattern,
        count=wanted.get("count", 1),
        after=wanted.get("after"),
        timeout_seconds=wanted["timeout_seconds"],
    )
    rows = EventDetail(many=True).dump(waited.found)
    return waited.failure is None, {"events": rows, "failure": waited.failure}
