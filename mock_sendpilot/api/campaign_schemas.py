"""The schemas of the campaigns API (sections (b) 1-3 and (e) 11-14)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

from mock_sendpilot.api.fields import AnyField, Choice, Request, Timestamp, Told, WholeNumber
from mock_sendpilot.api.paging import MOST_PAGES, MOST_PER_PAGE, Pagination
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.models import Campaign

_PER_PAGE = 20
ALL = "all"
API_ACTIONS = ("pause", "resume")


@dataclass(frozen=True, slots=True)
class CountedCampaign:
    """A campaign and how many leads it has."""

    campaign: Campaign
    total_leads: int


def _spelled(contract: Contract, status: str) -> str:
    return contract.campaign_statuses[words.CAMPAIGN_STATUSES.index(status)]


class _Status(Choice):
    """A campaign's status as the contract spells it."""

    def __init__(self, contract: Contract, **options: Any) -> None:
        self._contract = contract
        super().__init__(contract.campaign_statuses, **options)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return _spelled(self._contract, value)


def _count(name: str) -> fields.Integer:
    return fields.Integer(attribute=f"campaign.counters.{name}", required=True)


class _Metrics(Schema):
    """The nested counters of D1's and D2's example."""

    connectionsSent = fields.Integer(attribute="connections_sent", required=True)  # noqa: N815
    connectionsAccepted = fields.Integer(attribute="connections_accepted", required=True)  # noqa: N815
    messagesSent = fields.Integer(attribute="messages_sent", required=True)  # noqa: N815
    repliesReceived = fields.Integer(attribute="replies_received", required=True)  # noqa: N815


def _shape(contract: Contract, keys: Iterable[str]) -> Schema:
    always: dict[str, Any] = {"required": True}
    known: dict[str, AnyField] = {
        "id": fields.String(attribute="campaign.id", **always),
        "name": fields.String(attribute="campaign.name", **always),
        "status": _Status(contract, attribute="campaign.status", **always),
        "type": fields.String(attribute="campaign.type", **always),
        "totalLeads": fields.Integer(attribute="total_leads", **always),
        "leadsContacted": _count("leads_contacted"),
        "connectionsSent": _count("connections_sent"),
        "messagesSent": _count("messages_sent"),
        "repliesReceived": _count("replies_received"),
        "metrics": fields.Nested(_Metrics, attribute="campaign.counters", **always),
        "linkedInSenderIds": fields.List(
            fields.String(), attribute="campaign.sender_ids", **always
        ),
        "description": fields.String(
            attribute="campaign.description", allow_none=True, required=True
        ),
        "createdAt": Timestamp(attribute="campaign.created_at", **always),
        "updatedAt": Timestamp(attribute="campaign.updated_at", **always),
    }
    return Schema.from_dict({key: known[key] for key in keys})()


def campaign_detail(contract: Contract) -> Schema:
    """One campaign."""
    return _shape(contract, contract.campaign_detail)


def campaign_list(contract: Contract) -> Schema:
    """Campaigns and their paging, under the keys of the contract."""
    items, paging = contract.campaign_list
    item = fields.Nested(_shape(contract, contract.campaign_item))
    return Schema.from_dict(
        {
            items: fields.List(item, attribute="items", required=True),
            paging: fields.Nested(Pagination, attribute="pagination", required=True),
        },
        name="CampaignList",
    )()


def list_query(contract: Contract) -> Schema:
    """Filter and paging of the campaign list."""
    default = {"load_default": ALL} if ALL in contract.campaign_filters else {}
    return Request.from_dict(
        {
            "status": Choice(contract.campaign_filters, **default),
            "page": WholeNumber(1, MOST_PAGES, load_default=1),
            "limit": WholeNumber(1, MOST_PER_PAGE, load_default=_PER_PAGE),
        }
    )()


def action_body(_contract: Contract) -> Schema:
    """What is to be done with a campaign."""
    return Request.from_dict({"action": Choice(API_ACTIONS, required=True)})()


@dataclass(frozen=True, slots=True)
class ActionDone:
    """A campaign after an action."""

    campaign: Campaign
    action: str


def action_reply(_contract: Contract) -> Schema:
    """What an action answers: the status in lower case under every contract, as all sources say.

    The message of a resume is made like that of a pause.
    """
    return Schema.from_dict(
        {
            "success": fields.Constant(constant=True, required=True),
            "campaignId": fields.String(attribute="campaign.id", required=True),
            "action": Choice(API_ACTIONS, required=True),
            "newStatus": Choice(
                words.CAMPAIGN_STATUSES, attribute="campaign.status", required=True
            ),
            "message": Told(lambda done: f"Campaign {done.action}d successfully", required=True),
        },
        name="ActionDone",
    )()


def matching(campaigns: Iterable[Campaign], status: str) -> list[Campaign]:
    """The campaigns that a filter word finds; `active` finds what is `started`."""
    wanted = {ALL: None, "active": "started"}.get(status, status)
    return [one for one in campaigns if wanted in (None, one.status)]
