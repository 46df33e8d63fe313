"""The lead database: searches, which take a while, their status and their results.

The schemas are the same under every contract: those of the newest specification and of clients in
production. The older shapes (a whole number as `progress`, results under `results` with pages) are
not served.
"""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from mock_sendpilot.api.fields import Request, Text, Timestamp, WholeNumber
from mock_sendpilot.api.hints import add_hint, hint_on_ignored
from mock_sendpilot.api.jobs import (
    ResultsQuery,
    SnakeCaseRequest,
    State,
    WebhookUrl,
    job_facts,
    percent_complete,
)
from mock_sendpilot.api.lead_filters import filters_field
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.filters import LEAD_FILTERS
from mock_sendpilot.world.models import Search
from mock_sendpilot.world.workspace import Workspace

lead_database = Blueprint("lead_database", __name__)


def _new_search(_contract: Contract) -> Request:
    class NewSearch(SnakeCaseRequest):
        name = Text(required=True)
        limit = WholeNumber(1, required=True)
        webhook_url = WebhookUrl(allow_none=True, load_default=None)
        # The 94 fields take a few ms to make, so that they are made with the first search.
        filters = filters_field()

    return NewSearch()


class _StartedSearch(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = State(words.SEARCH_STATUSES)
    created_at = Timestamp(required=True)
    estimated_quota = fields.Integer(attribute="limit", required=True)


@lead_database.post("/lead-database/searches")
@serves(
    Operation(
        id="leadDatabase.startSearch",
        scope=words.LEADS_WRITE,
        sources=(NEWEST_SPECIFICATION, CLIENTS),
        body=_new_search,
        response=_StartedSearch,
        errors=(400, 403),
        events=(words.SEARCH_COMPLETED,),
        invented=(
            "the scope",
            "a person costs one credit, and what is not found is given back",
            "a search finds at most 10,000 people, all of them made up",
            "webhook_url may be http or local, and what goes there is not signed",
            "limit is a whole number",
        ),
    )
)
def start_search(workspace: Workspace, **body: Any) -> Search:
    """Start a search."""
    search = workspace.searches.start(**body)
    known = dict.fromkeys(each.name for each in LEAD_FILTERS)
    add_hint(hint_on_ignored("filters", search.filters, known))
    return search


class _Progress(Schema):
    requested = fields.Integer(required=True)
    found = fields.Integer(required=True)
    percent_complete = fields.Integer(required=True)


class _SearchStatus(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = State(words.SEARCH_STATUSES)
    progress = fields.Nested(_Progress, required=True)
    created_at = Timestamp(required=True)
    completed_at = Timestamp()
    error_message = fields.String()


@lead_database.get("/lead-database/searches/<opaque:search_id>/status")
@serves(
    Operation(
        id="leadDatabase.getSearchStatus",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, PAGES, CLIENTS),
        response=_SearchStatus,
        errors=(404,),
        invented=("the scope", "percent_complete is of the limit, and 100 when completed"),
    )
)
def search_status(workspace: Workspace, search_id: str) -> dict[str, Any]:
    """Get the progress of a search."""
    search = workspace.searches.get(search_id)
    progress = {
        "requested": search.limit,
        "found": search.found,
        "percent_complete": percent_complete(search),
    }
    return {**job_facts(search), "progress": progress}


class _FoundLead(Schema):
    """The vendor says of every field that it may be null; here only some ever are."""

    id = fields.String(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    full_name = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    linkedin_url = fields.String(required=True)
    job_title = fields.String(required=True)
    company = fields.String(required=True)
    location = fields.String(required=True)
    country = fields.String(required=True)
    industry = fields.String(required=True)
    seniority = fields.String(required=True)
    company_linkedin_url = fields.String(required=True, allow_none=True)
    website = fields.String(required=True, allow_none=True)
    employees = fields.String(required=True)


class _SearchResults(Schema):
    search_id = fields.String(required=True)
    leads = fields.List(fields.Nested(_FoundLead), attribute="rows", required=True)
    total = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


@lead_database.get("/lead-database/searches/<opaque:search_id>/results")
@serves(
    Operation(
        id="leadDatabase.getSearchResults",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, CLIENTS),
        query=ResultsQuery,
        response=_SearchResults,
        errors=(400, 404),
        invented=(
            "the scope",
            "limit is at most 1000",
            "before completion there is what has been found so far",
        ),
    )
)
def search_results(
    workspace: Workspace, search_id: str, *, limit: int, offset: int
) -> dict[str, Any]:
    """List the people that a search has found so far."""
    people = workspace.searches.get(search_id).leads
    return {"search_id": search_id, **offset_page(people, limit=limit, offset=offset)}
