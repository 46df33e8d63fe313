"""The lead database: its filters, and searches that run for a while."""

from typing import Any

from flask import Blueprint

from mock_sendpilot.api import lead_database_schemas as schemas
from mock_sendpilot.api.ignored_names import add_hint
from mock_sendpilot.api.operation import Operation, serves
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.world.jobs import Search
from mock_sendpilot.world.workspace import Workspace

lead_database = Blueprint("lead_database", __name__)


@lead_database.get("/lead-database/filters")
@serves(
    Operation(
        id="leadDatabase.filters",
        scope=words.LEADS_READ,
        source="(b) 5; SB",
        query=schemas.filters_query,
        reply=schemas.catalogue,
        errors=(400, 403),
        invented=(
            "that it is served under older contracts, too",
            "the shape of the items of filters and, but for NAICS and SIC codes, of values",
            "the values of filters that are not enumerated",
            "limit is at most 1000",
        ),
    )
)
def list_filters(
    _workspace: Workspace, *, filter_name: str | None, search: str, limit: int, offset: int
) -> dict[str, Any]:
    """The filters there are, or the values of one."""
    if filter_name is None:
        return schemas.filters_found(search, limit=limit, offset=offset)
    return schemas.values_found(filter_name, search, limit=limit, offset=offset)


@lead_database.post("/lead-database/searches")
@serves(
    Operation(
        id="leadDatabase.startSearch",
        scope=words.LEADS_WRITE,
        source="(b) 14; SB, C1",
        body=schemas.new_search,
        reply=schemas.search_started,
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
def start_search(workspace: Workspace, **wanted: Any) -> Search:
    """Start a search."""
    search = workspace.searches.start(**wanted)
    add_hint(schemas.hint_on(search.filters))
    return search


@lead_database.get("/lead-database/searches/<opaque:search_id>/status")
@serves(
    Operation(
        id="leadDatabase.getSearchStatus",
        scope=words.LEADS_READ,
        source="(b) 15; SB, D3, C1",
        reply=schemas.search_status,
        errors=(404,),
        invented=("the scope", "percent_complete is of the limit, and 100 when completed"),
    )
)
def search_status(workspace: Workspace, search_id: str) -> dict[str, Any]:
    """How far a search is."""
    return schemas.status_of(workspace.searches.get(search_id))


@lead_database.get("/lead-database/searches/<opaque:search_id>/results")
@serves(
    Operation(
        id="leadDatabase.getSearchResults",
        scope=words.LEADS_READ,
        source="(b) 16; SB, C1",
        query=schemas.results_query,
        reply=schemas.search_results,
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
    """The people that a search has found so far."""
    found = workspace.searches.get(search_id).leads
    return {"search_id": search_id, **offset_page(found, limit=limit, offset=offset)}
