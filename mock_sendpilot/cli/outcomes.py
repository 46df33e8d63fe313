"""What has come of deliveries and attempts, in words."""

from http import HTTPStatus
from typing import Any


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


def name_of(attempt: dict[str, Any]) -> str:
    """What an attempt is."""
    names = {"duplicate": "duplicate", "resend": "resent"}
    return names.get(attempt["trigger"], f"attempt {attempt['number']}")


def outcome(attempt: dict[str, Any]) -> str:
    """What came of an attempt that is told in full."""
    if attempt["response"] is None:
        return str(attempt["error"])
    status = attempt["response"]["status"]
    known = [one.phrase for one in HTTPStatus if one == status]
    return " ".join([str(status), *known])
