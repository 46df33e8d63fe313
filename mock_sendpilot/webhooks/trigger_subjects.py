"""What an event by hand is about when nobody says it: something of the workspace that suits it.

That is the oldest lead or campaign in the state that the event speaks of, or, where what causes the
event is to be done, in the state that this needs; of jobs the latest.
"""

from collections.abc import Mapping
from dataclasses import replace

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.webhooks.triggers import CAMPAIGN_ACTIONS, Trigger, current_name
from mock_sendpilot.world import campaigns, lead_progress
from mock_sendpilot.world.models import Campaign, Extraction, Lead, Search
from mock_sendpilot.world.workspace import Workspace

_STANDINGS: Mapping[str, tuple[str | None, str]] = {
    words.MESSAGE_SENT: (lead_progress.CONNECTED, "that is connected with its active sender"),
    words.REPLY_RECEIVED: (lead_progress.CONNECTED, "that is connected with its active sender"),
    words.CONNECTION_REQUEST_SENT: (None, "that its active sender has not asked yet"),
    words.CONNECTION_REQUEST_ACCEPTED: (
        lead_progress.REQUESTED,
        "that has not answered its active sender yet",
    ),
}
"""How a lead and its sender stand before these events can be caused."""
_JOBS: Mapping[str, tuple[str, str]] = {
    words.SEARCH_COMPLETED: ("search", "/v1/lead-database/searches"),
    words.EXTRACTION_COMPLETED: ("extraction", "/v1/lead-extractor/campaigns"),
}


def with_subject(workspace: Workspace, wanted: Trigger, *, with_effects: bool) -> Trigger:
    """Return a trigger that says what it is about.

    One that names something is returned as it is. A campaign limits the leads to its own.

    Args:
        workspace: where a suitable lead, campaign or job is looked for.
        wanted: the event.
        with_effects: whether what causes the event is to be done.

    Raises:
        InvalidInput: there is no such event, or nothing suits it.
    """
    name = current_name(workspace.contract, wanted.event_type)
    if wanted.lead_id is not None or wanted.job_id is not None:
        return wanted
    if name in CAMPAIGN_ACTIONS:
        campaign_id = wanted.campaign_id or _campaign(workspace, name, with_effects=with_effects).id
        return replace(wanted, campaign_id=campaign_id)
    if name not in _JOBS:
        return replace(wanted, lead_id=_lead(workspace, name, wanted, with_effects=with_effects).id)
    if wanted.campaign_id is not None:
        return wanted
    return replace(wanted, job_id=_job(workspace, name, with_effects=with_effects).id)


def _campaign(workspace: Workspace, name: str, *, with_effects: bool) -> Campaign:
    action = CAMPAIGN_ACTIONS[name]
    needed = campaigns.statuses_before(action)
    statuses = needed if with_effects else (campaigns.status_after(action),)
    every = workspace.store.campaigns()
    suitable = [campaign for campaign in every if campaign.status in statuses]
    if suitable or (every and not with_effects):
        return [*suitable, *every][0]
    which = f" that is {' or '.join(needed)}" if every else ""
    raise InvalidInput(f"campaignId is required: this workspace has no campaign{which}")


def _job(workspace: Workspace, name: str, *, with_effects: bool) -> Search | Extraction:
    kind, path = _JOBS[name]
    jobs = workspace.searches if name == words.SEARCH_COMPLETED else workspace.extractions
    every: list[Search | Extraction] = [*jobs.all()]
    suitable = [job for job in every if job.is_over != with_effects]
    if suitable or (every and not with_effects):
        return [*every, *suitable][-1]
    which = " that is not over" if every else ""
    raise InvalidInput(
        f"jobId is required: this workspace has no {kind}{which}; start one with POST {path}"
    )


def _lead(workspace: Workspace, name: str, wanted: Trigger, *, with_effects: bool) -> Lead:
    every = workspace.store.leads(campaign_id=wanted.campaign_id)
    suitable = next((lead for lead in every if _suits(workspace, name, wanted, lead)), None)
    if suitable is not None:
        return suitable
    if every and not with_effects:
        return every[0]
    where = "this workspace" if wanted.campaign_id is None else f"campaign {wanted.campaign_id!r}"
    which = f" {_STANDINGS[name][1]}" if name in _STANDINGS else ""
    raise InvalidInput(f"leadId is required: {where} has no lead{which if every else ''}")


def _suits(workspace: Workspace, name: str, wanted: Trigger, lead: Lead) -> bool:
    if name == words.LEAD_UPDATED:
        return bool(lead.status != wanted.overrides.get("newStatus"))
    if name == words.LEAD_TAG_UPDATED:
        return bool(lead.custom_lead_status != wanted.overrides.get("newTag", ""))
    sender = workspace.store.sender(wanted.sender_id or lead.sender_id or "")
    if sender is None or sender.status != "active":
        return False
    return workspace.store.connection(sender.id, lead.linkedin_url) == _STANDINGS[name][0]
