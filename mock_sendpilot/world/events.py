"""Events: changes of a workspace about which the vendor sends webhooks.

An event holds objects of the world. `webhooks/payloads.py` makes its name and its body on the wire
according to the contract. `samples.py` has a sample of each event.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.causes import Cause
from mock_sendpilot.world.models import (
    Campaign,
    Contact,
    Extraction,
    Lead,
    Search,
)


@dataclass(frozen=True, slots=True)
class LeadStatusChanged:
    """The status of a lead changed; `lead` is the lead after the change."""

    lead: Lead
    previous_status: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class LeadTagChanged:
    """The custom status of a lead changed; the vendor's event calls it a tag."""

    lead: Lead
    previous_tag: str | None


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A sender sent a message; `sequence_step` counts from 1 if a sequence sent it."""

    contact: Contact
    text: str
    sequence_step: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """A person replied."""

    contact: Contact
    text: str


@dataclass(frozen=True, slots=True)
class ConnectionRequestSent:
    """A sender sent a connection request."""

    contact: Contact
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionRequestAccepted:
    """A person accepted a connection request."""

    contact: Contact
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """A campaign was started, paused, resumed or finished.

    `event_type` is the current name of the event; `changed_by` is `api`, `user` or `system`.
    """

    event_type: str
    campaign: Campaign
    total_leads: int
    changed_by: str


@dataclass(frozen=True, slots=True)
class SearchCompleted:
    """A search of the lead database is done."""

    search: Search


@dataclass(frozen=True, slots=True)
class ExtractionCompleted:
    """An extraction is done."""

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


_LEAD_CHANGES = (LeadStatusChanged, LeadTagChanged)  # every event is compared: a tuple is quick
CHANGED, TRIGGERED, TESTED = "change", "trigger", "test"
ORIGINS = (CHANGED, TRIGGERED, TESTED)
"""The origins of an event: a change of the world, a trigger, or the test of an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """Options of an event that does not come from its change alone.

    `origin` is one of `ORIGINS`; `overrides` are keys of its `data`; with an `endpoint_id` it is
    sent to that endpoint alone.
    """

    origin: str = CHANGED
    overrides: Mapping[str, Any] | None = None
    endpoint_id: str | None = None


DEFAULT_OPTIONS = EventOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A recorded change; `sequence` numbers the events of its workspace in their order."""

    id: str
    message_id: str
    """The message id of Svix: like `id` it is the same for every attempt."""
    sequence: int
    occurred_at: datetime
    workspace_id: str
    change: Change
    options: EventOptions = DEFAULT_OPTIONS
    cause: Cause | None = None
    """None for what Python code has done by itself, such as a test."""

    @property
    def lead_id(self) -> str | None:
        """The id of its lead, if it is about one."""
        change = self.change
        if isinstance(change, _LEAD_CHANGES):
            return change.lead.id
        contact: Contact | None = getattr(change, "contact", None)
        return contact.lead.id if contact is not None and contact.lead is not None else None

    @property
    def campaign_id(self) -> str | None:
        """The id of its campaign, or of that of its lead, if there is one."""
        change = self.change
        if isinstance(change, _LEAD_CHANGES):
            return change.lead.campaign_id
        if isinstance(change, CampaignChanged):
            return change.campaign.id
        contact: Contact | None = getattr(change, "contact", None)
        return contact.campaign_id if contact is not None else None

    @property
    def webhook_url(self) -> str | None:
        """The webhook URL of its job, to which it is sent as well as to the endpoints."""
        return self._job.webhook_url if self._job else None

    @property
    def job_id(self) -> str | None:
        """The id of its search or extraction, if it is about one."""
        return self._job.id if self._job else None

    @property
    def _job(self) -> Search | Extraction | None:
        if isinstance(self.change, SearchCompleted):
            return self.change.search
        return self.change.extraction if isinstance(self.change, ExtractionCompleted) else None
