"""The names and bodies of events on the wire, under a contract.

The envelope is `eventId, eventType, timestamp, workspaceId, data` in every contract; the names of
the events and the keys of `data` are options of the contract.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import orjson

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import bytes_to_keep
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.endpoints import check_endpoint
from mock_sendpilot.world import events
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.inbox import internal_id
from mock_sendpilot.world.models import Contact, Lead

Data = Mapping[str, Any]

_SAMPLE_TIME = datetime(2026, 6, 1, tzinfo=timezone.utc)  # any: only keys of samples are used
_FIXTURE_OPTIONS: Mapping[str, str] = {
    "timeout_seconds": "timeout",
    "event": "event_type",
    "events": "event_type",
}
"""Options of the pytest fixture, by what people write for them."""


@dataclass(frozen=True, slots=True)
class Payload:
    """An event on the wire: its event type and the bytes that are signed."""

    event_type: str
    body: bytes


def event_type(event: Event, contract: Contract) -> str | None:
    """Return what the contract calls this event; None if the contract does not send it."""
    change = event.change
    if isinstance(change, events.CampaignChanged):
        return contract.event_type(change.event_type)
    if isinstance(change, events.LeadTagChanged) and not contract.lead_events.tag_fields:
        return None
    return contract.event_type(_FORMATS[type(change)].current_name)


def payload(event: Event, event_type: str, contract: Contract) -> Payload:
    """Return the event as JSON, with its keys in the vendor's order."""
    body = orjson.dumps(content(event, event_type, contract))
    return Payload(event_type, bytes_to_keep(body))


def content(event: Event, event_type: str, contract: Contract) -> Data:
    """Return the JSON object of an event, with its keys in the vendor's order."""
    data = change_data(event.change, event.occurred_at, contract)
    if event.options.overrides:
        data = {**data, **event.options.overrides}
    return {
        "eventId": event.id,
        "eventType": event_type,
        "timestamp": iso_milliseconds(event.occurred_at),
        "workspaceId": event.workspace_id,
        "data": data,
    }


def change_data(change: events.Change, occurred_at: datetime, contract: Contract) -> Data:
    """Return the `data` of a change, with its keys in the vendor's order."""
    if isinstance(change, events.CampaignChanged):
        return _campaign_changed(change, occurred_at)
    return _FORMATS[type(change)].data(change, contract)


# --- leads ---------------------------------------------------------------------------------------


def _lead_status_changed(change: events.LeadStatusChanged, contract: Contract) -> Data:
    """Return the data of `lead.updated`, with `changedBy` under older contracts."""
    # `changedBy` is in the vendor's first pages and gone from the later ones.
    data = {
        **_lead_data(change.lead, contract),
        "previousStatus": change.previous_status,
        "newStatus": change.lead.status,
        "changedBy": change.changed_by,
    }
    return {key: data[key] for key in contract.lead_events.status_fields if key in data}


def _lead_tag_changed(change: events.LeadTagChanged, contract: Contract) -> Data:
    """Return the data of `lead.tag.updated`; the tag is the custom status of the lead."""
    data = {
        **_lead_data(change.lead, contract),
        "previousTag": change.previous_tag,
        "newTag": change.lead.custom_lead_status,
    }
    return {key: data[key] for key in contract.lead_events.tag_fields if key in data}


def _message_sent(change: events.MessageSent, contract: Contract) -> Data:
    # The first pages have `messagePreview`, cut to 100 characters; now it is the whole `message`.
    texts = contract.event_texts
    data = {
        **_contact_data(change.contact, contract),
        texts.message_key: change.text[: texts.max_characters],
        "sequenceStep": change.sequence_step,  # only messages of a campaign have one
    }
    return _without_none(data)


def _reply_received(change: events.ReplyReceived, contract: Contract) -> Data:
    texts = contract.event_texts
    return {
        **_contact_data(change.contact, contract),
        texts.reply_key: change.text[: texts.max_characters],
    }


def _connection_request_sent(change: events.ConnectionRequestSent, contract: Contract) -> Data:
    return _without_none({**_contact_data(change.contact, contract), "note": change.note})


