"""Events, deliveries and attempts in the log of a soak's server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.soak.ledger import Key

PENDING, SUCCEEDED, EXHAUSTED = "pending", "succeeded", "exhausted"
CANCELLED, DROPPED = "cancelled", "dropped"
CHANGE, TEST = "change", "test"
_SUBJECTS = ("linkedinUrl", "search_id", "campaignId")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `kind` is scheduled, resend or copy; `outcome` a status, or what went wrong."""

    number: int
    trigger: str
    at: datetime
    is_success: bool
    outcome: int | str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it was last seen."""

    id: str
    endpoint_id: str
    state: str
    reason: str | None = None
    disruption: str | None = None
    copies: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def scheduled(self) -> list[Attempt]:
        """The attempts that the schedule has made."""
        return [one for one in self.attempts if one.trigger == "schedule"]


@dataclass(slots=True)
class Event:
    """An event, with its deliveries as they were last seen, by their ids."""

    id: str
    sequence: int
    key: Key
    origin: str
    timestamp: str
    deliveries: dict[str, Delivery] = field(default_factory=dict)


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the event of a row of the log's changes, without its deliveries."""
    body = row["body"]
    data = body["data"]
    subject = next((str(data[name]) for name in _SUBJECTS if data.get(name)), "nobody")
    key = Key(row["eventType"], subject, data.get("previousStatus"), data.get("newStatus"))
    return Event(row["id"], row["sequence"], key, row["origin"], body["timestamp"])


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    """Return the delivery of a row of the log's changes."""
    disruption = row["disruption"] or {}
    return Delivery(
        id=row["id"],
        endpoint_id=row["endpointId"],
        state=row["state"],
        reason=row["reason"],
        disruption=disruption.get("kind"),
        copies=int(disruption.get("options", {}).get("copies", 0)),
        attempts=tuple(map(attempt_of, row["attempts"])),
    )


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    """Return an attempt of the log."""
    return Attempt(
        number=row["number"],
        trigger=row["trigger"],
        at=datetime.fromisoformat(row["at"].replace("Z", "+00:00")),
        is_success=row["success"],
        outcome=row["outcome"],
    )
