"""The campaigns API: `GET /campaigns`, `GET` and `PATCH /campaigns/{id}`."""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, fields

from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    ComputedText,
    QueryNumber,
    Request,
    Timestamp,
)
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.paging import MAX_PAGES, MAX_PER_PAGE, Page, Pagination
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.models import Campaign
from mock_sendpilot.world.workspace import Workspace

campaigns = Resource("campaigns")

_PER_PAGE = 20
_ALL = "all"
_ACTIONS = ("pause", "resume")


@dataclass(frozen=True, slots=True)
class CountedCampaign:
    """A campaign and the number of its leads."""

    campaign: Campaign
    total_leads: int


def with_lead_count(workspace: Workspace, campaign: Campaign) -> CountedCampaign:
    """Return a campaign of a workspace with the number of its leads."""
    return CountedCampaign(campaign, workspace.store.lead_count(campaign.id))


class _Status(Choice):
    """A campaign's status as the contract spells it."""

    def __init__(self, contract: Contract, **options: Any) -> None:
        super().__init__(contract.campaign_statuses, **options)
        self._spellings = dict(zip(words.CAMPAIGN_STATUSES, self.words, strict=True))

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return self._spellings[value]


class _Metrics(CamelCaseSchema):
    """The nested counters in the example of the first documentation pages."""

    connections_sent = fields.Integer(required=True)
    connections_accepted = fields.Integer(required=True)
    messages_sent = fields.Integer(required=True)
    replies_received = fields.Integer(required=True)


class _Counter(fields.Integer):
    def __init__(self, name: str) -> None:
        super().__init__(attribute=f"campaign.counters.{name}", required=True)


def _campaign(contract: Contract, keys: Iterable[str]) -> Schema:
    class CampaignSchema(CamelCaseSchema):
        id = fields.String(attribute="campaign.id", required=True)
        name = fields.String(attribute="campaign.name", required=True)
        status = _Status(contract, attribute="campaign.status", required=True)
        type = fields.String(attribute="campaign.type", required=True)
        total_leads = fields.Integer(required=True)
        leads_contacted = _Counter("leads_contacted")
        connections_sent = _Counter("connections_sent")
        messages_sent = _Counter("messages_sent")
        replies_received = _Counter("replies_received")
        metrics = fields.Nested(_Metrics, attribute="campaign.counters", required=True)
        # Not linkedin_…: the vendor writes linkedInSenderIds here, and linkedinUrl elsewhere.
        linked_in_sender_ids = fields.List(
            fields.String(), attribute="campaign.sender_ids", required=True
        )
        description = fields.String(
            attribute="campaign.description", allow_none=True, required=True
        )
        created_at = Timestamp(attribute="campaign.created_at", required=True)
        updated_at = Timestamp(attribute="campaign.updated_at", required=True)

    return CampaignSchema.with_keys(keys)


def campaign_detail(contract: Contract) -> Schema:
    """Return the schema of one campaign."""
    return _campaign(contract, contract.campaign_detail)


def _campaign_list(contract: Contract) -> Schema:
    """Return the schema of campaigns and their paging, under the keys of the contract."""
    items, paging = contract.campaign_list
    item = fields.Nested(_campaign(contract, contract.campaign_item))
    return Schema.from_dict(
        {
            items: fields.List(item, attribute="items", required=True),
            paging: fields.Nested(Pagination, attribute="pagination", required=True),
        },
        name="CampaignList",
    )()


def _list_query(contract: Contract) -> Request:
    # The text of the older pages has no word for all: without a filter all are listed.
    default = {"load_default": _ALL} if _ALL in contract.campaign_filters else {}

    class ListQuery(Request):
        status = Choice(contract.campaign_filters, **default)
        page = QueryNumber(1, MAX_PAGES, load_default=1)
        limit = QueryNumber(1, MAX_PER_PAGE, load_default=_PER_PAGE)

    return ListQuery()


@campaigns.get("/campaigns")
@serves(
    Operation(
        id="campaigns.list",
        scope=words.CAMPAIGNS_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, CLIENTS),
        query=_list_query,
        response=_campaign_list,
        invented=("the scope", "the order: as they were added"),
    )
)
def list_campaigns(
    workspace: Workspace, *, page: int, limit: int, status: str = _ALL
) -> Page[CountedCampaign]:
    """List the campaigns of the workspace."""
    # Both specifications filter by `active` and return `started`.
    status = "started" if status == "active" else status
    counted = [
        with_lead_count(workspace, campaign)
        for campaign in workspace.store.campaigns()
        if status in (_ALL, campaign.status)
    ]
    return Page(counted, page, limit)


@campaigns.get("/campaigns/<opaque:campaign_id>")
@serves(
    Operation(
        id="campaigns.get",
        scope=words.CAMPAIGNS_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION),
        response=campaign_detail,
        errors=(404,),
        invented=("the scope", "the value of type: outreach"),
    )
)
def get_campaign(workspace: Workspace, campaign_id: str) -> CountedCampaign:
    """Get a campaign with its counters."""
    return with_lead_count(workspace, workspace.store.campaign(campaign_id))


class _Action(Request):
    action = Choice(_ACTIONS, required=True)


class _ActionResult(CamelCaseSchema):
    """The status is in lower case under every contract, as all sources say."""

    success = fields.Constant(constant=True, required=True)
    campaign_id = fields.String(attribute="campaign.id", required=True)
    action = Choice(_ACTIONS, required=True)
    new_status = Choice(words.CAMPAIGN_STATUSES, attribute="campaign.status", required=True)
    # The vendor documents the message of a pause alone.
    message = ComputedText(
        lambda result: f"Campaign {result['action']}d successfully", required=True
    )


@campaigns.patch("/campaigns/<opaque:campaign_id>")
@serves(
    Operation(
        id="campaigns.update",
        scope=words.CAMPAIGNS_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES),
        body=_Action,
        response=_ActionResult,
        errors=(400, 404),
        events=(words.CAMPAIGN_PAUSED, words.CAMPAIGN_RESUMED),
        invented=(
            "the scope",
            "the message of a resume",
            "pausing what is paused is 400 (contract option repeat_action)",
        ),
    )
)
def update_campaign(workspace: Workspace, campaign_id: str, *, action: str) -> dict[str, Any]:
    """Pause or resume a campaign."""
    campaign = workspace.campaigns.change(campaign_id, action, by="api")
    return {"campaign": campaign, "action": action}
