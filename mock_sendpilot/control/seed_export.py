"""From the contents of a workspace, as they are now, to the seed format.

The format has no place for events, deliveries, jobs, and what is due next.
"""

from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from mock_sendpilot.matching import camel_case
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.scheduling.durations import format_duration
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.models import (
    ApiKey,
    Behavior,
    Campaign,
    Counters,
    Lead,
    Sender,
)
from mock_sendpilot.world.store import Store
from mock_sendpilot.world.workspace import Workspace

Part = dict[str, Any]


def export_workspace(
    workspace: Workspace, outbox: Outbox, api_keys: Iterable[ApiKey]
) -> dict[str, Any]:
    """Return a workspace as a seed has it, with its API keys and signing secrets."""
    store = workspace.store
    with store.transaction():  # leads and behaviors of the same moment
        leads = [lead for campaign in store.campaign_ids() for lead in store.leads_in(campaign)]
        behaviors = workspace.behaviors.by_lead()
    clock = workspace.clock
    contract_name, contract_options = workspace.contract.parts
    return {
        "id": workspace.id,
        "name": workspace.name,
        "contract": {"name": contract_name, "options": contract_options},
        "apiKeys": [export_api_key(key) for key in api_keys],
        "plan": workspace.plan,
        "clock": {"startsAt": iso_milliseconds(clock.now()), "frozen": clock.is_frozen},
        "credits": export_credits(workspace.credits.balance()),
        "jobs": export_part(workspace.seed.job_timing),
        "senders": [export_sender(store, one) for one in store.senders()],
        "campaigns": [
            export_campaign(one, [lead for lead in leads if lead.campaign_id == one.id])
            for one in store.campaigns()
        ],
        "leads": [export_lead(one, behaviors.get(one.id)) for one in leads],
        "conversations": [
            _conversation(one, workspace.inbox.messages(one.id))
            for one in workspace.inbox.conversations()
        ],
        "people": [asdict(person) for person in workspace.searches.people],
        "endpoints": [
            export_endpoint(one) for one in outbox.endpoints.all() if not one.is_forwarded
        ],
    }


def export_sender(store: Store, sender: Sender) -> Part:
    """Return a sender as a seed has it."""
    part = export_part(sender)
    connections = store.connections_of(sender.id)
    return {
        "premium": part.pop("isPremium"),
        "limits": export_part(part.pop("dailyLimits")),
        **part,
        "connections": [url for url, state in connections.items() if state == CONNECTED],
    }


def export_credits(balance: Balance) -> Part:
    """Return credits as a seed has them."""
    part = export_part(balance)
    return {"nextResetDate": part.pop("nextResetAt"), **part}


def export_api_key(key: ApiKey) -> Part:
    """Return an API key as a seed has it."""
    part = export_part(key)
    part["scopes"] = None if key.scopes is None else sorted(key.scopes)
    limit = key.rate_limit
    part["rateLimit"] = None if limit is None else f"{limit.requests}/{limit.window_seconds}s"
    return {"revoked": part.pop("isRevoked"), **part}


def export_campaign(campaign: Campaign, leads: Iterable[Lead]) -> Part:
    """Return a campaign with these leads as a seed has it."""
    # Loading adds what the statuses of the leads imply to the counters, so it is left out here.
    # Not below 0: a status that somebody set by hand implies what no counter has counted.
    implied = Counters()
    for lead in leads:
        implied = lead_progress.with_leads(implied, lead.status, 1)
    counters = {
        camel_case(one.name): max(
            0, getattr(campaign.counters, one.name) - getattr(implied, one.name)
        )
        for one in fields(Counters)
    }
    steps = map(export_part, campaign.sequence)
    sequence = [{"step": part.pop("kind"), **part} for part in steps]
    return {**export_part(campaign), "counters": counters, "sequence": sequence}


def export_lead(lead: Lead, behavior: Behavior | None) -> Part:
    """Return a lead as a seed has it."""
    if behavior is None:
        return {**export_part(lead), "behavior": None}
    part = export_part(behavior)
    return {**export_part(lead), "behavior": {"unreachable": part.pop("isUnreachable"), **part}}


def _conversation(conversation: Conversation, messages: Iterable[Message]) -> Part:
    person = conversation.participant
    return {
        "id": conversation.id,
        "senderId": conversation.sender_id,
        "linkedinUrl": person.profile_url,
        "name": person.name,
        "profilePictureUrl": person.profile_picture_url,
        "unreadCount": conversation.unread_count,
        "messages": [export_part(message) for message in messages],
    }


def export_endpoint(endpoint: Endpoint) -> Part:
    """Return an endpoint as a seed has it."""
    return {
        "url": endpoint.url,
        "secret": endpoint.secret,
        "events": endpoint.event_types,
        "enabled": endpoint.is_enabled,
        **export_part(endpoint.settings),
    }


def export_part(thing: Any) -> Part:
    """Return the fields of an object by their keys, with times and durations as texts."""
    return {camel_case(one.name): _value(getattr(thing, one.name)) for one in fields(thing)}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_milliseconds(value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return value
