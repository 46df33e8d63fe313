"""`/_emulate/clock`: the clock of a workspace, to be turned."""

from typing import Any

from flask import Blueprint, Response

from mock_sendpilot.api.access import of_workspace
from mock_sendpilot.api.body import json_object
from mock_sendpilot.api.envelope import reply
from mock_sendpilot.control.clock_schemas import ClockTurn, clock_shown, passed_shown
from mock_sendpilot.control.current import outbox_of
from mock_sendpilot.domain.workspace import Workspace

clock = Blueprint("clock", __name__)


@clock.get("/clock")
@of_workspace
def show_clock(workspace: Workspace) -> Response:
    """What it shows, whether it stands still, and what is due next."""
    return reply(clock_shown(workspace.timekeeper))


@clock.post("/clock")
@of_workspace
def turn_clock(workspace: Workspace) -> Response:
    """Freeze, resume, set or advance it; answers the clock, and what has happened meanwhile."""
    wanted = ClockTurn().load(json_object())
    tally = outbox_of(workspace).tally
    before = tally.copy()
    tasks = _turned(workspace, wanted)
    shown = clock_shown(workspace.timekeeper)
    return reply({**shown, "passed": passed_shown(tasks, tally.since(before))})


def _turned(workspace: Workspace, wanted: dict[str, Any]) -> int:
    keeper = workspace.timekeeper
    if wanted.get("freeze"):
        keeper.freeze()
    tasks = 0
    if "set" in wanted:
        tasks = keeper.advance_to(wanted["set"])
    elif "advance" in wanted:
        tasks = keeper.advance(wanted["advance"])
    if wanted.get("resume"):
        keeper.resume()
    return tasks
