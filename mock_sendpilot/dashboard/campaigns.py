"""The campaigns: a list, and one campaign with its sequence and its actions."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from flask import Blueprint
from werkzeug.wrappers import Response

from mock_sendpilot.dashboard.rendering import Action, Page, render, with_workspace
from mock_sendpilot.world.models import Campaign, Sender
from mock_sendpilot.world.workspace import Workspace

campaigns = Blueprint("campaigns", __name__)

ACTIONS: Mapping[str, tuple[str, str]] = {
    "start": ("Start", "The campaign is started."),
    "pause": ("Pause", "The campaign is paused."),
    "resume": ("Resume", "The campaign is resumed."),
    "finish": ("Finish", "The campaign is finished."),
}
"""The actions: label and outcome."""
COUNTERS = (
    ("leads_contacted", "Contacted"),
    ("connections_sent", "Requests sent"),
    ("connections_accepted", "Accepted"),
    ("messages_sent", "Messages sent"),
    ("replies_received", "Replies"),
)


class CampaignsPage(Page):
    """The list of campaigns."""

    template = "campaigns.html"
    section = "campaigns"
    title = "Campaigns"
    counters = COUNTERS

    @property
    def rows(self) -> list[Campaign]:
        """All campaigns, oldest first."""
        return self.store.campaigns()

    def lead_count(self, campaign: Campaign) -> int:
        """Return the number of leads of a campaign."""
        return self.store.lead_count(campaign.id)

    def actions(self, campaign: Campaign) -> Iterator[Action]:
        """Yield the actions of a campaign, and why those would change nothing that would not."""
        for name, reason in self.workspace.campaigns.obstacles(campaign.id).items():
            label, done = ACTIONS[name]
            yield Action(name, label, done, reason)


class CampaignPage(CampaignsPage):
    """One campaign."""

    template = "campaign.html"

    def __init__(self, workspace: Workspace, campaign_id: str) -> None:
        super().__init__(workspace)
        self.campaign = self.store.campaign(campaign_id)
        self.title = self.campaign.name

    @cached_property
    def senders(self) -> list[Sender]:
        """The senders of the campaign."""
        found = (self.store.sender(sender_id) for sender_id in self.campaign.sender_ids)
        return [sender for sender in found if sender is not None]


@campaigns.get("/<opaque:workspace_id>/campaigns")
@with_workspace
def list_campaigns(workspace: Workspace) -> Response:
    """Show all campaigns."""
    return render(CampaignsPage(workspace))


@campaigns.get("/<opaque:workspace_id>/campaigns/<opaque:campaign_id>")
@with_workspace
def show_campaign(workspace: Workspace, campaign_id: str) -> Response:
    """Show one campaign."""
    return render(CampaignPage(workspace, campaign_id))
