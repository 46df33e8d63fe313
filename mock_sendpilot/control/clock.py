"""`/_emulate/clock`: the clock of a workspace."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from marshmallow import ValidationError, validates_schema

from mock_sendpilot.api.access import current_emulator, with_workspace
from mock_sendpilot.api.envelope import json_response
from mock_sendpilot.api.fields import Boolean, Number, Timestamp
from mock_sendpilot.api.parsing import json_object
from mock_sendpilot.control.fields import Duration, Strict
from mock_sendpilot.errors import AdvanceTimedOut
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import (
    ADVANCE_TIMEOUT_SECONDS,
    MAX_ADVANCE_SECONDS,
    Scheduler,
)
from mock_sendpilot.world.workspace import Workspace

clock = Blueprint("clock", __name__)

_ACTIONS = ("freeze", "set", "advance", "resume")


class ClockChange(Strict):
    """The body of POST /_emulate/clock: `freeze`, then `set` or `advance`, then `resume`.

    `timeoutSeconds` limits, in real time, how long an advance may take.
    """

    freeze = Boolean()
    set = Timestamp()
    advance = Duration()
    resume = Boolean()
    timeout_seconds = Number(
        0, MAX_ADVANCE_SECONDS, unit="seconds", load_default=ADVANCE_TIMEOUT_SECONDS
    )

    @validates_schema(skip_on_field_errors=True)
    def _require_action(self, data: dict[str, Any], **_: object) -> None:
        if not any(data.get(name) not in (None, False) for name in _ACTIONS):
            names = ", ".join(_ACTIONS)
            raise ValidationError(f'expected one of {names}, such as {{"advance": "1h30m"}}')
        if "set" in data and "advance" in data:
            raise ValidationError("expected set or advance, got both")


@clock.get("/clock")
@with_workspace
def get_clock(workspace: Workspace) -> Response:
    """Return the time, whether the clock is frozen, and what is due next."""
    return json_response(clock_reply(workspace.scheduler))


@clock.post("/clock")
@with_workspace
def change_clock(workspace: Workspace) -> Response:
    """Freeze, resume, set or advance the clock; return it, and what has happened meanwhile.

    409 when it has timed out, with what is left. A change of a clock that is just being advanced
    takes effect after that advance: `deferred` is then true.
    """
    change = ClockChange().load(json_object())
    scheduler = workspace.scheduler
    counters = current_emulator().outbox(workspace).counters
    counters_before = counters.copy()
    is_deferred = scheduler.is_advancing  # by another request: this one has not begun yet
    failure: AdvanceTimedOut | None = None
    try:
        task_count = _change(workspace, change)
    except AdvanceTimedOut as error:
        failure, task_count = error, error.task_count
    elapsed = counters.since(counters_before)
    reply = {
        **clock_reply(scheduler),
        "deferred": is_deferred,
        "elapsed": {
            "tasks": task_count,
            "events": dict(elapsed.events),
            "attempts": {
                outcome: elapsed.attempts[outcome]
                for outcome in ("succeeded", "failed", "exhausted")
            },
        },
        "left": failure and {"tasks": failure.left_count, "heldUpBy": list(failure.held_up_by)},
        "failure": failure and failure.message,
    }
    return json_response(reply, HTTPStatus.CONFLICT if failure else HTTPStatus.OK)


def _change(workspace: Workspace, change: dict[str, Any]) -> int:
    """Change the clock and return the number of tasks that have run."""
    then_frozen: bool | None = None  # frozen or running, as before
    if change.get("freeze"):
        then_frozen = True
    if change.get("resume"):  # it comes last, so it outweighs a freeze
        then_frozen = False
    timeout_seconds = change["timeout_seconds"]
    if "set" in change:
        return workspace.set_clock(
            change["set"], then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )
    if "advance" in change:
        return workspace.scheduler.advance(
            change["advance"], then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )
    if then_frozen:
        workspace.scheduler.freeze()
    else:
        workspace.scheduler.resume()
    return 0


def clock_reply(scheduler: Scheduler) -> dict[str, Any]:
    """Return a clock as JSON, with the tasks that run just now and the one that is due next."""
    due = scheduler.next_due()
    return {
        "now": iso_milliseconds(scheduler.clock.now()),
        "frozen": scheduler.clock.is_frozen,
        "advancing": scheduler.is_advancing,
        "running": scheduler.running(),
        "nextDueAt": iso_milliseconds(due.at) if due else None,
        "nextDue": due.about if due else None,
    }
