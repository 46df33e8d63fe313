"""Events: something that happened in a workspace and that the vendor tells its customers of.

An event holds domain facts. Its name and body on the wire are made under a contract, in
`webhooks/payloads.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_sendpilot.world.jobs import Extraction, Search
from mock_sendpilot.world.models import Campaign, Contact, Lead


@dataclass(frozen=True, slots=True)
class LeadStatusChanged:
    """A lead has another status; `lead` is the lead after the change."""

    lead: Lead
    previous_status: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class LeadTagChanged:
    """A lead has another custom status ("tag" in the vendor's event)."""

    lead: Lead
    previous_tag: str | None


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A sender has sent a message; `sequence_step` counts from 1 when a sequence did it."""

    contact: Contact
    text: str
    sequence_step: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """The person has answered."""

    contact: Contact
    text: str


@dataclass(frozen=True, slots=True)
class ConnectionRequestSent:
    """A sender has asked a person to connect."""

    contact: Contact
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionRequestAccepted:
    """The person has accepted."""

    contact: Contact
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """A campaign was started, paused or resumed, or has finished.

    `event_type` is today's name of the event; `changed_by` is `api`, `user` or `system`.
    """

    event_type: str
    campaign: Campaign
    total_leads: int
    changed_by: str


@dataclass(frozen=True, slots=True)
class SearchCompleted:
    """A search of the lead database is over."""

    search: Search


@dataclass(frozen=True, slots=True)
class ExtractionCompleted:
    """An extraction is over."""

    extraction: Extraction


Change = (
    LeadStatusChanged
    | LeadTagChanged
    | MessageSent
    | ReplyReceived
    | ConnectionRequestSent
    | ConnectionRequestAccepted
    | CampaignChanged
    | SearchCompleted
    | ExtractionCompleted
)


CHANGED, TRIGGERED, TESTED = "change", "trigger", "test"
ORIGINS = (CHANGED, TRIGGERED, TESTED)
"""What made an event: a change of the world, somebody by hand, or the test of an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """Options of an event: where it came from, and what of it differs from its change.

    `overrides` are keys of its `data`; with an `endpoint_id` it is sent to that endpoint alone.
    """

    origin: str = CHANGED
    overrides: Mapping[str, Any] | None = None
    endpoint_id: str | None = None


DEFAULT_OPTIONS = EventOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change, numbered in the order in which changes happened in its workspace."""

    id: str
    message_id: str
    """What Svix calls the message id: like `id` it stays the same for every attempt."""
    sequence: int
    occurred_at: datetime
    workspace_id: str
    change: Change
    options: EventOptions = DEFAULT_OPTIONS

    @property
    def lead_id(self) -> str | None:
        """The id of the lead concerned, if it is about one."""
        change = self.change
        if isinstance(change, LeadStatusChanged | LeadTagChanged):
            return change.lead.id
        contact: Contact | None = getattr(change, "contact", None)
        return contact.lead.id if contact is not None and contact.lead is not None else None

    @property
    def webhook_url(self) -> str | None:
        """A URL that this one event is sent to besides the endpoints: that of its job."""
        return self._job.webhook_url if self._job else None

    @property
    def job_id(self) -> str | None:
        """The id of the search or extraction, if it is about one."""
        return self._job.id if self._job else None

    @property
    def _job(self) -> Search | Extraction | None:
        if isinstance(self.change, SearchCompleted):
            return self.change.search
        return self.change.extraction if isinstance(self.change, ExtractionCompleted) else None
