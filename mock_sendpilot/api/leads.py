"""The leads API: `GET` and `POST /leads`, `GET /leads/{id}`, `PATCH /leads/{id}/status`."""

from typing import Any

from flask import Blueprint, Response, current_app
from marshmallow import Schema, ValidationError

from mock_sendpilot.api.access import authorised
from mock_sendpilot.api.body import json_object
from mock_sendpilot.api.envelope import problems_of, reply
from mock_sendpilot.api.fields import shown
from mock_sendpilot.api.lead_schemas import LeadSchemas
from mock_sendpilot.api.paging import load_query, page_of, pagination
from mock_sendpilot.domain.store import Import, LeadDraft
from mock_sendpilot.domain.vocabulary import LEADS_READ, LEADS_WRITE
from mock_sendpilot.domain.workspace import Workspace

leads = Blueprint("leads", __name__)

_SCHEMAS = "mock_sendpilot.lead_schemas"


@leads.patch("/leads/<opaque:lead_id>/status")
@authorised(LEADS_WRITE)
def update_status(workspace: Workspace, lead_id: str) -> Response:
    """Change a lead's status (the published page; section (b) 23)."""
    schemas = _schemas(workspace)
    wanted = schemas.status_body.load(json_object())
    change = workspace.store.set_lead_status(lead_id, changed_by="api", **wanted)
    return reply(schemas.status_reply.dump(change))


@leads.get("/leads/<opaque:lead_id>")
@authorised(LEADS_READ)
def get_lead(workspace: Workspace, lead_id: str) -> Response:
    """One lead (section (b) 21)."""
    schemas = _schemas(workspace)
    query = load_query(schemas.one_lead_query)
    return reply(schemas.shape(full=query["full"]).dump(workspace.store.lead(lead_id)))


@leads.get("/leads")
@authorised(LEADS_READ)
def list_leads(workspace: Workspace) -> Response:
    """The leads of a workspace or campaign (section (b) 22); oldest first, which is invented."""
    schemas = _schemas(workspace)
    query = load_query(schemas.list_query)
    page, limit = query["page"], query["limit"]
    found = workspace.store.leads(campaign_id=query.get("campaign_id"), status=query.get("status"))
    shape = schemas.shape(full=query["full"])
    rows = [shape.dump(lead) for lead in page_of(found, page, limit)]
    return reply({"leads": rows, "pagination": pagination(len(found), page, limit)})


@leads.post("/leads")
@authorised(LEADS_WRITE)
def add_leads(workspace: Workspace) -> Response:
    """Add leads to a campaign (section (b) 20): counters, and a reason for each that is refused."""
    schemas = _schemas(workspace)
    wanted = schemas.new_leads.load(json_object())
    drafts = [_draft(entry, schemas.new_lead) for entry in wanted["leads"]]
    outcome = workspace.store.add_leads(wanted["campaign_id"], drafts)
    return reply(_import_reply(outcome, wanted["leads"]), workspace.contract.post_status_code)


def _schemas(workspace: Workspace) -> LeadSchemas:
    cache: dict[Any, LeadSchemas] = current_app.extensions.setdefault(_SCHEMAS, {})
    contract = workspace.contract
    if contract not in cache:
        cache[contract] = LeadSchemas(contract)
    return cache[contract]


def _draft(entry: object, schema: Schema) -> LeadDraft | str:
    """An entry as the store takes it, or the reason why it cannot be taken."""
    if not isinstance(entry, dict):
        return f"a lead must be a JSON object; it was {shown(entry)}"
    try:
        details: dict[str, Any] = schema.load(entry)
    except ValidationError as error:
        return "; ".join(problems_of(error))
    url, nested = details.pop("linkedinUrl"), details.pop("customFields", None) or {}
    flat = {key: value for key, value in entry.items() if key not in schema.fields}
    return LeadDraft(linkedin_url=url, details={**details, "custom_fields": {**flat, **nested}})


def _import_reply(outcome: Import, entries: list[Any]) -> dict[str, Any]:
    """`errors` stands there only when there are some; lead ids never come back."""
    counters = {
        "success": True,
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
