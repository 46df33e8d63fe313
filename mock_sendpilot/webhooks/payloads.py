"""An event's name and body on the wire, under a contract.

The envelope is `eventId, eventType, timestamp, workspaceId, data` in every contract; the names of
the events and the keys of `data` are points of the contract.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks import campaign_data, job_data, lead_data
from mock_sendpilot.world import events
from mock_sendpilot.world.events import Event

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Payload:
    """What is sent for an event: its name on the wire and the bytes that are signed."""

    event_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind of change is told: today's name of its event, and its data."""

    current_name: str
    data: Callable[[Any, Contract], Data]


_FORMS: Mapping[type, _Form] = {
    events.LeadStatusChanged: _Form(words.LEAD_UPDATED, lead_data.status_changed),
    events.LeadTagChanged: _Form(words.LEAD_TAG_UPDATED, lead_data.tag_changed),
    events.MessageSent: _Form(words.MESSAGE_SENT, lead_data.message_sent),
    events.ReplyReceived: _Form(words.REPLY_RECEIVED, lead_data.reply_received),
    events.ConnectionRequestSent: _Form(words.CONNECTION_REQUEST_SENT, lead_data.request_sent),
    events.ConnectionRequestAccepted: _Form(
        words.CONNECTION_REQUEST_ACCEPTED, lead_data.request_accepted
    ),
    events.SearchCompleted: _Form(words.SEARCH_COMPLETED, job_data.search_completed),
    events.ExtractionCompleted: _Form(words.EXTRACTION_COMPLETED, job_data.extraction_completed),
}


def event_type(event: Event, contract: Contract) -> str | None:
    """What the contract calls this event; None if it has no such event."""
    change = event.change
    if isinstance(change, events.CampaignChanged):
        return contract.event_type(change.event_type)
    if isinstance(change, events.LeadTagChanged) and not contract.lead_events.tag_fields:
        return None
    return contract.event_type(_FORMS[type(change)].current_name)


def change_data(change: events.Change, at: datetime, contract: Contract) -> Data:
    """The `data` of a change, keys in the vendor's order."""
    if isinstance(change, events.CampaignChanged):
        return campaign_data.campaign_changed(change, at)
    return _FORMS[type(change)].data(change, contract)


def payload(event: Event, event_type: str, contract: Contract) -> Payload:
    """What is sent for an event of this name: JSON, keys in the vendor's order."""
    data = change_data(event.change, event.occurred_at, contract)
    if event.options.overrides:
        data = {**data, **event.options.overrides}
    envelope = {
        "eventId": event.id,
        "eventType": event_type,
        "timestamp": iso_milliseconds(event.occurred_at),
        "workspaceId": event.workspace_id,
        "data": data,
    }
    return Payload(event_type, orjson.dumps(envelope))
