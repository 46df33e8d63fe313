"""The schemas of the clock."""

from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from mock_sendpilot.api.fields import Boolean, JsonObject, Number, Text, Timestamp, WholeNumber
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import Duration
from mock_sendpilot.errors import AdvanceTimedOut
from mock_sendpilot.matching import EventPattern
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.scheduler import (
    ADVANCE_TIMEOUT_SECONDS,
    MAX_ADVANCE_SECONDS,
    Scheduler,
)
from mock_sendpilot.webhooks.event_log import MAX_EVENTS
from mock_sendpilot.webhooks.state import WebhookCounters

_MOST_SECONDS = 60
_ACTIONS = ("freeze", "set", "advance", "resume")
_EXPECTATION = frozenset({"event_type", "match", "count", "after"})


class ClockTurn(Strict):
    """Actions: `freeze`, then `set` or `advance`, then `resume`; at least one of them.

    `timeoutSeconds` limits, in real time, how long an advance may take.
    """

    freeze = Boolean()
    set = Timestamp()
    advance = Duration()
    resume = Boolean()
    timeout_seconds = Number(
        0,
        MAX_ADVANCE_SECONDS,
        unit="seconds",
        load_default=ADVANCE_TIMEOUT_SECONDS,
    )

    @validates_schema(skip_on_field_errors=True)
    def _something(self, data: dict[str, Any], **_: object) -> None:
        if not any(data.get(name) not in (None, False) for name in _ACTIONS):
            names = ", ".join(_ACTIONS)
            raise ValidationError(f'needs one of {names}, such as {{"advance": "1h30m"}}')
        if "set" in data and "advance" in data:
            raise ValidationError("takes set or advance, not both")


class Wait(Strict):
    """What to wait for: that it is idle, or `count` events that fit; and how long."""

    idle = Boolean()
    event_type = Text()
    match = JsonObject()
    count = WholeNumber(1, MAX_EVENTS)
    after = Text()
    timeout_seconds = Number(0, _MOST_SECONDS, unit="seconds", load_default=5.0)

    @validates_schema(skip_on_field_errors=True)
    def _one_thing(self, data: dict[str, Any], **_: object) -> None:
        is_expectation = bool(_EXPECTATION & set(data))
        if data.get("idle") and is_expectation:
            raise ValidationError("waits for idle, or for events; not for both at once")
        if data.get("idle") is False and not is_expectation:
            raise ValidationError("idle must be true when there is nothing else to wait for")

    @post_load
    def _pattern(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """An expectation as a pattern; None where it is to be idle."""
        pattern = None
        if _EXPECTATION & set(data):
            pattern = EventPattern(data.get("event_type"), data.get("match", {}))
        return {**data, "pattern": pattern}


def clock_shown(scheduler: Scheduler) -> dict[str, Any]:
    """Return a clock, what runs just now, and what is due next, and when."""
    due = scheduler.next_due()
    return {
        "now": iso_milliseconds(scheduler.clock.now()),
        "frozen": scheduler.clock.is_frozen,
        "advancing": scheduler.is_advancing,
        "running": scheduler.running(),
        "nextDueAt": iso_milliseconds(due.at) if due else None,
        "nextDue": due.about if due else None,
    }


def elapsed_shown(tasks: int, counters: WebhookCounters) -> dict[str, Any]:
    """What has happened while the clock was turned."""
    outcomes = ("succeeded", "failed", "exhausted")
    return {
        "tasks": tasks,
        "events": dict(counters.events),
        "attempts": {outcome: counters.attempts[outcome] for outcome in outcomes},
    }


def left_shown(failure: AdvanceTimedOut) -> dict[str, Any]:
    """Return what an advance has left that was not over in time."""
    return {"tasks": failure.left_count, "heldUpBy": list(failure.held_up_by)}
