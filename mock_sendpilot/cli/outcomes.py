"""What has come of deliveries and attempts, in words."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

DUPLICATE = "duplicate"


def standing(delivery: dict[str, Any]) -> str:
    """How a delivery stands: its state, why, and when it goes on."""
    notes = [delivery["state"], f"attempts: {delivery['attemptCount']}"]
    if delivery["lastOutcome"] is not None:
        notes.append(f"last: {delivery['lastOutcome']}")
    if delivery["disruption"]:
        notes.append(f"disrupted: {delivery['disruption']['kind']}")
    if delivery["nextAttemptAt"]:
        notes.append(f"next at {delivery['nextAttemptAt']}")
    if delivery["reason"]:
        notes.append(delivery["reason"])
    return ", ".join(notes)


def names_of(attempts: Sequence[dict[str, Any]], *, copies: int) -> Iterable[str]:
    """What each attempt of a delivery is.

    Args:
        attempts: all of them.
        copies: how many of them a disruption has made besides the schedule; those come first.
    """
    besides = 0
    for attempt in attempts:
        besides += bool(attempt["resend"])
        if not attempt["resend"]:
            yield f"attempt {attempt['number']}"
        else:
            yield f"copy ({DUPLICATE})" if besides <= copies else "resent"


def outcome(attempt: dict[str, Any]) -> str:
    """What came of an attempt that is told in full."""
    if attempt["response"] is None:
        return str(attempt["error"])
    status = attempt["response"]["status"]
    known = [one.phrase for one in HTTPStatus if one == status]
    return " ".join([str(status), *known])
