"""`/_emulate/wait`: answers when nothing is at work or due any more."""

from http import HTTPStatus

from flask import Blueprint, Response

from mock_sendpilot.api.access import of_workspace
from mock_sendpilot.api.body import json_object
from mock_sendpilot.api.envelope import reply
from mock_sendpilot.control.clock_schemas import Wait, clock_shown
from mock_sendpilot.domain.workspace import Workspace

wait = Blueprint("wait", __name__)


@wait.post("/wait")
@of_workspace
def wait_until_idle(workspace: Workspace) -> Response:
    """200 as soon as it is idle, 409 when it is not in time; either way with the clock."""
    wanted = Wait().load(json_object())
    keeper = workspace.timekeeper
    is_idle = keeper.wait_until_idle(within_seconds=wanted["timeout_seconds"])
    status = HTTPStatus.OK if is_idle else HTTPStatus.CONFLICT
    return reply({"idle": is_idle, **clock_shown(keeper)}, status)