def _connection_request_accepted(
    change: events.ConnectionRequestAccepted, contract: Contract
) -> Data:
    return {
        **_contact_data(change.contact, contract),
        "acceptedAt": iso_milliseconds(change.accepted_at),
    }


def _lead_data(lead: Lead, contract: Contract) -> dict[str, str | None]:
    data = {
        "leadId": lead.id,
        "campaignId": lead.campaign_id,
        "linkedinUrl": _linkedin_url(lead.linkedin_url, contract),
    }
    return _without_none(data)


def _contact_data(contact: Contact, contract: Contract) -> dict[str, Any]:
    """Return the keys about the person; those that a client has seen missing may be missing.

    A person whom no campaign knows has no `campaignId`, and one who was never asked to connect has
    no `leadId`: the vendor gives that with the connection request.
    """
    data = {
        "leadId": contact.lead.id if contact.lead else None,
        "campaignId": contact.campaign_id,
        "linkedinUrl": _linkedin_url(contact.linkedin_url, contract),
        "senderId": contact.sender_id,
    }
    return _without_none(data)


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _linkedin_url(linkedin_url: str, contract: Contract) -> str:
    if contract.event_urls == "public":
        return linkedin_url
    # One client claims to be sent such URLs; no document mentions them.
    slug = linkedin_url.rpartition("/")[2]
    urn = quote(f"urn:li:fs_miniProfile:{internal_id(linkedin_url)}", safe="")
    return f"in/{slug}?miniProfileUrn={urn}"


# --- campaigns and jobs --------------------------------------------------------------------------


def _campaign_changed(change: events.CampaignChanged, occurred_at: datetime) -> Data:
    """Return the data of a campaign event. The vendor documents none for `campaign.finished`."""
    changed_at = iso_milliseconds(occurred_at)
    own_keys: Mapping[str, Data] = {
        words.CAMPAIGN_STARTED: {"totalLeads": change.total_leads, "startedAt": changed_at},
        words.CAMPAIGN_PAUSED: {"pausedAt": changed_at, "pausedBy": change.changed_by},
        words.CAMPAIGN_RESUMED: {"resumedAt": changed_at, "resumedBy": change.changed_by},
        words.CAMPAIGN_FINISHED: {"finishedAt": changed_at},
    }
    campaign = change.campaign
    return {
        "campaignId": campaign.id,
        "campaignName": campaign.name,
        **own_keys[change.event_type],
    }


def _search_completed(change: events.SearchCompleted, _contract: Contract) -> Data:
    """Return the data of `lead_database.search.completed`, in snake case like the routes of jobs.

    `results_url` is a path, as on the vendor's page.
    """
    search = change.search
    return {
        "search_id": search.id,
        "search_name": search.name,
        "total_leads_found": search.found,
        "requested_limit": search.limit,
        **_job_times(search.created_at, search.completed_at),
        "filters": search.filters,
        "leads": [asdict(lead) for lead in search.leads],
        "results_url": f"/v1/lead-database/searches/{search.id}/results",
    }


def _extraction_completed(change: events.ExtractionCompleted, _contract: Contract) -> Data:
    """Return the data of `lead_extractor.job.completed`.

    A credit is used for each lead, and another for each attempt to enrich one.
    """
    extraction = change.extraction
    return {
        "campaign_id": extraction.id,
        "campaign_name": extraction.name,
        "campaign_type": "SEARCH",  # the only value on the vendor's page
        "mode": extraction.mode,
        "search_urls": list(extraction.urls),
        "total_leads_extracted": extraction.extracted,
        "total_leads_enriched": extraction.enriched,
        "requested_limit": extraction.limit,
        **_job_times(extraction.created_at, extraction.completed_at),
        "credits_used": {
            "extraction": extraction.extracted,
            "enrichment": extraction.enrichments_tried,
            "total": extraction.extracted + extraction.enrichments_tried,
        },
        "leads": [asdict(lead) for lead in extraction.leads],
    }


