"""From the parts of a seed, as its schemas load them, to objects of the world."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.inbox import Conversation, Message, participant
from mock_sendpilot.world.models import (
    ApiKey,
    Campaign,
    Counters,
    DailyLimits,
    FoundLead,
    JobTiming,
    Lead,
    Sender,
)
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

Part = dict[str, Any]
"""A part of a seed as its schema has loaded it."""
EMPTY: Mapping[str, Sequence[Any]] = dict.fromkeys(
    ("api_keys", "senders", "campaigns", "leads", "conversations", "people", "endpoints"), ()
)
"""The contents of an empty workspace as their schema loads them."""


def workspace_seed(part: Part, now: datetime) -> WorkspaceSeed:
    """Return the seed of a workspace.

    Args:
        part: the workspace.
        now: the time of a `created_at` or `updated_at` that is left out.
    """
    optional: Part = {**part.get("clock", {})}
    if "credits" in part:
        optional["credits"] = balance_of(part["credits"], now)
    if "jobs" in part:
        optional["job_timing"] = JobTiming(**part["jobs"])
    # A store has leads without their behaviors, and senders without their connections.
    behaviors = {lead["id"]: lead.pop("behavior", None) for lead in part["leads"]}
    return WorkspaceSeed(
        id=part["id"],
        name=part["name"],
        contract=part.get("contract"),
        plan=part.get("plan"),
        api_keys=tuple(api_key_of(key) for key in part["api_keys"]),
        connections={one["id"]: tuple(one.pop("connections")) for one in part["senders"]},
        senders=tuple(sender_of(sender) for sender in part["senders"]),
        campaigns=tuple(campaign_of(campaign, now) for campaign in part["campaigns"]),
        leads=tuple(_leads(part["leads"], now)),
        behaviors={
            lead_id: behavior for lead_id, behavior in behaviors.items() if behavior is not None
        },
        conversations=tuple(_conversation(one) for one in part["conversations"]),
        people=tuple(_person(one) for one in part["people"]),
        endpoints=tuple(EndpointSeed(**endpoint) for endpoint in part["endpoints"]),
        **optional,
    )


def _leads(parts: Iterable[Part], now: datetime) -> Iterator[Lead]:
    """Yield leads that share what is the same, since there may be a million of them."""
    no_fields: Part = {}
    shared: dict[str | None, str | None] = {}
    for part in parts:
        for name in ("campaign_id", "sender_id"):
            part[name] = shared.setdefault(part.get(name), part.get(name))
        part["custom_fields"] = part["custom_fields"] or no_fields
        created_at = part.setdefault("created_at", now)
        part.setdefault("updated_at", created_at)
        yield Lead(**part)


def balance_of(part: Part, now: datetime) -> Balance:
    """Return credits; monthly ones are renewed on the first of next month, by default."""
    # 32 days after the first of any month are in the next one.
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    midnight = next_month.replace(hour=0, minute=0, second=0, microsecond=0)
    default = {"next_reset_at": midnight if part["monthly"] else None}
    return Balance(**{**default, **part})


def api_key_of(part: Part) -> ApiKey:
    """Return an API key."""
    scopes = part.pop("scopes", None)
    return ApiKey(scopes=frozenset(scopes) if scopes is not None else None, **part)


def sender_of(part: Part) -> Sender:
    """Return a sender, without its connections."""
    limits = DailyLimits(**part.pop("limits"))
    return Sender(**part, daily_limits=limits)


def campaign_of(part: Part, now: datetime) -> Campaign:
    """Return a campaign."""
    return Campaign(
        **{
            **dated(part, now),
            "sender_ids": tuple(part["sender_ids"]),
            "sequence": tuple(part["sequence"]),
            "counters": Counters(**part["counters"]),
        }
    )


def _conversation(part: Part) -> tuple[Conversation, tuple[Message, ...]]:
    # A seed may list them in any order; the ids that it leaves out count from the earliest.
    in_order = sorted(part["messages"], key=lambda message: message["sent_at"])
    messages = tuple(
        Message(**{"id": f"msg_{part['id']}_{number}", **message})
        for number, message in enumerate(in_order, 1)
    )
    conversation = Conversation(
        id=part["id"],
        sender_id=part["sender_id"],
        participant=participant(
            part["linkedin_url"], part.get("name", ""), picture_url=part.get("profile_picture_url")
        ),
        created_at=messages[0].sent_at,
        updated_at=messages[-1].sent_at,
        unread_count=part["unread_count"],
    )
    return conversation, messages


def _person(part: Part) -> FoundLead:
    full_name = f"{part['first_name']} {part['last_name']}"
    return FoundLead(**{"full_name": full_name, **part})


def dated(part: Part, now: datetime) -> Part:
    """Return a part with both its times, by default now."""
    created_at = part.get("created_at", now)
    return {**part, "created_at": created_at, "updated_at": part.get("updated_at", created_at)}
