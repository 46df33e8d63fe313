"""`/_emulate/clock`: the clock of a workspace, to be turned."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from mock_sendpilot.api.access import with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.clock_schemas import ClockTurn, clock_shown, elapsed_shown, left_shown
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.errors import AdvanceTimedOut
from mock_sendpilot.world.workspace import Workspace

clock = Blueprint("clock", __name__)


@clock.get("/clock")
@with_workspace
def show_clock(workspace: Workspace) -> Response:
    """Return the time, whether the clock is frozen, and what is due next."""
    return json_response(clock_shown(workspace.scheduler))


@clock.post("/clock")
@with_workspace
def turn_clock(workspace: Workspace) -> Response:
    """Freeze, resume, set or advance it; answers the clock, and what has happened meanwhile.

    409 when the time for it was over first, with what is left. What is asked of a clock that is
    just being advanced takes effect after that: `deferred` is then true.
    """
    wanted = ClockTurn().load(json_object())
    counters = outbox_of(workspace).counters
    before = counters.copy()
    is_deferred = workspace.scheduler.is_advancing
    failure: AdvanceTimedOut | None = None
    try:
        task_count = _turned(workspace, wanted)
    except AdvanceTimedOut as error:
        failure, task_count = error, error.task_count
    answer = {
        **clock_shown(workspace.scheduler),
        "deferred": is_deferred,
        "elapsed": elapsed_shown(task_count, counters.since(before)),
        "left": None if failure is None else left_shown(failure),
        "failure": None if failure is None else failure.message,
    }
    return json_response(answer, HTTPStatus.OK if failure is None else HTTPStatus.CONFLICT)


def _turned(workspace: Workspace, wanted: dict[str, Any]) -> int:
    scheduler = workspace.scheduler
    then_frozen = False if wanted.get("resume") else True if wanted.get("freeze") else None
    timeout_seconds = wanted["timeout_seconds"]
    if "set" in wanted:
        return workspace.set_clock(
            wanted["set"], then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )
    if "advance" in wanted:
        return scheduler.advance(
            wanted["advance"], then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )
    turn = scheduler.freeze if then_frozen else scheduler.resume
    turn()
    return 0
