"""The schemas of the leads API, each made under a contract.

Evidence for the keys: sections (b) 20-23 and (e) of the reconstructed contract. Under all of them
`full` adds the same keys; that they come only then is an assumption (confidence M).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from mock_sendpilot.api.fields import (
    AnyField,
    Choice,
    Flag,
    JsonObject,
    Request,
    Text,
    Timestamp,
    Told,
    WholeNumber,
)
from mock_sendpilot.api.paging import MOST_PAGES, MOST_PER_PAGE, Pagination
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.options import PatchBody
from mock_sendpilot.world.store import StatusChange

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


def _text(attribute: str | None = None, **options: Any) -> fields.String:
    return fields.String(attribute=attribute, **{"required": True, "allow_none": True, **options})


def _lead_fields(*, full: bool) -> Mapping[str, AnyField]:
    """What a lead can have; `full` says whether the second half has to be there."""
    always: dict[str, Any] = {"required": True}
    nullable: dict[str, Any] = {"required": full, "allow_none": True}
    return {
        "id": fields.String(**always),
        "linkedinUrl": fields.String(attribute="linkedin_url", **always),
        "status": Choice(words.LEAD_STATUSES, **always),
        "firstName": _text("first_name"),
        "lastName": _text("last_name"),
        "title": _text(),
        "company": _text(),
        "campaignId": _text("campaign_id"),  # null for a person whom no campaign knows
        "senderId": _text("sender_id"),
        "createdAt": Timestamp(attribute="created_at", **always),
        "updatedAt": Timestamp(attribute="updated_at", **always),
        "email": fields.String(**nullable),
        "customLeadStatus": Choice(
            words.CUSTOM_LEAD_STATUSES, attribute="custom_lead_status", **nullable
        ),
        "about": fields.String(**nullable),
        "connectionCount": fields.Integer(attribute="connection_count", **nullable),
        "followerCount": fields.Integer(attribute="follower_count", **nullable),
        "industry": fields.String(**nullable),
        "isOpenProfile": fields.Boolean(attribute="is_open_profile", **nullable),
        "isPremium": fields.Boolean(attribute="is_premium", **nullable),
        "location": fields.String(**nullable),
        "profilePictureUrl": fields.String(attribute="profile_picture_url", **nullable),
        "website": fields.String(**nullable),
        "data": JsonObject(attribute="custom_fields", required=full),
    }


def lead(contract: Contract) -> Schema:
    """A lead with the base keys."""
    return _with(_lead_fields(full=False), contract.lead_fields)


def full_lead(contract: Contract) -> Schema:
    """A lead with all it has."""
    return _with(_lead_fields(full=True), (*contract.lead_fields, *_FULL))


def either_lead(contract: Contract) -> Schema:
    """A lead as it is published: the keys of `full` may be missing."""
    return _with(_lead_fields(full=False), (*contract.lead_fields, *_FULL))


def lead_list(contract: Contract) -> Schema:
    """Leads, with or without the keys of `full`, and their paging."""
    return _list_of(either_lead(contract))


def lead_page(*, full: bool) -> Callable[[Contract], Schema]:
    """The factory for a list in which every lead has the keys of `full`, or none."""
    return _full_list if full else _base_list


def _full_list(contract: Contract) -> Schema:
    return _list_of(full_lead(contract))


def _base_list(contract: Contract) -> Schema:
    return _list_of(lead(contract))


def _list_of(shape: Schema) -> Schema:
    leads = fields.List(fields.Nested(shape), attribute="items", required=True)
    return Schema.from_dict(
        {"leads": leads, "pagination": fields.Nested(Pagination, required=True)}, name="LeadList"
    )()


def status_reply(contract: Contract) -> Schema:
    """What PATCH answers."""
    return _with(_status_reply_fields(), contract.patch_reply)


def _status_reply_fields() -> Mapping[str, AnyField]:
    always: dict[str, Any] = {"required": True}
    return {
        "id": fields.String(attribute="lead.id", **always),
        "linkedinUrl": fields.String(attribute="lead.linkedin_url", **always),
        "previousStatus": Choice(words.LEAD_STATUSES, attribute="previous_status", **always),
        "status": Choice(words.LEAD_STATUSES, attribute="lead.status", **always),
        "updatedAt": Timestamp(attribute="lead.updated_at", **always),
        "success": fields.Constant(constant=True, **always),
        "leadId": Told(lambda change: change.lead.id, **always),
        "message": Told(_status_message, **always),
    }


def _status_message(change: StatusChange) -> str:
    return f"Lead status updated to '{change.lead.status}'"


def _with(known: Mapping[str, AnyField], keys: Iterable[str]) -> Schema:
    """A schema with these keys, in this order."""
    return Schema.from_dict({key: known[key] for key in keys})()


def status_body(contract: Contract) -> Schema:
    """What PATCH takes."""
    body = contract.patch_body
    known: dict[str, AnyField] = {
        "status": Choice(contract.patch_statuses, required=body.any_of == ("status",)),
        "customLeadStatus": Choice(words.CUSTOM_LEAD_STATUSES, attribute="custom_lead_status"),
        "note": Text(may_be_empty=True, allow_none=True),
    }

    class StatusBody(Request):
        any_of = body.any_of if len(body.any_of) > 1 else ()

        @validates_schema(skip_on_field_errors=True)
        def _any_of(self, data: dict[str, Any], **_: object) -> None:
            _require_any(body, data)

    return StatusBody.from_dict({key: known[key] for key in body.fields})()


def _require_any(body: PatchBody, data: Mapping[str, Any]) -> None:
    attributes = {"customLeadStatus": "custom_lead_status"}
    if not any(attributes.get(key, key) in data for key in body.any_of):
        raise ValidationError(f"at least one of {' or '.join(body.any_of)} is required")


def one_lead_query(_contract: Contract) -> Schema:
    """`full` alone."""
    return Request.from_dict({"full": Flag(load_default=False)})()


def list_query(contract: Contract) -> Schema:
    """Filters and paging of the lead list."""
    return Request.from_dict(
        {
            "campaignId": Text(required=contract.list_needs_campaign, attribute="campaign_id"),
            "status": Choice(contract.list_statuses),
            "full": Flag(load_default=False),
            "page": WholeNumber(1, MOST_PAGES, load_default=1),
            "limit": WholeNumber(1, MOST_PER_PAGE, load_default=_PER_PAGE),
        }
    )()
