"""The store: the leads, campaigns, senders and connections of one workspace, in memory.

One lock guards all of it, and also the inbox, quotas, credits and jobs of the workspace. A change
is committed under the lock. After the lock is released its events are published in the order in
which they were recorded, and then the change returns.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import Clock
from mock_sendpilot.world import events, lead_progress
from mock_sendpilot.world.event_publisher import EventPublisher
from mock_sendpilot.world.events import DEFAULT_OPTIONS, Event, EventOptions
from mock_sendpilot.world.lead_index import LeadIndex
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, normal_profile_url
from mock_sendpilot.world.models import Campaign, Lead, LeadDraft, LeadImport, Sender
from mock_sendpilot.world.state import StoreState


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The result of an update: the lead after it, and the status before it."""

    lead: Lead
    previous_status: str


class Store:
    """The store of a workspace. Every method may be called from any thread.

    Methods documented as "within a transaction" take no lock: they are for other objects of the
    world, which open the transaction.

    Args:
        clock: the clock that dates changes.
        new_lead_id: a function that returns the id of a new lead.
        publisher: the publisher of the events.
        react: a function called with each recorded event, in order, at the end of its transaction
            and within it; it may record more events.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        new_lead_id: Callable[[], str],
        publisher: EventPublisher,
        react: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._clock = clock
        self._new_lead_id = new_lead_id
        self._publisher = publisher
        self._react = react
        # Not reentrant: the end of an inner transaction would publish while the outer one still
        # holds the lock.
        self._lock = threading.Lock()
        self._recorded: list[Event] = []  # events of the transaction without a reaction yet
        self._campaigns: dict[str, Campaign] = {}
        self._senders: dict[str, Sender] = {}
        self._leads = LeadIndex()
        self._connections: dict[tuple[str, str], str] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; after it is released, publish the events that were recorded."""
        last_recorded = 0
        try:
            with self._lock:
                try:
                    yield
                finally:  # also after an exception: changes made before it are not undone
                    while self._recorded:
                        last_recorded = self._recorded[0].sequence
                        self._react(self._recorded.pop(0))  # there are few
        finally:
            self._publisher.publish(last_recorded)

    def state(self) -> StoreState:
        """Within a transaction: return the contents."""
        return StoreState(
            senders=tuple(self._senders.values()),
            campaigns=tuple(self._campaigns.values()),
            leads=self._leads.by_id(),
            lead_ids_by_campaign={
                one: tuple(lead.id for lead in self._leads.all(one)) for one in self._campaigns
            },
            lead_ids_by_url=self._leads.ids_by_url(),
            connections=dict(self._connections),
            contacted=self._leads.contacted(),
        )

    def load(self, state: StoreState) -> None:
        """Replace the contents by those of another store."""
        with self._lock:
            self._senders = {sender.id: sender for sender in state.senders}
            self._campaigns = {campaign.id: campaign for campaign in state.campaigns}
            self._leads.load(
                state.leads, state.lead_ids_by_campaign, state.lead_ids_by_url, state.contacted
            )
            self._connections = dict(state.connections)

    # --- filling -----------------------------------------------------------------------------

    def put_campaign(self, campaign: Campaign) -> None:
        """Add a campaign, or replace the one of the same id, without an event."""
        with self._lock:
            self._campaigns[campaign.id] = campaign

    def put_sender(self, sender: Sender) -> None:
        """Add a sender, or replace the one of the same id, without an event."""
        with self._lock:
            self._senders[sender.id] = sender

    def put_lead(self, lead: Lead) -> None:
        """Add a lead with its id, without an event.

        The counters of the campaign and the connection of the sender follow from its status.

        Raises:
            InvalidInput: its id is taken, its campaign is unknown, or the campaign has that person.
        """
        self.put_leads([lead])

    def put_leads(self, leads: Iterable[Lead]) -> None:
        """Add leads as `put_lead` adds one; a later one that is refused leaves those before."""
        with self._lock:
            self._put_leads(map(self._require_new, leads))

    def _require_new(self, lead: Lead) -> Lead:
        if self._leads.get(lead.id) is not None:
            raise InvalidInput(f"there is a lead {lead.id!r} already")
        if lead.campaign_id not in self._campaigns:
            raise InvalidInput(f"there is no campaign {lead.campaign_id!r}")
        if self._leads.in_campaign(lead.campaign_id, lead.linkedin_url) is not None:
            raise InvalidInput(f"the campaign has a lead {lead.linkedin_url} already")
        return lead

    def merge(
        self,
        *,
        senders: Iterable[Sender] = (),
        campaigns: Iterable[Campaign] = (),
        leads: Iterable[Lead] = (),
    ) -> None:
        """Within a transaction: add these, or replace those with the same ids, without an event.

        A campaign that is replaced keeps its counters. The connection of a lead that is replaced
        follows from its new status.

        Raises:
            InvalidInput: a lead has no campaign, or its id or person is that of another one; then
                nothing has changed.
        """
        new_campaigns = {campaign.id: campaign for campaign in campaigns}
        new_leads = list(leads)
        problems = [
            problem for lead in new_leads for problem in self._conflicts(lead, new_campaigns)
        ]
        if problems:
            raise InvalidInput(*problems)
        for sender in senders:
            self._senders[sender.id] = sender
        for campaign in new_campaigns.values():
            known = self._campaigns.get(campaign.id)
            counters = campaign.counters if known is None else known.counters
            self._campaigns[campaign.id] = replace(campaign, counters=counters)
        for lead in new_leads:
            if self._leads.get(lead.id) is not None:
                self._leads.replace(lead)
                connection = lead_progress.implied_connection(lead.status)
                is_implied = connection is not None or lead.status == "PENDING"
                if lead.sender_id is not None and is_implied:
                    self.set_connection(lead.sender_id, lead.linkedin_url, connection)
            else:
                self._put_leads([lead])

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> LeadImport:
        """Within a transaction: add new leads to a campaign, in order.

        The vendor documents no event for it.

        Args:
            campaign_id: the id of the campaign.
            drafts: the leads; a text in place of one is the reason why it is rejected.

        Raises:
            NotFound: the campaign is unknown.
        """
        result = LeadImport()
        campaign = self.campaign(campaign_id)
        for index, draft in enumerate(drafts):
            if isinstance(draft, str):
                result.rejected.append((index, draft))
                continue
            url = normal_profile_url(draft.linkedin_url)
            if url is None:  # the vendor rejects single leads, and not the whole request
                reason = f"Invalid LinkedIn URL: expected {PROFILE_URL_FORMAT}"
                result.rejected.append((index, reason))
            elif self._leads.in_campaign(campaign.id, url) is not None:
                result.duplicate_count += 1
            else:
                lead = self._new_lead(campaign, url, draft)
                self._leads.insert(lead)
                result.added.append(lead)
        return result

    # --- reading -----------------------------------------------------------------------------

    def lead(self, lead_id: str) -> Lead:
        """Return the lead of that id.

        Raises:
            NotFound: the workspace has no such lead.
        """
        lead = self._leads.get(lead_id)
        if lead is None:
            raise NotFound("Lead not found", hint=f"this workspace has no lead {lead_id[:80]!r}")
        return lead

    def leads(self, *, campaign_id: str | None = None, status: str | None = None) -> list[Lead]:
        """Return the leads, oldest first; an unknown campaign has none.

        People of no campaign are in no list.
        """
        with self._lock:
            return self._leads.all(campaign_id, status)

    def lead_slice(
        self,
        start: int,
        stop: int,
        *,
        campaign_id: str | None = None,
        status: str | None = None,
    ) -> tuple[list[Lead], int]:
        """Return some of the leads, oldest first, and their number; it is quick for many, too."""
        with self._lock:
            found = self._leads.slice(start, stop, campaign_id, status)
            return found, self._leads.count(campaign_id, status)

    def leads_in(self, campaign_id: str) -> list[Lead]:
        """Within a transaction: return the leads of a campaign."""
        return self._leads.all(campaign_id)

    def leads_of(self, linkedin_url: str) -> list[Lead]:
        """Return the leads that are this person, oldest first: at most one in each campaign.

        The record of a person of no campaign is among them until a campaign adds the person.
        """
        return self._leads.of_person(linkedin_url)

    def campaign(self, campaign_id: str) -> Campaign:
        """Return the campaign of that id.

        Raises:
            NotFound: the workspace has no such campaign.
        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            hint = f"no campaign has the id {campaign_id[:80]!r}"
            raise NotFound("Campaign not found", hint=hint)
        return campaign

    def campaigns(self) -> list[Campaign]:
        """Return the campaigns, oldest first."""
        with self._lock:
            return list(self._campaigns.values())

    def campaign_ids(self) -> list[str]:
        """Within a transaction: return the ids of all campaigns, oldest first."""
        return list(self._campaigns)

    def lead_count(self, campaign_id: str | None = None) -> int:
        """Return the number of leads, or of those of a campaign."""
        return self._leads.count(campaign_id)

    def sender(self, sender_id: str) -> Sender | None:
        """Return the sender of that id, or None."""
        return self._senders.get(sender_id)

    def senders(self) -> list[Sender]:
        """Return the senders, oldest first."""
        with self._lock:
            return list(self._senders.values())

    def connection(self, sender_id: str, linkedin_url: str) -> str | None:
        """Return the state of a connection: `requested`, `connected`, or None."""
        return self._connections.get((sender_id, linkedin_url))

    def connections_of(self, sender_id: str) -> dict[str, str]:
        """Return the states of a sender's connections, by profile URL."""
        with self._lock:
            pairs = self._connections.items()
            return {url: state for (sender, url), state in pairs if sender == sender_id}

    # --- changing ----------------------------------------------------------------------------

    def set_lead_status(
        self,
        lead_id: str,
        *,
        status: str | None = None,
        custom_lead_status: str | None = None,
        note: str | None = None,
        changed_by: str = "api",
    ) -> StatusChange:
        """Change the status, the custom status or both; None leaves one as it is.

        A call that changes nothing succeeds and records no event. The vendor does not document
        that case.

        Args:
            lead_id: the id of the lead.
            status: a word of `vocabulary.LEAD_STATUSES`.
            custom_lead_status: a word of `vocabulary.CUSTOM_LEAD_STATUSES`.
            note: kept with the lead; the vendor accepts one and shows it nowhere.
            changed_by: `api`, `automation` or `user`: the cause that older events name.

        Raises:
            NotFound: the workspace has no such lead.
        """
        with self.transaction():
            before = self.lead(lead_id)
            values = {"status": status, "custom_lead_status": custom_lead_status, "note": note}
            changes = {name: value for name, value in values.items() if value is not None}
            after = self.change_lead(before, changed_by=changed_by, **changes)
        return StatusChange(after, before.status)

    def set_connection(self, sender_id: str, linkedin_url: str, connection: str | None) -> None:
        """Set the state of a connection. One dict operation, so it needs no lock."""
        if connection is None:
            self._connections.pop((sender_id, linkedin_url), None)
        else:
            self._connections[sender_id, linkedin_url] = connection

    # --- within a transaction ----------------------------------------------------------------

    def record(
        self,
        change: events.Change,
        options: EventOptions = DEFAULT_OPTIONS,
        *,
        at: datetime | None = None,
    ) -> Event:
        """Within a transaction: record an event of a change, by default with the time of now."""
        event = self._publisher.record(change, at=at or self._clock.now(), options=options)
        self._recorded.append(event)
        return event

    def change_lead(self, before: Lead, *, changed_by: str, **changes: Any) -> Lead:
        """Within a transaction: change a lead, and record the events of the change."""
        now = self._clock.now()
        after = before.changed(updated_at=now, **changes)
        self._leads.replace(after)
        if after.status != before.status:
            self.record(events.LeadStatusChanged(after, before.status, changed_by), at=now)
        if after.custom_lead_status != before.custom_lead_status:
            self.record(events.LeadTagChanged(after, before.custom_lead_status), at=now)
        return after

    def add_person(self, linkedin_url: str, sender_id: str) -> Lead:
        """Within a transaction: give a person whom no campaign knows a lead id of its own."""
        now = self._clock.now()
        lead = Lead(
            id=self._new_lead_id(),
            linkedin_url=linkedin_url,
            status="PENDING",
            campaign_id=None,
            sender_id=sender_id,
            created_at=now,
            updated_at=now,
        )
        self._leads.insert_person(lead)
        return lead

    def mark_contacted(self, lead: Lead) -> bool:
        """Within a transaction: mark a lead as contacted; return whether it is the first time.

        Args:
            lead: a lead of a campaign.
        """
        return self._leads.mark_contacted(lead.id)

    def change_campaign(self, campaign: Campaign, **changes: Any) -> Campaign:
        """Within a transaction: change a campaign, without an event."""
        after = replace(campaign, updated_at=self._clock.now(), **changes)
        self._campaigns[after.id] = after
        return after

    def _conflicts(self, lead: Lead, campaigns: Mapping[str, Campaign]) -> Iterator[str]:
        """Yield why a lead cannot be merged, with campaigns that are merged too."""
        if lead.campaign_id not in self._campaigns and lead.campaign_id not in campaigns:
            yield f"there is no campaign {lead.campaign_id!r}"
            return
        known = self._leads.get(lead.id)
        if known is not None and known.campaign_id != lead.campaign_id:
            yield f"lead {lead.id!r} is of campaign {known.campaign_id!r}, and cannot move"
        if known is not None and known.linkedin_url != lead.linkedin_url:
            yield f"lead {lead.id!r} is {known.linkedin_url}, and cannot be another person"
        owner = self._leads.in_campaign(lead.campaign_id, lead.linkedin_url)
        if owner is not None and owner.id != lead.id:
            url = lead.linkedin_url
            yield f"campaign {lead.campaign_id!r} has {url} as lead {owner.id!r} already"

    def _put_leads(self, leads: Iterable[Lead]) -> None:
        counts = Counter[tuple[str | None, str]]()
        try:
            for lead in leads:
                self._leads.insert(lead)
                counts[lead.campaign_id, lead.status] += 1
                if lead_progress.is_contacted(lead.status):
                    self._leads.mark_contacted(lead.id)
                connection = lead_progress.implied_connection(lead.status)
                if lead.sender_id is not None and connection is not None:
                    self._connections.setdefault((lead.sender_id, lead.linkedin_url), connection)
        finally:
            # Otherwise a seeded campaign would count fewer messages than its leads have got.
            for (campaign_id, status), count in counts.items():
                campaign = self._campaigns[campaign_id or ""]
                counters = lead_progress.with_leads(campaign.counters, status, count)
                self._campaigns[campaign.id] = replace(campaign, counters=counters)

    def _new_lead(self, campaign: Campaign, url: str, draft: LeadDraft) -> Lead:
        # The vendor does not document who sends to a new lead: here the senders of the campaign
        # take turns, but one that has already sent the person a request goes on with it.
        requested = [one.sender_id for one in self.leads_of(url) if one.campaign_id is None]
        senders = [one for one in campaign.sender_ids if one in requested] or campaign.sender_ids
        count = self._leads.count(campaign.id)
        now = self._clock.now()
        defaults: dict[str, Any] = {
            "id": self._new_lead_id(),
            "status": "PENDING",
            "sender_id": senders[count % len(senders)] if senders else None,
            "created_at": now,
            "updated_at": now,
        }
        return Lead(linkedin_url=url, campaign_id=campaign.id, **{**defaults, **draft.details})
