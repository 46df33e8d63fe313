"""The campaigns API: `GET /campaigns`, `GET` and `PATCH /campaigns/{id}`."""

from flask import Blueprint

from mock_sendpilot.api import campaign_schemas as shapes
from mock_sendpilot.api.operation import Operation, serves
from mock_sendpilot.api.paging import Page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.world.workspace import Workspace

campaigns = Blueprint("campaigns", __name__)


@campaigns.get("/campaigns")
@serves(
    Operation(
        id="campaigns.list",
        scope=words.CAMPAIGNS_READ,
        source="(b) 1; SB, SA, C2, C4",
        query=shapes.list_query,
        reply=shapes.campaign_list,
        invented=("the scope", "the order: as they were added"),
    )
)
def list_campaigns(
    workspace: Workspace, *, page: int, limit: int, status: str = shapes.ALL
) -> Page[shapes.CountedCampaign]:
    """The campaigns of the workspace."""
    found = shapes.matching(workspace.store.campaigns(), status)
    counted = [_counted(workspace, one.id) for one in found]
    return Page(counted, page, limit)


@campaigns.get("/campaigns/<opaque:campaign_id>")
@serves(
    Operation(
        id="campaigns.get",
        scope=words.CAMPAIGNS_READ,
        source="(b) 2; SB, SA",
        reply=shapes.campaign_detail,
        errors=(404,),
        invented=("the scope", "the value of type: outreach"),
    )
)
def get_campaign(workspace: Workspace, campaign_id: str) -> shapes.CountedCampaign:
    """One campaign with its counters."""
    return _counted(workspace, campaign_id)


@campaigns.patch("/campaigns/<opaque:campaign_id>")
@serves(
    Operation(
        id="campaigns.update",
        scope=words.CAMPAIGNS_WRITE,
        source="(b) 3; all sources agree",
        body=shapes.action_body,
        reply=shapes.action_reply,
        errors=(400, 404),
        events=(words.CAMPAIGN_PAUSED, words.CAMPAIGN_RESUMED),
        invented=(
            "the scope",
            "the message of a resume",
            "pausing what is paused is 400 (point repeat_action)",
        ),
    )
)
def update_campaign(workspace: Workspace, campaign_id: str, *, action: str) -> shapes.ActionDone:
    """Pause or resume a campaign."""
    return shapes.ActionDone(workspace.campaigns.change(campaign_id, action, by="api"), action)


def _counted(workspace: Workspace, campaign_id: str) -> shapes.CountedCampaign:
    campaign = workspace.store.campaign(campaign_id)
    return shapes.CountedCampaign(campaign, workspace.store.lead_count(campaign_id))
