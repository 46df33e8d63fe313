"""The leads: a list with filters, and one lead with its history and its actions."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, request

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.dashboard.rendering import Action, ListPage, Page, render, with_workspace
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.webhooks.event_log import EventFilter, SentWebhook
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.models import Campaign, Lead
from mock_sendpilot.world.workspace import Workspace

leads = Blueprint("leads", __name__)

_MAX_ROWS = 50
_STATUS_EVENTS = frozenset({"lead.updated", "lead.status.changed"})
ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "connection_sent": ("Send connection request", "note", "Sent the connection request."),
    "accept_connection": ("Accept", "", "Accepted the connection request."),
    "withdraw_connection": ("Withdraw request", "", "Withdrew the connection request."),
    "message_sent": ("Send message", "message", "Sent the message."),
    "reply": ("Reply", "reply", "The person has replied."),
    "unreachable": ("Become unreachable", "", "The profile is unreachable."),
    "done": ("End the sequence", "", "The sequence is done."),
}
"""The steps that can be simulated: label, name of the text if there is one, and the outcome."""


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A change of a lead's status."""

    at: datetime
    previous: str
    status: str
    changed_by: str
    note: str
    event_id: str
    real_time: datetime | None


class LeadsPage(ListPage):
    """The list of leads."""

    template = "leads.html"
    section = "leads"
    title = "Leads"
    statuses = words.LEAD_STATUSES

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.text = request.args.get("q", "").strip()
        self.campaign_id = request.args.get("campaign") or None
        self.status = request.args.get("status") or None

    @cached_property
    def campaigns(self) -> dict[str, Campaign]:
        """The campaigns by id."""
        return {campaign.id: campaign for campaign in self.store.campaigns()}

    @property
    def is_filtered(self) -> bool:
        """True if not all leads are listed."""
        return bool(self.text or self.campaign_id or self.status)

    @cached_property
    def found(self) -> tuple[list[Lead], int]:
        """The leads of this page, and the number of those on all pages."""
        start, stop = self.first - 1, self.first - 1 + self.per_page
        filters = {"campaign_id": self.campaign_id, "status": self.status}
        if not self.text:
            return self.store.lead_slice(start, stop, **filters)
        text = self.text.lower()
        known = [lead for lead in self.store.leads(**filters) if text in _searched(lead)]
        return known[start:stop], len(known)

    @property
    def rows(self) -> list[Lead]:
        """The leads of this page."""
        return self.found[0]

    @property
    def total(self) -> int:
        """The number of leads on all pages."""
        return self.found[1]

    def sender_name(self, lead: Lead) -> str:
        """Return the name of a lead's sender."""
        sender = self.store.sender(lead.sender_id) if lead.sender_id else None
        return sender.name if sender else ""


