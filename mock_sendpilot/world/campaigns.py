"""Campaigns: what starts, pauses, resumes and ends them, and the leads that are added to them."""

from collections.abc import Iterable, Mapping

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.world import progress
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import CampaignChanged, Change
from mock_sendpilot.world.lead_import import Import, LeadDraft
from mock_sendpilot.world.models import Campaign
from mock_sendpilot.world.simulation import Simulation

STARTED, PAUSED, DRAFT, FINISHED = "started", "paused", "draft", "finished"

_ACTIONS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
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

    def __init__(self, context: WorkspaceContext, simulation: Simulation) -> None:
        self._store = context.store
        self._simulation = simulation
        self._contract = context.contract

    def change(self, campaign_id: str, action: str, *, by: str) -> Campaign:
        """Start, pause, resume or finish a campaign.

        Raises:
            NotFound: the workspace has no such campaign.
            InvalidInput: its status does not allow it.
        """
        with self._store.transaction():
            campaign = self._store.campaign(campaign_id)
            wanted, status, _ = _ACTIONS[action]
            if campaign.status == status and self._contract.repeat_action == "accepted":
                return campaign
            if campaign.status not in wanted:
                expected = (
                    f"action must suit the campaign: {action!r} needs one that is "
                    f"{' or '.join(wanted)}"
                )
                raise InvalidInput(Problem(expected, f"{campaign.id!r} is {campaign.status}"))
            return self._become(campaign, action, by)

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> Import:
        """Add leads; a campaign that runs takes them into its sequence. See `Store.add_leads`."""
        with self._store.transaction():
            outcome = self._store.add_leads(campaign_id, drafts)
            if self._store.campaign(campaign_id).enrolls != "none":
                self._simulation.enroll(outcome.added)
        return outcome

    def react(self, change: Change) -> None:
        """Within a transaction: do what follows from a change for campaigns and their leads."""
        if not isinstance(change, CampaignChanged):
            emptied_id = self._simulation.react(change)
            if emptied_id is not None:
                self._finish_if_over(emptied_id)
            return
        campaign = self._store.campaign(change.campaign.id)
        if change.event_type == words.CAMPAIGN_STARTED and campaign.enrolls != "none":
            self._simulation.enroll(self._store.leads_in(campaign.id))
        elif change.event_type == words.CAMPAIGN_RESUMED:
            self._simulation.release(campaign.id)
        if change.event_type in {words.CAMPAIGN_STARTED, words.CAMPAIGN_RESUMED}:
            self._finish_if_over(campaign.id)

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
