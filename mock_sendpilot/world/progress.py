"""How far a lead's status says it has come, and what follows from it.

The vendor documents the words and not their order: the order is that of its sequences.
"""

from collections.abc import Mapping
from dataclasses import replace

from mock_sendpilot.world.models import Counters

REQUESTED, CONNECTED = "requested", "connected"

_STAGES: Mapping[str, int] = {
    "CONNECTION_SENT": 1,
    "CONNECTION_ALREADY_SENT": 1,
    "CONNECTION_ACCEPTED": 2,
    "CONNECTED": 2,
    "MESSAGE_SENT": 3,
    "FOLLOWUP_SENT": 4,
    "REPLY_RECEIVED": 5,
    "OPPORTUNITY": 5,
    "MEETING_BOOKED": 5,
    "NOT_INTERESTED": 5,
    "SUCCESS": 5,
}
"""What is not here (PENDING, PROCESSING, …) says nothing of what has happened. DONE is the end of a
sequence, so that the lead is connected and has had a message."""
_CONNECTED_FROM, _MESSAGED_FROM, _FOLLOWED_UP, _REPLIED_FROM = 2, 3, 4, 5

_ENDS = frozenset(
    {
        "OPPORTUNITY",
        "MEETING_BOOKED",
        "NOT_INTERESTED",
        "DONE",
        "SUCCESS",
        "UNSUBSCRIBED",
        "IRRELEVANT",
        "BLOCKED",
        "FAILED",
        "SKIPPED",
        "STOPPED",
        "PROFILE_UNREACHABLE",
        "CONNECTION_WITHDRAWN",
        "ICP_NOT_MATCH",
    }
)


def is_over(status: str) -> bool:
    """Whether a lead of this status is left alone: an outcome, or an end of its sequence."""
    return status in _ENDS


def moved(before: str, to: str) -> str:
    """The status after something happened: a lead moves only forward, and an outcome stays."""
    if is_over(before) or _STAGES.get(before, 0) >= _STAGES.get(to, 0):
        return before
    return to


def connection_implied(status: str) -> str | None:
    """How the sender of a lead with this status stands to the person."""
    stage = 2 if status == "DONE" else _STAGES.get(status, 0)
    return CONNECTED if stage >= _CONNECTED_FROM else REQUESTED if stage else None


def counted(counters: Counters, status: str) -> Counters:
    """The counters of a campaign with one more lead that has come so far."""
    stage = 3 if status == "DONE" else _STAGES.get(status, 0)
    if not stage:
        return counters
    return replace(
        counters,
        leads_contacted=counters.leads_contacted + 1,
        connections_sent=counters.connections_sent + 1,
        connections_accepted=counters.connections_accepted + (stage >= _CONNECTED_FROM),
        messages_sent=counters.messages_sent + (stage >= _MESSAGED_FROM) + (stage == _FOLLOWED_UP),
        replies_received=counters.replies_received + (stage >= _REPLIED_FROM),
    )


def is_done_with(status: str) -> bool:
    """Whether a sequence sends nothing more to a lead of this status."""
    return is_over(status) or _STAGES.get(status, 0) >= _REPLIED_FROM


def messages_implied(status: str) -> int:
    """How many messages of its sequence a lead of this status has had."""
    return max(0, _STAGES.get(status, 0) - _CONNECTED_FROM)
