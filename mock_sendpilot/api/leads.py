"""The leads API: `GET` and `POST /leads`, `GET /leads/{id}`, `PATCH /leads/{id}/status`.

Under every contract `full` adds the same keys to a lead. That they come only then is an assumption.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api.exchange import CURRENT_EXCHANGE
from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    ComputedText,
    Flag,
    JsonObject,
    ListOf,
    QueryNumber,
    Request,
    Text,
    Timestamp,
    excerpt,
)
from mock_sendpilot.api.hints import add_hint, hint_on_custom_fields
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Alternative,
    Operation,
    cached_schema,
    serves,
)
from mock_sendpilot.api.paging import MAX_PAGES, MAX_PER_PAGE, Page, Pagination
from mock_sendpilot.api.problems import problems_of
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import bounded
from mock_sendpilot.world.models import LeadDraft
from mock_sendpilot.world.store import StatusChange
from mock_sendpilot.world.workspace import Workspace

leads = Resource("leads")

_PER_PAGE = 50
# `data` in particular comes with `full` alone: one client takes `response.data || response`.
_FULL_KEYS = (
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


class _Lead(CamelCaseSchema):
    id = fields.String(required=True)
    linkedin_url = fields.String(required=True)
    status = Choice(words.LEAD_STATUSES, required=True)
    first_name = fields.String(required=True, allow_none=True)
    last_name = fields.String(required=True, allow_none=True)
    title = fields.String(required=True, allow_none=True)
    company = fields.String(required=True, allow_none=True)
    campaign_id = fields.String(required=True, allow_none=True)  # null without a campaign
    sender_id = fields.String(required=True, allow_none=True)
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)
    email = fields.String(allow_none=True)
    custom_lead_status = Choice(words.CUSTOM_LEAD_STATUSES, allow_none=True)
    about = fields.String(allow_none=True)
    connection_count = fields.Integer(allow_none=True)
    follower_count = fields.Integer(allow_none=True)
    industry = fields.String(allow_none=True)
    is_open_profile = fields.Boolean(allow_none=True)
    is_premium = fields.Boolean(allow_none=True)
    location = fields.String(allow_none=True)
    profile_picture_url = fields.String(allow_none=True)
    website = fields.String(allow_none=True)
    data = JsonObject(attribute="custom_fields")


def _base_lead(contract: Contract) -> Schema:
    return _Lead.with_keys(contract.lead_fields)


def full_lead(contract: Contract) -> Schema:
    """Return the schema of a lead with all its keys."""
    return _Lead.with_keys((*contract.lead_fields, *_FULL_KEYS))


def _base_list(contract: Contract) -> Schema:
    return _list_of(_base_lead(contract))


def _full_list(contract: Contract) -> Schema:
    return _list_of(full_lead(contract))


def _list_of(lead: Schema) -> Schema:
    return Schema.from_dict(
        {
            "leads": fields.List(fields.Nested(lead), attribute="items", required=True),
            "pagination": fields.Nested(Pagination, required=True),
        },
        name="LeadList",
    )()


class _OneLeadQuery(Request):
    full = Flag(load_default=False)


def _list_query(contract: Contract) -> Request:
    class ListQuery(Request):
        campaign_id = Text(required=contract.list_needs_campaign)
        status = Choice(contract.list_statuses)
        full = Flag(load_default=False)
        page = QueryNumber(1, MAX_PAGES, load_default=1)
        limit = QueryNumber(1, MAX_PER_PAGE, load_default=_PER_PAGE)

    return ListQuery()


@leads.get("/leads")
@serves(
    Operation(
        id="leads.list",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, CLIENTS),
        query=_list_query,
        response=_full_list,
        errors=(400,),
        invented=("the scope", "the order: as they were added"),
    )
)
def list_leads(
    workspace: Workspace, *, full: bool, page: int, limit: int, **filters: str
) -> Alternative:
    """List the leads of the workspace or of a campaign."""
    schema = _full_list if full else _base_list
    start = (page - 1) * limit
    found, total = workspace.store.lead_slice(start, start + limit, **filters)
    return Alternative(schema, Page(found, page, limit, total=total))


@leads.get("/leads/<opaque:lead_id>")
@serves(
    Operation(
        id="leads.get",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, CLIENTS),
        query=_OneLeadQuery,
        response=full_lead,
        errors=(404,),
        invented=(
            "the scope",
            "which keys come only with full",
            "campaignId is null for a person whom no campaign knows",
        ),
    )
)
def get_lead(workspace: Workspace, lead_id: str, *, full: bool) -> Alternative:
    """Get a lead."""
    schema = full_lead if full else _base_lead
    return Alternative(schema, workspace.store.lead(lead_id))


def _status_body(contract: Contract) -> Request:
    required_keys = contract.patch_body.any_of

    class StatusBody(Request):
        any_of = required_keys if len(required_keys) > 1 else ()
        status = Choice(contract.patch_statuses, required=required_keys == ("status",))
        custom_lead_status = Choice(words.CUSTOM_LEAD_STATUSES)
        note = Text(may_be_empty=True, allow_none=True)

        # The original has the keys of JSON, which are those that the error names.
        def check(self, loaded: dict[str, Any], original: dict[str, Any]) -> None:
            """Require one of the keys."""
            del loaded
            if not any(key in original for key in required_keys):
                raise ValidationError(f"at least one of {' or '.join(required_keys)} is required")

    return StatusBody.with_keys(contract.patch_body.fields)


class _StatusResponse(CamelCaseSchema):
    id = fields.String(attribute="lead.id", required=True)
    linkedin_url = fields.String(attribute="lead.linkedin_url", required=True)
    previous_status = Choice(words.LEAD_STATUSES, required=True)
    status = Choice(words.LEAD_STATUSES, attribute="lead.status", required=True)
    updated_at = Timestamp(attribute="lead.updated_at", required=True)
    success = fields.Constant(constant=True, required=True)
    # Two fields of one schema cannot have the same attribute, so this one is computed.
    lead_id = ComputedText(lambda change: change.lead.id, required=True)
    message = ComputedText(
        lambda change: f"Lead status updated to '{change.lead.status}'", required=True
    )


def _status_response(contract: Contract) -> Schema:
    return _StatusResponse.with_keys(contract.patch_reply)


@leads.patch("/leads/<opaque:lead_id>/status")
@serves(
    Operation(
        id="leads.updateStatus",
        scope=words.LEADS_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES),
        body=_status_body,
        response=_status_response,
        errors=(400, 404),
        events=(words.LEAD_UPDATED, words.LEAD_TAG_UPDATED),
        invented=(
            "the scope",
            "a change to the status that the lead has makes no event",
            "with customLeadStatus alone, status and message have the unchanged status",
        ),
    )
)
def update_status(workspace: Workspace, lead_id: str, **changes: str) -> StatusChange:
    """Change a lead's status."""
    return workspace.store.set_lead_status(lead_id, changed_by="api", **changes)


