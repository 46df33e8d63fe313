"""The progress of a lead: how far its status says that it has come, and what that implies.

The vendor documents the statuses and not their order: this is the order of its sequences.
"""

from collections.abc import Mapping
from dataclasses import replace

from mock_sendpilot.world.models import Counters

REQUESTED, CONNECTED = "requested", "connected"
"""The states of a connection between a sender and a person."""

_CONNECTED, _MESSAGED, _FOLLOWED_UP, _REPLIED = 2, 3, 4, 5
# Statuses that are missing here (PENDING, PROCESSING, …) say nothing about what has happened. DONE
# is the end of a sequence, so that the lead is connected and has got a message.
_STAGES: Mapping[str, int] = {
    "CONNECTION_SENT": 1,
    "CONNECTION_ALREADY_SENT": 1,
    "CONNECTION_ACCEPTED": _CONNECTED,
    "CONNECTED": _CONNECTED,
    "MESSAGE_SENT": _MESSAGED,
    "FOLLOWUP_SENT": _FOLLOWED_UP,
    "REPLY_RECEIVED": _REPLIED,
    "OPPORTUNITY": _REPLIED,
    "MEETING_BOOKED": _REPLIED,
    "NOT_INTERESTED": _REPLIED,
    "SUCCESS": _REPLIED,
}

_FINAL = frozenset(
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


def is_final(status: str) -> bool:
    """Return whether a status is an outcome, or an end of a sequence."""
    return status in _FINAL


def ends_sequence(status: str) -> bool:
    """Return whether a sequence sends nothing more to a lead of this status."""
    return is_final(status) or _STAGES.get(status, 0) >= _REPLIED


def later_status(before: str, after: str) -> str:
    """Return the status after an action: a lead moves only forward, and a final status stays."""
    if is_final(before) or _STAGES.get(before, 0) >= _STAGES.get(after, 0):
        return before
    return after


def implied_connection(status: str) -> str | None:
    """Return the state of the connection that a status implies."""
    stage = _CONNECTED if status == "DONE" else _STAGES.get(status, 0)
    return CONNECTED if stage >= _CONNECTED else REQUESTED if stage else None


def implied_message_count(status: str) -> int:
    """Return the number of messages of its sequence that a lead of this status has got."""
    return max(0, _STAGES.get(status, 0) - _CONNECTED)


def is_contacted(status: str) -> bool:
    """Return whether a lead of this status has been sent something."""
    return status == "DONE" or status in _STAGES


def with_leads(counters: Counters, status: str, count: int) -> Counters:
    """Return the counters of a campaign with so many more leads of this status."""
    if not is_contacted(status):
        return counters
    stage = _MESSAGED if status == "DONE" else _STAGES[status]
    message_count = (stage >= _MESSAGED) + (stage == _FOLLOWED_UP)
    return replace(
        counters,
        leads_contacted=counters.leads_contacted + count,
        connections_sent=counters.connections_sent + count,
        connections_accepted=counters.connections_accepted + count * (stage >= _CONNECTED),
        messages_sent=counters.messages_sent + count * message_count,
        replies_received=counters.replies_received + count * (stage >= _REPLIED),
    )
