"""An event's name and body on the wire, under a contract.

The envelope is `eventId, eventType, timestamp, workspaceId, data` in every contract; the names of
the events and the keys of `data` are points of the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.events import Event, LeadStatusChanged, LeadTagChanged


@dataclass(frozen=True, slots=True)
class Payload:
    """What is sent for an event: its name on the wire and the bytes that are signed."""

    event_type: str
    body: bytes


def event_type(event: Event, contract: Contract) -> str | None:
    """What the contract calls this event; None if it has no such event."""
    if isinstance(event.change, LeadStatusChanged):
        current_name, fields = words.LEAD_UPDATED, contract.lead_events.status_fields
    else:
        current_name, fields = words.LEAD_TAG_UPDATED, contract.lead_events.tag_fields
    return contract.event_type(current_name) if fields else None


def payload(event: Event, event_type: str, contract: Contract) -> Payload:
    """What is sent for an event of this name: JSON, keys in the vendor's order."""
    if isinstance(event.change, LeadStatusChanged):
        fields, facts = contract.lead_events.status_fields, _status_facts(event.change)
    else:
        fields, facts = contract.lead_events.tag_fields, _tag_facts(event.change)
    envelope = {
        "eventId": event.id,
        "eventType": event_type,
        "timestamp": iso_milliseconds(event.occurred_at),
        "workspaceId": event.workspace_id,
        "data": {field: facts[field] for field in fields},
    }
    return Payload(event_type, orjson.dumps(envelope))


def _status_facts(change: LeadStatusChanged) -> Mapping[str, str | None]:
    return {
        "leadId": change.lead.id,
        "campaignId": change.lead.campaign_id,
        "linkedinUrl": change.lead.linkedin_url,
        "previousStatus": change.previous_status,
        "newStatus": change.lead.status,
        "changedBy": change.changed_by,
    }


def _tag_facts(change: LeadTagChanged) -> Mapping[str, str | None]:
    return {
        "leadId": change.lead.id,
        "campaignId": change.lead.campaign_id,
        "linkedinUrl": change.lead.linkedin_url,
        "previousTag": change.previous_tag,
        "newTag": change.lead.custom_lead_status,
    }
