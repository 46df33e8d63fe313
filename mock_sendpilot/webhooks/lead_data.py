"""The `data` of the events about leads and the people behind them (section (c)).

What is sent to a person whom no campaign knows has no `campaignId`, as a client found. A request
has the `leadId` that the service then gives the person; a message to one who was never asked has
none.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.world.events import (
    ConnectionRequestAccepted,
    ConnectionRequestSent,
    LeadStatusChanged,
    LeadTagChanged,
    MessageSent,
    ReplyReceived,
)
from mock_sendpilot.world.inbox import internal_id
from mock_sendpilot.world.models import Contact, Lead

Data = Mapping[str, Any]


def status_changed(change: LeadStatusChanged, contract: Contract) -> Data:
    """`lead.updated`, with `changedBy` in older contracts."""
    facts = {
        **_lead(change.lead, contract),
        "previousStatus": change.previous_status,
        "newStatus": change.lead.status,
        "changedBy": change.changed_by,
    }
    return {field: facts[field] for field in contract.lead_events.status_fields if field in facts}


def tag_changed(change: LeadTagChanged, contract: Contract) -> Data:
    """`lead.tag.updated`: the custom status."""
    facts = {
        **_lead(change.lead, contract),
        "previousTag": change.previous_tag,
        "newTag": change.lead.custom_lead_status,
    }
    return {field: facts[field] for field in contract.lead_events.tag_fields if field in facts}


def message_sent(change: MessageSent, contract: Contract) -> Data:
    """`message.sent`; `sequenceStep` when a campaign sent it."""
    texts = contract.event_texts
    data = {
        **_who(change.contact, contract),
        texts.message_key: change.text[: texts.most_characters],
        "sequenceStep": change.sequence_step,
    }
    return _without_nothing(data)


def reply_received(change: ReplyReceived, contract: Contract) -> Data:
    """`reply.received`."""
    texts = contract.event_texts
    return {
        **_who(change.contact, contract),
        texts.reply_key: change.text[: texts.most_characters],
    }


def request_sent(change: ConnectionRequestSent, contract: Contract) -> Data:
    """`connection_request.sent`; `note` when there was one."""
    return _without_nothing({**_who(change.contact, contract), "note": change.note})


def request_accepted(change: ConnectionRequestAccepted, contract: Contract) -> Data:
    """`connection_request.accepted`."""
    return {
        **_who(change.contact, contract),
        "acceptedAt": iso_milliseconds(change.accepted_at),
    }


def _lead(lead: Lead, contract: Contract) -> dict[str, str | None]:
    who = {
        "leadId": lead.id,
        "campaignId": lead.campaign_id,
        "linkedinUrl": _url(lead.linkedin_url, contract),
    }
    return _without_nothing(who)


def _who(contact: Contact, contract: Contract) -> dict[str, Any]:
    data = {
        "leadId": contact.lead.id if contact.lead else None,
        "campaignId": contact.campaign_id,
        "linkedinUrl": _url(contact.linkedin_url, contract),
        "senderId": contact.sender_id,
    }
    return _without_nothing(data)


def _without_nothing(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _url(linkedin_url: str, contract: Contract) -> str:
    if contract.event_urls == "public":
        return linkedin_url
    slug = linkedin_url.rpartition("/")[2]
    urn = quote(f"urn:li:fs_miniProfile:{internal_id(linkedin_url)}", safe="")
    return f"in/{slug}?miniProfileUrn={urn}"
