"""Campaigns: what starts, pauses, resumes and ends them, and the leads that are added to them."""

from collections.abc import Iterable

from mock_sendpilot.domain import progress
from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.errors import InvalidInput, Problem
from mock_sendpilot.domain.events import CampaignChanged
from mock_sendpilot.domain.lead_import import Import, LeadDraft
from mock_sendpilot.domain.models import Campaign, Lead
from mock_sendpilot.domain.outreach.simulation import Simulation
from mock_sendpilot.domain.store import Store

STARTED, PAUSED, DRAFT, FINISHED = "started", "paused", "draft", "finished"

_ACTIONS = {
    "start": ((DRAFT,), STARTED, words.CAMPAIGN_STARTED),
    "pause": ((STARTED,), PAUSED, words.CAMPAIGN_PAUSED),
    "resume": ((PAUSED,), STARTED, words.CAMPAIGN_RESUMED),
    "finish": ((STARTED, PAUSED), FINISHED, words.CAMPAIGN_FINISHED),
}
"""From which statuses, to which one, and the event."""
ACTIONS = tuple(_ACTIONS)


def statuses_before(action: str) -> tuple[str, ...]:
    """Return the statuses in which a campaign can be changed so."""
    return _ACTIONS[action][0]


def status_after(action: str) -> str:
    """Return the status that an action gives a campaign."""
    return _ACTIONS[action][1]


class Campaigns:
    """What can be done with the campaigns of a workspace."""

    def __init__(self, *, store: Store, simulation: Simulation, contract: Contract) -> None:
        self._store = store
        self._simulation = simulation
        self._contract = contract
        simulation.on_campaign_over = self._finish_if_over

    def change(self, campaign_id: str, action: str, *, by: str) -> Campaign:
        """Start, pause, resume or finish a campaign.

        Raises:
            NotFound: the workspace has no such campaign.
            InvalidInput: its status does not allow it.
        """
        begins: list[Lead] = []
        with self._store.transaction():
            campaign = self._store.campaign(campaign_id)
            wanted, status, _ = _ACTIONS[action]
            if campaign.status == status and self._contract.repeated_action == "accepted":
                return campaign
            if campaign.status not in wanted:
                expected = (
                    f"action must suit the campaign: {action!r} needs one that is "
                    f"{' or '.join(wanted)}"
                )
                raise InvalidInput(Problem(expected, f"{campaign.id!r} is {campaign.status}"))
            campaign = self._become(campaign, action, by)
            if action == "resume":
                self._simulation.release(campaign_id)
        if action == "start" and campaign.walks != "none":
            begins = self._store.leads(campaign_id=campaign_id)
        self._simulation.begin(begins)
        if action in {"start", "resume"}:
            with self._store.transaction():
                self._finish_if_over(campaign_id)
        return campaign

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> Import:
        """Add leads; a campaign that runs takes them into its sequence. See `Store.add_leads`."""
        outcome = self._store.add_leads(campaign_id, drafts)
        if self._store.campaign(campaign_id).walks != "none":
            self._simulation.begin(outcome.added)
        return outcome

    def _finish_if_over(self, campaign_id: str) -> None:
        """Finish a campaign that runs by itself when nothing is left to be sent to any lead."""
        campaign = self._store.campaign(campaign_id)
        if not campaign.sequence or self._simulation.has_walks(campaign_id):
            return
        statuses = [lead.status for lead in self._store.leads_in(campaign_id)]
        is_over = statuses and all(map(progress.is_done_with, statuses))
        if campaign.status == STARTED and is_over:
            self._become(campaign, "finish", "system")

    def _become(self, campaign: Campaign, action: str, by: str) -> Campaign:
        _, status, event_type = _ACTIONS[action]
        campaign = self._store.change_campaign(campaign, status=status)
        total = self._store.lead_count(campaign.id)
        self._store.record(CampaignChanged(event_type, campaign, total, by))
        return campaign
