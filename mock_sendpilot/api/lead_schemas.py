"""The schemas of the leads API, made once for each contract.

Evidence for the keys: sections (b) 20-23 and (e) of the reconstructed contract. Under all of them
`full` adds the same keys; that they come only then is an assumption (confidence M).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from mock_sendpilot.api.fields import Choice, Flag, JsonObject, ListOf, Text, Timestamp, WholeNumber
from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.clock import iso_milliseconds
from mock_sendpilot.domain.contracts import Contract, PatchBody
from mock_sendpilot.domain.store import StatusChange

_MOST_PAGES = 100  # SB only, applied under every contract
_MOST_PER_PAGE = 100
_PER_PAGE = 50

_FULL = (
    "email",
    "customLeadStatus",
    "about",
    "connectionCount",
    "followerCount",
    "industry",
    "isOpenProfile",
    "isPremium",
    "location",
    "profilePictureUrl",
    "website",
    "data",
)


def _lead_fields() -> Mapping[str, fields.Field[Any]]:
    return {
        "id": fields.String(),
        "linkedinUrl": fields.String(attribute="linkedin_url"),
        "status": fields.String(),
        "firstName": fields.String(attribute="first_name"),
        "lastName": fields.String(attribute="last_name"),
        "title": fields.String(),
        "company": fields.String(),
        "campaignId": fields.String(attribute="campaign_id"),
        "senderId": fields.String(attribute="sender_id"),
        "createdAt": Timestamp(attribute="created_at"),
        "updatedAt": Timestamp(attribute="updated_at"),
        "email": fields.String(),
        "customLeadStatus": fields.String(attribute="custom_lead_status"),
        "about": fields.String(),
        "connectionCount": fields.Integer(attribute="connection_count"),
        "followerCount": fields.Integer(attribute="follower_count"),
        "industry": fields.String(),
        "isOpenProfile": fields.Boolean(attribute="is_open_profile"),
        "isPremium": fields.Boolean(attribute="is_premium"),
        "location": fields.String(),
        "profilePictureUrl": fields.String(attribute="profile_picture_url"),
        "website": fields.String(),
        "data": fields.Raw(attribute="custom_fields"),
    }


def _status_reply_fields() -> Mapping[str, fields.Field[Any]]:
    return {
        "id": fields.Function(lambda change: change.lead.id),
        "linkedinUrl": fields.Function(lambda change: change.lead.linkedin_url),
        "previousStatus": fields.String(attribute="previous_status"),
        "status": fields.Function(lambda change: change.lead.status),
        "updatedAt": fields.Function(lambda change: iso_milliseconds(change.lead.updated_at)),
        "success": fields.Constant(constant=True),
        "leadId": fields.Function(lambda change: change.lead.id),
        "message": fields.Function(_status_message),
    }


def _status_message(change: StatusChange) -> str:
    return f"Lead status updated to '{change.lead.status}'"


class _Request(Schema):
    """Bodies and queries: unknown fields are ignored, as the vendor does."""

    class Meta:
        unknown = EXCLUDE


class _OneLeadQuery(_Request):
    full = Flag(load_default=False)


class _NewLead(_Request):
    """One entry of POST /v1/leads. What is not named here is a custom field."""

    linkedinUrl = Text(required=True)  # noqa: N815 - the vendor's spelling
    firstName = Text(may_be_empty=True, allow_none=True, attribute="first_name")  # noqa: N815
    lastName = Text(may_be_empty=True, allow_none=True, attribute="last_name")  # noqa: N815
    email = Text(may_be_empty=True, allow_none=True)
    company = Text(may_be_empty=True, allow_none=True)
    title = Text(may_be_empty=True, allow_none=True)
    customFields = JsonObject(allow_none=True)  # noqa: N815


class LeadSchemas:
    """Every schema of the leads API under one contract."""

    def __init__(self, contract: Contract) -> None:
        self.lead = _reply(_lead_fields(), contract.lead_fields)
        self.full_lead = _reply(_lead_fields(), (*contract.lead_fields, *_FULL))
        self.status_reply = _reply(_status_reply_fields(), contract.patch_reply)
        self.status_body = _status_body(contract)
        self.one_lead_query = _OneLeadQuery()
        self.list_query = _list_query(contract)
        self.new_leads = _new_leads(contract)
        self.new_lead = _NewLead()

    def shape(self, *, full: bool) -> Schema:
        """The schema of a lead, with all it has or with the base keys."""
        return self.full_lead if full else self.lead


def _reply(known: Mapping[str, fields.Field[Any]], keys: Iterable[str]) -> Schema:
    """A schema with these keys, in this order."""
    return Schema.from_dict({key: known[key] for key in keys})()


def _status_body(contract: Contract) -> Schema:
    body = contract.patch_body
    known: dict[str, fields.Field[Any]] = {
        "status": Choice(contract.patch_statuses, required=body.any_of == ("status",)),
        "customLeadStatus": Choice(words.CUSTOM_LEAD_STATUSES, attribute="custom_lead_status"),
        "note": Text(may_be_empty=True, allow_none=True),
    }

    class StatusBody(_Request):
        @validates_schema(skip_on_field_errors=True)
        def _any_of(self, data: dict[str, Any], **_: object) -> None:
            _require_any(body, data)

    return StatusBody.from_dict({key: known[key] for key in body.fields})()


def _require_any(body: PatchBody, data: Mapping[str, Any]) -> None:
    attributes = {"customLeadStatus": "custom_lead_status"}
    if not any(attributes.get(key, key) in data for key in body.any_of):
        raise ValidationError(f"at least one of {' or '.join(body.any_of)} is required")


def _list_query(contract: Contract) -> Schema:
    return _Request.from_dict(
        {
            "campaignId": Text(required=contract.list_needs_campaign, attribute="campaign_id"),
            "status": Choice(contract.list_statuses),
            "full": Flag(load_default=False),
            "page": WholeNumber(1, _MOST_PAGES, load_default=1),
            "limit": WholeNumber(1, _MOST_PER_PAGE, load_default=_PER_PAGE),
        }
    )()


class _LeadList(ListOf):
    """The array of POST /v1/leads; its entries are looked at one by one, later."""

    def __init__(self, most: int) -> None:
        self.most = most
        entry = fields.Raw(allow_none=True)
        expected = f"must be an array of 1 to {most} leads"
        super().__init__(entry, expected=expected, required=True, validate=self._count)

    def _count(self, entries: list[Any]) -> None:
        if not 1 <= len(entries) <= self.most:
            raise ValidationError(f"{self.expected}; it has {len(entries)}")


def _new_leads(contract: Contract) -> Schema:
    return _Request.from_dict(
        {
            "campaignId": Text(required=True, attribute="campaign_id"),
            "leads": _LeadList(contract.leads_per_post),
        }
    )()
