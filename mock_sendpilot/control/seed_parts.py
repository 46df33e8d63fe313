"""From the checked parts of a fixtures file to the seed of a workspace."""

from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.inbox import Conversation, Message, participant
from mock_sendpilot.world.models import (
    ApiKey,
    Campaign,
    DailyLimits,
    FoundLead,
    JobTiming,
    Lead,
    Sender,
)
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

Part = dict[str, Any]


def workspace_seed(part: Part, now: datetime) -> WorkspaceSeed:
    """The seed; `now` stands in where a time is left out."""
    optional: Part = {**part.get("clock", {})}
    if "credits" in part:
        optional["credits"] = _balance(part["credits"], now)
    if "job_timing" in part:
        optional["job_timing"] = JobTiming(**part["job_timing"])
    behaviors = {lead["id"]: lead.pop("behavior", None) for lead in part["leads"]}
    return WorkspaceSeed(
        id=part["id"],
        name=part["name"],
        contract=part.get("contract"),
        plan=part.get("plan"),
        api_keys=tuple(_api_key(key) for key in part["api_keys"]),
        connections={one["id"]: tuple(one.pop("connections")) for one in part["senders"]},
        senders=tuple(_sender(sender) for sender in part["senders"]),
        campaigns=tuple(_campaign(campaign, now) for campaign in part["campaigns"]),
        leads=tuple(Lead(**_dated(lead, now)) for lead in part["leads"]),
        behaviors={
            lead_id: behavior for lead_id, behavior in behaviors.items() if behavior is not None
        },
        conversations=tuple(_conversation(one) for one in part["conversations"]),
        people=tuple(_person(one) for one in part["people"]),
        endpoints=tuple(EndpointSeed(**endpoint) for endpoint in part["endpoints"]),
        **optional,
    )


def _balance(part: Part, now: datetime) -> Balance:
    """A subscription that brings something does so on the first of next month, if not told."""
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    midnight = next_month.replace(hour=0, minute=0, second=0, microsecond=0)
    default = {"next_reset_at": midnight if part["monthly"] else None}
    return Balance(**{**default, **part})


def _api_key(part: Part) -> ApiKey:
    scopes = part.pop("scopes", None)
    return ApiKey(scopes=frozenset(scopes) if scopes is not None else None, **part)


def _sender(part: Part) -> Sender:
    return Sender(**{**part, "daily_limits": DailyLimits(**part["daily_limits"])})


def _campaign(part: Part, now: datetime) -> Campaign:
    lists = {"sender_ids": tuple(part["sender_ids"]), "sequence": tuple(part["sequence"])}
    return Campaign(**{**_dated(part, now), **lists})


def _conversation(part: Part) -> tuple[Conversation, tuple[Message, ...]]:
    messages = tuple(
        Message(**{"id": f"msg_{part['id']}_{number}", **message})
        for number, message in enumerate(sorted(part["messages"], key=_sent_at), 1)
    )
    person = participant(
        part["linkedin_url"], part.get("name", ""), picture_url=part.get("profile_picture_url")
    )
    conversation = Conversation(
        id=part["id"],
        sender_id=part["sender_id"],
        participant=person,
        created_at=messages[0].sent_at,
        updated_at=messages[-1].sent_at,
        unread_count=part["unread_count"],
    )
    return conversation, messages


def _sent_at(message: Part) -> datetime:
    moment: datetime = message["sent_at"]
    return moment


def _person(part: Part) -> FoundLead:
    full_name = f"{part['first_name']} {part['last_name']}"
    return FoundLead(**{"full_name": full_name, **part})


def _dated(part: Part, now: datetime) -> Part:
    created = part.get("created_at", now)
    return {**part, "created_at": created, "updated_at": part.get("updated_at", created)}
