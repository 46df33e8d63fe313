"""The schemas of the clock."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from mock_sendpilot.api.fields import Boolean, Checked, Timestamp
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import Duration
from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.timekeeper import Timekeeper
from mock_sendpilot.webhooks.tally import Tally

_MOST_SECONDS = 60


class ClockTurn(Strict):
    """What to do: `freeze`, then `set` or `advance`, then `resume`; at least one of them."""

    freeze = Boolean()
    set = Timestamp()
    advance = Duration()
    resume = Boolean()

    @validates_schema(skip_on_field_errors=True)
    def _something(self, data: dict[str, Any], **_: object) -> None:
        if not any(data.get(name) not in (None, False) for name in self.fields):
            names = ", ".join(self.fields)
            raise ValidationError(f'needs one of {names}, such as {{"advance": "1h30m"}}')
        if "set" in data and "advance" in data:
            raise ValidationError("takes set or advance, not both")


class _Seconds(Checked):
    """How long to wait."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(f"must be a number of seconds from 0 to {_MOST_SECONDS}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:  # noqa: ANN401
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 <= value <= _MOST_SECONDS:
            return float(value)
        raise self.refusal(value)


def _true(value: bool) -> None:  # noqa: FBT001 - marshmallow calls it
    if not value:
        raise ValidationError("must be true; there is nothing else to wait for")


class Wait(Strict):
    """What to wait for, which can only be that it is idle, and how long."""

    idle = Boolean(load_default=True, validate=_true)
    timeoutSeconds = _Seconds(attribute="timeout_seconds", load_default=5.0)  # noqa: N815


def clock_shown(keeper: Timekeeper) -> dict[str, Any]:
    """A clock, and when something is due next."""
    due_at = keeper.agenda.next_due_at()
    return {
        "now": iso_milliseconds(keeper.clock.now()),
        "frozen": keeper.clock.is_frozen,
        "nextDueAt": iso_milliseconds(due_at) if due_at else None,
    }


def passed_shown(tasks: int, tally: Tally) -> dict[str, Any]:
    """What has happened while the clock was turned."""
    outcomes = ("succeeded", "failed", "exhausted")
    return {
        "tasks": tasks,
        "events": dict(tally.events),
        "attempts": {outcome: tally.attempts[outcome] for outcome in outcomes},
    }
