"""The store: the leads, campaigns and senders of one workspace, in memory.

One lock guards it all. A change is committed under the lock and announced after it, in the order in
which the changes happened.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mock_sendpilot.domain.clock import Clock
from mock_sendpilot.domain.errors import InvalidInput, NotFound
from mock_sendpilot.domain.events import Change, Event, LeadStatusChanged, LeadTagChanged
from mock_sendpilot.domain.ids import Ids
from mock_sendpilot.domain.linkedin import EXPECTED, normal_profile_url
from mock_sendpilot.domain.models import Campaign, Lead, Sender


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What an update did: the lead after it, and the status immediately before it."""

    lead: Lead
    previous_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDraft:
    """A lead as a caller gives it: the URL, and the other fields of `Lead` by name."""

    linkedin_url: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Import:
    """How the adding of leads went. `rejected` pairs an index of the list with the reason."""

    added: list[Lead] = field(default_factory=list)
    duplicate_count: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


class Store:
    """Everything a workspace knows. Each method may be called from any thread.

    Args:
        announce: called with each event, in order, after the change is committed.
        new_lead_id: gives the id of a lead that is added.
    """

    def __init__(
        self,
        *,
        workspace_id: str,
        clock: Clock,
        ids: Ids,
        new_lead_id: Callable[[], str],
        announce: Callable[[Event], None],
    ) -> None:
        self._workspace_id = workspace_id
        self._clock = clock
        self._ids = ids
        self._new_lead_id = new_lead_id
        self._announce = announce
        self._lock = threading.Lock()
        self._campaigns: dict[str, Campaign] = {}
        self._senders: dict[str, Sender] = {}
        self._leads: dict[str, Lead] = {}
        self._lead_ids_by_campaign: dict[str, list[str]] = {}
        self._lead_ids_by_profile: dict[tuple[str, str], str] = {}
        self._sequence = 0
        self._unannounced: deque[Event] = deque()
        self._is_announcing = False

    # --- filling -----------------------------------------------------------------------------

    def put_campaign(self, campaign: Campaign) -> None:
        """Add a campaign or replace the one of the same id; tells nobody."""
        with self._lock:
            self._campaigns[campaign.id] = campaign
            self._lead_ids_by_campaign.setdefault(campaign.id, [])

    def put_sender(self, sender: Sender) -> None:
        """Add a sender or replace the one of the same id; tells nobody."""
        with self._lock:
            self._senders[sender.id] = sender

    def put_lead(self, lead: Lead) -> None:
        """Add a lead with the id it has; tells nobody.

        Raises:
            InvalidInput: its id is taken, its campaign is unknown, or the campaign has that person.
        """
        with self._lock:
            if lead.id in self._leads:
                raise InvalidInput(f"there is a lead {lead.id!r} already")
            if lead.campaign_id not in self._campaigns:
                raise InvalidInput(f"there is no campaign {lead.campaign_id!r}")
            if (lead.campaign_id, lead.linkedin_url) in self._lead_ids_by_profile:
                raise InvalidInput(f"the campaign has a lead {lead.linkedin_url} already")
            self._insert(lead)

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> Import:
        """Add leads to a campaign as new ones, in order. The vendor documents no event for it.

        Args:
            campaign_id: where they go.
            drafts: the leads; a text in place of one is the reason why it cannot be taken.

        Returns:
            What was added, how many the campaign had already, and what was rejected.

        Raises:
            NotFound: the campaign is unknown.
        """
        outcome = Import()
        with self._lock:
            campaign = self._campaigns.get(campaign_id)
            if campaign is None:
                raise NotFound("Campaign not found", hint=f"no campaign has the id {campaign_id!r}")
            for index, draft in enumerate(drafts):
                self._add_lead(campaign, index, draft, outcome)
        return outcome

    # --- reading -----------------------------------------------------------------------------

    def lead(self, lead_id: str) -> Lead:
        """The lead of that id.

        Raises:
            NotFound: the workspace has no such lead.
        """
        lead = self._leads.get(lead_id)
        if lead is None:
            raise NotFound("Lead not found", hint=f"this workspace has no lead {lead_id[:80]!r}")
        return lead

    def leads(self, *, campaign_id: str | None = None, status: str | None = None) -> list[Lead]:
        """The leads, in the order in which they were added; an unknown campaign has none."""
        with self._lock:
            if campaign_id is None:
                found = list(self._leads.values())
            else:
                known = self._lead_ids_by_campaign.get(campaign_id, ())
                found = [self._leads[lead_id] for lead_id in known]
        if status is None:
            return found
        return [lead for lead in found if lead.status == status]

    def campaigns(self) -> list[Campaign]:
        """The campaigns, in the order in which they were added."""
        with self._lock:
            return list(self._campaigns.values())

    def senders(self) -> list[Sender]:
        """The senders, in the order in which they were added."""
        with self._lock:
            return list(self._senders.values())

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

        What changes nothing succeeds too, and makes no event (section (e), row 16).

        Raises:
            NotFound: the workspace has no such lead.
        """
        with self._lock:
            before = self.lead(lead_id)
            after = replace(
                before,
                status=status or before.status,
                custom_lead_status=custom_lead_status or before.custom_lead_status,
                note=before.note if note is None else note,
                updated_at=self._clock.now(),
            )
            self._leads[lead_id] = after
            if after.status != before.status:
                self._record(LeadStatusChanged(after, before.status, changed_by))
            if after.custom_lead_status != before.custom_lead_status:
                self._record(LeadTagChanged(after, before.custom_lead_status))
        self._announce_recorded()
        return StatusChange(after, before.status)

    # --- under the lock ----------------------------------------------------------------------

    def _add_lead(
        self, campaign: Campaign, index: int, draft: LeadDraft | str, outcome: Import
    ) -> None:
        if isinstance(draft, str):
            outcome.rejected.append((index, draft))
            return
        url = normal_profile_url(draft.linkedin_url)
        if url is None:
            outcome.rejected.append((index, f"Invalid LinkedIn URL: expected {EXPECTED}"))
        elif (campaign.id, url) in self._lead_ids_by_profile:
            outcome.duplicate_count += 1
        else:
            lead = self._new_lead(campaign, url, draft.details)
            self._insert(lead)
            outcome.added.append(lead)

    def _new_lead(self, campaign: Campaign, url: str, details: Mapping[str, Any]) -> Lead:
        # Who sends to a new lead is not documented: the campaign's senders take turns.
        count = len(self._lead_ids_by_campaign[campaign.id])
        senders = campaign.sender_ids
        now = self._clock.now()
        defaults: dict[str, Any] = {
            "id": self._new_lead_id(),
            "status": "PENDING",
            "sender_id": senders[count % len(senders)] if senders else None,
            "created_at": now,
            "updated_at": now,
        }
        return Lead(linkedin_url=url, campaign_id=campaign.id, **{**defaults, **details})

    def _insert(self, lead: Lead) -> None:
        self._leads[lead.id] = lead
        self._lead_ids_by_campaign[lead.campaign_id].append(lead.id)
        self._lead_ids_by_profile[lead.campaign_id, lead.linkedin_url] = lead.id

    def _record(self, change: Change) -> None:
        self._sequence += 1
        now = change.lead.updated_at
        event = Event(
            id=self._ids.event_id(now),
            message_id=self._ids.webhook_message_id(),
            sequence=self._sequence,
            occurred_at=now,
            workspace_id=self._workspace_id,
            change=change,
        )
        self._unannounced.append(event)

    # --- after it ----------------------------------------------------------------------------

    def _announce_recorded(self) -> None:
        """Announce what is committed, in order, with no lock held.

        One thread at a time announces. Who comes meanwhile, be it another thread or a receiver that
        changes the store in turn, leaves its event to that thread and goes on.
        """
        with self._lock:
            if self._is_announcing:
                return
            self._is_announcing = True
        try:
            while (event := self._next_to_announce()) is not None:
                self._announce(event)
        except BaseException:  # such as Ctrl+C: the next change announces what is left
            self._is_announcing = False
            raise

    def _next_to_announce(self) -> Event | None:
        with self._lock:
            self._is_announcing = bool(self._unannounced)
            return self._unannounced.popleft() if self._unannounced else None
