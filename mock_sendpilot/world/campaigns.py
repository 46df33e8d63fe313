"""Campaigns: start, pause, resume and finish them, and add leads to them."""

from collections.abc import Iterable, Mapping

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.context import WorkspaceContext
from mock_sendpilot.world.events import CampaignChanged, Change
from mock_sendpilot.world.models import Campaign, LeadDraft, LeadImport
from mock_sendpilot.world.sequences import SequenceRunner

STARTED, PAUSED, DRAFT, FINISHED = "started", "paused", "draft", "finished"

_ACTIONS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "start": ((DRAFT,), STARTED, words.CAMPAIGN_STARTED),
    "pause": ((STARTED,), PAUSED, words.CAMPAIGN_PAUSED),
    "resume": ((PAUSED,), STARTED, words.CAMPAIGN_RESUMED),
    "finish": ((STARTED, PAUSED), FINISHED, words.CAMPAIGN_FINISHED),
}
"""For each action: the statuses before it, the status after it, and the event."""
ACTIONS = tuple(_ACTIONS)


def statuses_before(action: str) -> tuple[str, ...]:
    """Return the statuses that allow an action."""
    return _ACTIONS[action][0]


def status_after(action: str) -> str:
    """Return the status of a campaign after an action."""
    return _ACTIONS[action][1]


def _obstacle(campaign: Campaign, action: str) -> Problem | None:
    statuses = statuses_before(action)
    if campaign.status in statuses:
        return None
    needed = " or ".join(statuses)
    return Problem.expected(
        f"a campaign that is {needed} for {action!r}",
        got=f"{campaign.id!r}, which is {campaign.status}",
        of="action",
        rule=f"action must suit the campaign: {action!r} needs one that is {needed}",
    )


class Campaigns:
    """The campaigns of a workspace."""

    def __init__(self, context: WorkspaceContext, sequences: SequenceRunner) -> None:
        self._store = context.store
        self._sequences = sequences
        self._contract = context.contract

    def change(self, campaign_id: str, action: str, *, by: str) -> Campaign:
        """Start, pause, resume or finish a campaign.

        Raises:
            NotFound: the workspace has no such campaign.
            InvalidInput: the status does not allow the action.
        """
        with self._store.transaction():
            campaign = self._store.campaign(campaign_id)
            is_repeated = campaign.status == status_after(action)
            if is_repeated and self._contract.repeat_action == "accepted":
                return campaign
            obstacle = _obstacle(campaign, action)
            if obstacle is not None:
                raise InvalidInput(obstacle)
            return self._set_status(campaign, action, by)

    def obstacles(self, campaign_id: str) -> dict[str, str | None]:
        """Return why each action changes nothing of a campaign now; None if it does.

        Raises:
            NotFound: the workspace has no such campaign.
        """
        campaign = self._store.campaign(campaign_id)
        return {action: _obstacle(campaign, action) for action in ACTIONS}

    def add_leads(self, campaign_id: str, drafts: Iterable[LeadDraft | str]) -> LeadImport:
        """Add leads, and enroll them in the sequence of the campaign. See `Store.add_leads`."""
        with self._store.transaction():
            result = self._store.add_leads(campaign_id, drafts)
            if self._store.campaign(campaign_id).enrolls != "none":
                self._sequences.enroll(result.added)
        return result

    def react(self, change: Change) -> None:
        """Within a transaction: react to a change, for campaigns and the leads in sequences."""
        if not isinstance(change, CampaignChanged):
            emptied_id = self._sequences.react(change)
            if emptied_id is not None:
                self._finish_if_over(emptied_id)
            return
        # The campaign as it is now, which an earlier reaction may have changed.
        campaign = self._store.campaign(change.campaign.id)
        if change.event_type == words.CAMPAIGN_STARTED and campaign.enrolls != "none":
            self._sequences.enroll(self._store.leads_in(campaign.id))
        elif change.event_type == words.CAMPAIGN_RESUMED:
            self._sequences.resume(campaign.id)
        if change.event_type in {words.CAMPAIGN_STARTED, words.CAMPAIGN_RESUMED}:
            self._finish_if_over(campaign.id)

    def _finish_if_over(self, campaign_id: str) -> None:
        """Finish a campaign whose sequence has nothing left to send to any lead."""
        campaign = self._store.campaign(campaign_id)
        if not campaign.sequence or self._sequences.has_enrolled(campaign_id):
            return
        statuses = [lead.status for lead in self._store.leads_in(campaign_id)]
        is_over = statuses and all(map(lead_progress.ends_sequence, statuses))
        if campaign.status == STARTED and is_over:
            self._set_status(campaign, "finish", "system")

    def _set_status(self, campaign: Campaign, action: str, by: str) -> Campaign:
        _, status, event_type = _ACTIONS[action]
        campaign = self._store.change_campaign(campaign, status=status)
        total = self._store.lead_count(campaign.id)
        self._store.record(CampaignChanged(event_type, campaign, total, by))
        return campaign