class _NewLead(Request):
    """One entry; keys without a field are custom fields."""

    linkedin_url = Text(required=True)
    first_name = Text(may_be_empty=True, allow_none=True)
    last_name = Text(may_be_empty=True, allow_none=True)
    email = Text(may_be_empty=True, allow_none=True)
    company = Text(may_be_empty=True, allow_none=True)
    title = Text(may_be_empty=True, allow_none=True)
    custom_fields = JsonObject(allow_none=True)


class _NewLeads(ListOf):
    """The array of new leads; each is checked alone, so that an invalid one stops no other."""

    def __init__(self, max_items: int) -> None:
        expected = f"an array of 1 to {max_items} leads"
        entry = fields.Raw(allow_none=True)
        super().__init__(entry, expected=expected, max_items=max_items, required=True)

    def json_schema(self) -> dict[str, Any]:
        """Return the array with entries of any type: an invalid one makes no 400."""
        example = {"linkedinUrl": "https://www.linkedin.com/in/ida-holm", "firstName": "Ida"}
        description = (
            "An object with linkedinUrl, and firstName, lastName, email, company, title, "
            "customFields; every other key is a custom field. The errors of an invalid entry are "
            "in the reply."
        )
        items = {"description": description, "examples": [example]}
        return {"type": "array", **super().json_schema(), "items": items}


def _import_body(contract: Contract) -> Request:
    class ImportBody(Request):
        campaign_id = Text(required=True)
        leads = _NewLeads(contract.leads_per_post)

    return ImportBody()


class _RejectedEntry(CamelCaseSchema):
    index = fields.Integer(required=True)
    linkedin_url = fields.Raw(required=True, allow_none=True)  # whatever was sent
    reason = fields.String(required=True)


class _ImportResponse(CamelCaseSchema):
    """Counters, and the errors if there are any; lead ids are never returned."""

    success = fields.Constant(constant=True, required=True)
    leads_added = fields.Integer(required=True)
    duplicates_skipped = fields.Integer(required=True)
    invalid_entries = fields.Integer(required=True)
    errors = fields.List(fields.Nested(_RejectedEntry))


@leads.post("/leads")
@serves(
    Operation(
        id="leads.add",
        scope=words.LEADS_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, CLIENTS),
        body=_import_body,
        response=_ImportResponse,
        errors=(400, 404),
        invented=("the scope", "the campaign's senders take turns with new leads"),
    )
)
def add_leads(workspace: Workspace, campaign_id: str, leads: list[Any]) -> dict[str, Any]:
    """Add leads to a campaign; the reply has counters, and a reason for each refused entry."""
    extensions = CURRENT_EXCHANGE.get().extensions
    schema = cached_schema(_NewLead, workspace.contract, extensions)
    add_hint(hint_on_custom_fields(leads, schema.json_keys))
    # Refused entries keep their place among the drafts: the vendor reports each by its index.
    drafts = [_draft(entry, schema) for entry in leads]
    result = workspace.campaigns.add_leads(campaign_id, drafts)
    counters = {
        "leads_added": len(result.added),
        "duplicates_skipped": result.duplicate_count,
        "invalid_entries": len(result.rejected),
    }
    rejected = [(index, leads[index], reason) for index, reason in result.rejected]
    errors = [
        {
            "index": index,
            "linkedin_url": entry.get("linkedinUrl") if isinstance(entry, dict) else None,
            "reason": reason,
        }
        for index, entry, reason in rejected
    ]
    return {**counters, "errors": errors} if errors else counters


def _draft(entry: object, schema: _NewLead) -> LeadDraft | str:
    """Return an entry as a draft, or the reason why it is refused."""
    if not isinstance(entry, dict):
        return f"expected a JSON object for a lead, got {excerpt(entry)}"
    try:
        details: dict[str, Any] = schema.load(entry)
    except ValidationError as error:
        return "; ".join(bounded(problems_of(error)))
    # The newer pages have custom fields next to the others, the older ones in an object.
    nested = details.pop("custom_fields", None) or {}
    flat = {key: value for key, value in entry.items() if key not in schema.json_keys}
    return LeadDraft(
        linkedin_url=details.pop("linkedin_url"),
        details={**details, "custom_fields": {**flat, **nested}},
    )