def _job_times(started_at: datetime, completed_at: datetime | None) -> dict[str, Any]:
    ended_at = completed_at or started_at  # an event by hand may be about a job that still runs
    return {
        "started_at": iso_milliseconds(started_at),
        "completed_at": iso_milliseconds(ended_at),
        "duration_ms": (ended_at - started_at) // timedelta(milliseconds=1),
    }


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of change on the wire: its event type today, and its data."""

    current_name: str
    data: Callable[[Any, Contract], Data]


_FORMATS: Mapping[type, _Format] = {
    events.LeadStatusChanged: _Format(words.LEAD_UPDATED, _lead_status_changed),
    events.LeadTagChanged: _Format(words.LEAD_TAG_UPDATED, _lead_tag_changed),
    events.MessageSent: _Format(words.MESSAGE_SENT, _message_sent),
    events.ReplyReceived: _Format(words.REPLY_RECEIVED, _reply_received),
    events.ConnectionRequestSent: _Format(words.CONNECTION_REQUEST_SENT, _connection_request_sent),
    events.ConnectionRequestAccepted: _Format(
        words.CONNECTION_REQUEST_ACCEPTED, _connection_request_accepted
    ),
    events.SearchCompleted: _Format(words.SEARCH_COMPLETED, _search_completed),
    events.ExtractionCompleted: _Format(words.EXTRACTION_COMPLETED, _extraction_completed),
}


# --- keys that callers name ----------------------------------------------------------------------


def data_keys(contract: Contract, event_type: str | None = None) -> list[str]:
    """Return the keys that events of this type, or of any type, may have under a contract."""
    from mock_sendpilot.world.samples import sample_change  # the first event does not need them

    names = zip(contract.event_types, words.EVENT_TYPES, strict=True)
    changes = [
        sample_change(name, _SAMPLE_TIME) for own, name in names if event_type in {None, own}
    ]
    keys = (key for change in changes for key in change_data(change, _SAMPLE_TIME, contract))
    return list(dict.fromkeys(keys))


def check_pattern(
    contract: Contract, pattern: EventPattern, *, options: Iterable[str] = ()
) -> None:
    """Refuse a pattern that no event of the contract can ever match.

    Args:
        contract: the contract of the workspace.
        pattern: has the vendor's keys, or the same keys in snake case.
        options: names that the caller takes next to keys, suggested for a misspelled one.

    Raises:
        InvalidInput: an unknown event type, or a key that its data never has.
    """
    if pattern.event_type is not None:
        check_event_type(contract, pattern.event_type)
    known = data_keys(contract, pattern.event_type) if pattern.values else []
    unknown = [key for key in pattern.values if camel_case(key) not in known]
    check_keys(pattern.event_type, unknown, known, options=options)


def check_event_type(contract: Contract, event_type: str) -> None:
    """Refuse an event type that a contract does not send; it is named as the contract names it.

    Raises:
        InvalidInput: no contract sends such an event, or only others do.
    """
    check_endpoint(contract, event_types=[event_type])
    is_tag_event = event_type == contract.event_type(words.LEAD_TAG_UPDATED)
    if is_tag_event and not contract.lead_events.tag_fields:
        raise InvalidInput(
            f"contract {contract.name!r} does not send {event_type!r}; live does, and any other "
            "with lead_events=live (start --contract-option)"
        )


def check_keys(
    event_type: str | None,
    keys: Iterable[str],
    known: list[str],
    *,
    options: Iterable[str] = (),
    where: str = "",
) -> None:
    """Refuse a key of event data that is not known, and suggest the nearest.

    Raises:
        InvalidInput: lists the known keys.
    """
    for key in keys:
        if key in known:
            continue
        candidates = [*options, *known]
        intended = _FIXTURE_OPTIONS.get(key, key)
        guess = did_you_mean(intended if intended in candidates else key, candidates)
        raise InvalidInput(
            f"{where}data of {event_type or 'events'} has no key {key[:80]!r}; {guess}"
            f"it has: {', '.join(known)}"
        )