class LeadPage(Page):
    """One lead."""

    template = "lead.html"
    section = "leads"

    def __init__(self, workspace: Workspace, lead_id: str) -> None:
        super().__init__(workspace)
        self.lead = self.store.lead(lead_id)
        self.title = self.lead.full_name or self.lead.id

    @cached_property
    def campaign(self) -> Campaign | None:
        """The campaign of the lead."""
        campaigns = self.store.campaigns()
        return next((one for one in campaigns if one.id == self.lead.campaign_id), None)

    @property
    def sender(self) -> Any:
        """The sender of the lead."""
        return self.store.sender(self.lead.sender_id) if self.lead.sender_id else None

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The known fields that have no place of their own: name and value."""
        lead = self.lead
        values = (
            ("Title", lead.title),
            ("Company", lead.company),
            ("E-mail", lead.email),
            ("Location", lead.location),
            ("Industry", lead.industry),
            ("Website", lead.website),
            ("Connections", lead.connection_count),
            ("Followers", lead.follower_count),
            ("About", lead.about),
            *lead.custom_fields.items(),
        )
        return [(name, str(value)) for name, value in values if value is not None]

    @property
    def allowed_statuses(self) -> list[str]:
        """The statuses that a PATCH may set under the contract."""
        return list(self.workspace.contract.patch_statuses)

    @property
    def custom_statuses(self) -> tuple[str, ...]:
        """The custom statuses that a PATCH may set; none if the contract has none."""
        has_any = "customLeadStatus" in self.workspace.contract.patch_body.fields
        return words.CUSTOM_LEAD_STATUSES if has_any else ()

    @property
    def takes_note(self) -> bool:
        """True if a PATCH takes a note under the contract."""
        return "note" in self.workspace.contract.patch_body.fields

    @property
    def actions(self) -> list[Action]:
        """The steps: first those that can be simulated, then the others with their reason."""
        obstacles = self.workspace.manual_actions.obstacles(self.lead.id)
        actions = [
            Action(name, label, done, obstacles[name], text_name)
            for name, (label, text_name, done) in ACTIONS.items()
        ]
        return sorted(actions, key=lambda one: one.reason is not None)

    @property
    def behavior(self) -> Any:
        """The behavior of the person, if that was set."""
        return self.workspace.behaviors.by_lead().get(self.lead.id)

    @cached_property
    def events(self) -> list[SentWebhook]:
        """The latest events of the lead, newest first."""
        return self.outbox.events.select(EventFilter(lead_id=self.lead.id), count=_MAX_ROWS)

    @cached_property
    def requests(self) -> list[JournalEntry]:
        """The latest requests about the lead, newest first."""
        event_ids = {event.event_id for event in self.events}
        newest_first = reversed(self.journal.all())
        about = [one for one in newest_first if one.mentions(self.lead.id)]
        mentioned = [one for one in about if self.lead.id in one.path or event_ids & {*one.events}]
        return mentioned[:_MAX_ROWS]

    @property
    def traffic(self) -> list[tuple[SentWebhook | None, JournalEntry | None]]:
        """The events and the requests, newest first; an event before the request behind it."""
        dated: list[tuple[datetime, int, SentWebhook | None, JournalEntry | None]] = [
            *((one.occurred_at, 1, one, None) for one in self.events),
            *((one.at, 0, None, one) for one in self.requests),
        ]
        dated.sort(key=lambda one: one[:2], reverse=True)
        return [(event, entry) for _, _, event, entry in dated[:_MAX_ROWS]]

    @property
    def history(self) -> Iterator[StatusEntry]:
        """The changes of its status that the log still has, newest first."""
        by_event = {one: entry for entry in self.requests for one in entry.events}
        for event in self.events:
            data = event.data
            if "previousStatus" in data and "newStatus" in data:
                entry = by_event.get(event.event_id)
                body = entry.json if entry is not None else None
                note = body.get("note") if isinstance(body, dict) else None
                yield StatusEntry(
                    at=event.occurred_at,
                    previous=str(data["previousStatus"]),
                    status=str(data["newStatus"]),
                    changed_by=_author(data, entry),
                    note=str(note or ""),
                    event_id=event.event_id,
                    real_time=entry.received_at if entry is not None else None,
                )

    @cached_property
    def conversation(self) -> Conversation | None:
        """The conversation of the lead's sender with the person."""
        inbox, lead = self.workspace.inbox, self.lead
        found = inbox.id_of_pair(lead.sender_id or "", lead.linkedin_url)
        return inbox.conversation(found, lead.sender_id or "") if found else None

    @property
    def messages(self) -> list[Message]:
        """The messages of the conversation, oldest first."""
        conversation = self.conversation
        return list(self.workspace.inbox.messages(conversation.id)) if conversation else []


@leads.get("/<opaque:workspace_id>/leads")
@with_workspace
def list_leads(workspace: Workspace) -> Response:
    """Show the leads that match the filters."""
    return render(LeadsPage(workspace))


@leads.get("/<opaque:workspace_id>/leads/<opaque:lead_id>")
@with_workspace
def show_lead(workspace: Workspace, lead_id: str) -> Response:
    """Show one lead."""
    return render(LeadPage(workspace, lead_id))


def _searched(lead: Lead) -> str:
    parts = (lead.first_name, lead.last_name, lead.company, lead.title, lead.email)
    known = " ".join(part for part in parts if part)
    return f"{lead.id} {known} {lead.linkedin_url}".lower()


def _author(data: Mapping[str, Any], entry: JournalEntry | None) -> str:
    """Return who changed a status: the API key, if a request did, or what the event says."""
    if entry is not None:
        return f"API key “{entry.api_key_name}”" if entry.api_key_name else "API"
    return str(data.get("changedBy") or "the person or the campaign")
