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
    runs = True if wanted.get("resume") else False if wanted.get("freeze") else None
    if "set" in wanted:
        return workspace.set_clock(wanted["set"], runs_afterwards=runs)
    if "advance" in wanted:
        return keeper.advance(wanted["advance"], runs_afterwards=runs)
    turn = keeper.resume if runs else keeper.freeze
    turn()
    return 0
