"""The lead extractor: people taken out of LinkedIn searches; its jobs are called campaigns."""

from typing import Any

from flask import Blueprint

from mock_sendpilot.api import lead_extractor_schemas as schemas
from mock_sendpilot.api.job_schemas import facts_of
from mock_sendpilot.api.operation import Operation, serves
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.world.workspace import Workspace

lead_extractor = Blueprint("lead_extractor", __name__)


@lead_extractor.post("/lead-extractor/campaigns")
@serves(
    Operation(
        id="leadExtractor.startExtraction",
        scope=words.LEADS_WRITE,
        source="(b) 17; SB, SA",
        body=schemas.new_extraction,
        reply=schemas.extraction_started,
        errors=(400, 403),
        events=(words.EXTRACTION_COMPLETED,),
        invented=(
            "the scope",
            "a person costs one credit, and another with enrichment; the rest is given back",
            "an extraction finds at most 10,000 people, all of them made up",
            "webhook_url may be http or local",
        ),
    )
)
def start_extraction(workspace: Workspace, **wanted: Any) -> dict[str, Any]:
    """Start an extraction."""
    started = workspace.extractions.start(**wanted)
    return {**facts_of(started), "estimated_credits": workspace.extractions.cost(started)}


@lead_extractor.get("/lead-extractor/campaigns/<opaque:extraction_id>/status")
@serves(
    Operation(
        id="leadExtractor.getStatus",
        scope=words.LEADS_READ,
        source="(b) 18; SB, D3",
        reply=schemas.extraction_status,
        errors=(404,),
        invented=("the scope", "percent_complete is of the limit, and 100 when finished"),
    )
)
def extraction_status(workspace: Workspace, extraction_id: str) -> dict[str, Any]:
    """How far an extraction is."""
    return schemas.status_of(workspace.extractions.get(extraction_id))


@lead_extractor.get("/lead-extractor/campaigns/<opaque:extraction_id>/results")
@serves(
    Operation(
        id="leadExtractor.getResults",
        scope=words.LEADS_READ,
        source="(b) 19; SB, D3",
        query=schemas.results_query,
        reply=schemas.extraction_results,
        errors=(400, 404),
        invented=(
            "the scope",
            "limit is at most 1000",
            "before the end there is what has been found so far",
        ),
    )
)
def extraction_results(
    workspace: Workspace, extraction_id: str, *, limit: int, offset: int, enriched_only: bool
) -> dict[str, Any]:
    """The people that an extraction has found so far."""
    found = workspace.extractions.get(extraction_id).leads
    rows = [lead for lead in found if lead.email is not None or not enriched_only]
    return {"campaign_id": extraction_id, **offset_page(rows, limit=limit, offset=offset)}
