"""The leads API: `GET` and `POST /leads`, `GET /leads/{id}`, `PATCH /leads/{id}/status`."""

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, ValidationError

from mock_sendpilot.api import lead_schemas, new_lead_schemas
from mock_sendpilot.api.envelope import problems_of
from mock_sendpilot.api.fields import shown
from mock_sendpilot.api.ignored_names import add_hint, hint_on_custom_fields
from mock_sendpilot.api.operation import Operation, dumped, schema, serves
from mock_sendpilot.api.paging import Page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.errors import bounded
from mock_sendpilot.world.lead_import import Import, LeadDraft
from mock_sendpilot.world.store import StatusChange
from mock_sendpilot.world.workspace import Workspace

leads = Blueprint("leads", __name__)


@leads.patch("/leads/<opaque:lead_id>/status")
@serves(
    Operation(
        id="leads.updateStatus",
        scope=words.LEADS_WRITE,
        source="the published page; (b) 23",
        body=lead_schemas.status_body,
        reply=lead_schemas.status_reply,
        errors=(400, 404),
        events=(words.LEAD_UPDATED, words.LEAD_TAG_UPDATED),
        invented=(
            "the scope",
            "a change to the status that the lead has makes no event",
            "with customLeadStatus alone, status and message tell the unchanged status",
        ),
    )
)
def update_status(workspace: Workspace, lead_id: str, **wanted: str) -> StatusChange:
    """Change a lead's status."""
    return workspace.store.set_lead_status(lead_id, changed_by="api", **wanted)


@leads.get("/leads/<opaque:lead_id>")
@serves(
    Operation(
        id="leads.get",
        scope=words.LEADS_READ,
        source="(b) 21; SB, SA, C2, C3",
        query=lead_schemas.one_lead_query,
        reply=lead_schemas.either_lead,
        errors=(404,),
        invented=(
            "the scope",
            "which keys come only with full",
            "campaignId is null for a person whom no campaign knows",
        ),
    )
)
def get_lead(workspace: Workspace, lead_id: str, *, full: bool) -> Response:
    """One lead."""
    shape = lead_schemas.full_lead if full else lead_schemas.lead
    return dumped(shape, workspace.store.lead(lead_id), workspace.contract)


@leads.get("/leads")
@serves(
    Operation(
        id="leads.list",
        scope=words.LEADS_READ,
        source="(b) 22; SB, SA, C1, C2",
        query=lead_schemas.list_query,
        reply=lead_schemas.lead_list,
        errors=(400,),
        invented=("the scope", "the order: as they were added"),
    )
)
def list_leads(
    workspace: Workspace, *, full: bool, page: int, limit: int, **filters: str
) -> Response:
    """The leads of a workspace or campaign."""
    found = Page(workspace.store.leads(**filters), page, limit)
    return dumped(lead_schemas.lead_page(full=full), found, workspace.contract)


@leads.post("/leads")
@serves(
    Operation(
        id="leads.add",
        scope=words.LEADS_WRITE,
        source="(b) 20; SB, SA, C1, C2, C5",
        body=new_lead_schemas.new_leads,
        reply=new_lead_schemas.import_reply,
        errors=(400, 404),
        invented=("the scope", "the campaign's senders take turns with new leads"),
    )
)
def add_leads(workspace: Workspace, campaign_id: str, leads: list[Any]) -> dict[str, Any]:
    """Add leads to a campaign: counters, and a reason for each that is refused."""
    shape = schema(new_lead_schemas.new_lead, workspace.contract)
    add_hint(hint_on_custom_fields(leads, shape.fields))
    drafts = [_draft(entry, shape) for entry in leads]
    return _told(workspace.campaigns.add_leads(campaign_id, drafts), leads)


def _draft(entry: object, shape: Schema) -> LeadDraft | str:
    """An entry as the store takes it, or the reason why it cannot be taken."""
    if not isinstance(entry, dict):
        return f"a lead must be a JSON object; it was {shown(entry)}"
    try:
        details: dict[str, Any] = shape.load(entry)
    except ValidationError as error:
        return "; ".join(bounded(problems_of(error)))
    url, nested = details.pop("linkedinUrl"), details.pop("customFields", None) or {}
    flat = {key: value for key, value in entry.items() if key not in shape.fields}
    return LeadDraft(linkedin_url=url, details={**details, "custom_fields": {**flat, **nested}})


def _told(outcome: Import, entries: list[Any]) -> dict[str, Any]:
    counters = {
        "leadsAdded": len(outcome.added),
        "duplicatesSkipped": outcome.duplicate_count,
        "invalidEntries": len(outcome.rejected),
    }
    rejected = [
        {"index": index, "linkedinUrl": _url_of(entries[index]), "reason": reason}
        for index, reason in outcome.rejected
    ]
    return {**counters, "errors": rejected} if rejected else counters


def _url_of(entry: object) -> object:
    return entry.get("linkedinUrl") if isinstance(entry, dict) else None
