"""The lead extractor: people taken from LinkedIn searches; its jobs are called campaigns.

The schemas are the same under every contract. `mode` and `url_type` may be left out, as in the
older specification; the newest requires them.
"""

from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import (
    Choice,
    Flag,
    ListOf,
    Text,
    Timestamp,
    ValidatedField,
    WholeNumber,
)
from mock_sendpilot.api.jobs import (
    ResultsQuery,
    SnakeCaseRequest,
    State,
    WebhookUrl,
    job_facts,
    percent_complete,
)
from mock_sendpilot.api.operation import (
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.urls import MAX_URL_LENGTH, url_problems
from mock_sendpilot.world.workspace import Workspace

lead_extractor = Resource("lead_extractor")

_MAX_URLS = 100  # invented: the vendor documents no maximum


class _SearchUrl(ValidatedField):
    """The URL of a search on LinkedIn."""

    def __init__(self) -> None:
        example = "https://www.linkedin.com/search/results/people/?keywords=cfo"
        expected = f"an https URL of linkedin.com, such as {example}"
        super().__init__(expected, rule=rules.MUST_BE_URL)

    def json_schema(self) -> dict[str, Any]:
        """Return the format."""
        return {"type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        # Unlike the URL of a webhook, one that was copied from a browser may have a fragment.
        if isinstance(value, str) and not url_problems(value.partition("#")[0]):
            parts = urlsplit(value)
            host = (parts.hostname or "").rstrip(".")
            is_linkedin = host == "linkedin.com" or host.endswith(".linkedin.com")
            if parts.scheme == "https" and is_linkedin:
                return value
        raise self.error(value)


class _NewExtraction(SnakeCaseRequest):
    name = Text(required=True)
    limit = WholeNumber(1, required=True)
    mode = Choice(words.EXTRACTION_MODES, load_default=words.EXTRACTION_MODES[0])
    url_type = Choice(words.EXTRACTION_URL_TYPES, load_default=words.EXTRACTION_URL_TYPES[0])
    urls = ListOf(
        _SearchUrl(),
        expected=f"an array of 1 to {_MAX_URLS} LinkedIn search URLs",
        max_items=_MAX_URLS,
        required=True,
    )
    webhook_url = WebhookUrl(allow_none=True, load_default=None)


class _StartedExtraction(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = State(words.EXTRACTION_STATUSES)
    created_at = Timestamp(required=True)
    estimated_credits = fields.Integer(required=True)


@lead_extractor.post("/lead-extractor/campaigns")
@serves(
    Operation(
        id="leadExtractor.startExtraction",
        scope=words.LEADS_WRITE,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION),
        body=_NewExtraction,
        response=_StartedExtraction,
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
def start_extraction(workspace: Workspace, **body: Any) -> dict[str, Any]:
    """Start an extraction."""
    extraction = workspace.extractions.start(**body)
    return {**job_facts(extraction), "estimated_credits": workspace.extractions.cost(extraction)}


class _Progress(Schema):
    extracted = fields.Integer(required=True)
    enriched = fields.Integer(required=True)
    requested = fields.Integer(required=True)
    percent_complete = fields.Integer(required=True)


class _ExtractionStatus(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = State(words.EXTRACTION_STATUSES)
    progress = fields.Nested(_Progress, required=True)
    created_at = Timestamp(required=True)
    completed_at = Timestamp()
    error_message = fields.String()


@lead_extractor.get("/lead-extractor/campaigns/<opaque:extraction_id>/status")
@serves(
    Operation(
        id="leadExtractor.getStatus",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, PAGES),
        response=_ExtractionStatus,
        errors=(404,),
        invented=("the scope", "percent_complete is of the limit, and 100 when finished"),
    )
)
def extraction_status(workspace: Workspace, extraction_id: str) -> dict[str, Any]:
    """Get the progress of an extraction."""
    extraction = workspace.extractions.get(extraction_id)
    progress = {
        "extracted": extraction.extracted,
        "enriched": extraction.enriched,
        "requested": extraction.limit,
        "percent_complete": percent_complete(extraction),
    }
    return {**job_facts(extraction), "progress": progress}


class _ResultsQuery(ResultsQuery):
    enriched_only = Flag(load_default=False)


class _ExtractedLead(Schema):
    """The vendor's page breaks off after `email`; job history, which it mentions, is left out."""

    id = fields.String(required=True)
    linkedin_identifier = fields.String(required=True)
    linkedin_url = fields.String(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    full_name = fields.String(required=True)
    headline = fields.String(required=True)
    summary = fields.String(required=True, allow_none=True)
    location = fields.String(required=True)
    city = fields.String(required=True)
    country = fields.String(required=True)
    profile_picture_url = fields.String(required=True, allow_none=True)
    company = fields.String(required=True)
    job_position = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)


class _ExtractionResults(Schema):
    campaign_id = fields.String(required=True)
    leads = fields.List(fields.Nested(_ExtractedLead), attribute="rows", required=True)
    total = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


@lead_extractor.get("/lead-extractor/campaigns/<opaque:extraction_id>/results")
@serves(
    Operation(
        id="leadExtractor.getResults",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION, PAGES),
        query=_ResultsQuery,
        response=_ExtractionResults,
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
    """List the people that an extraction has found so far."""
    # A person is enriched if an address was found. The attempt costs a credit in any case.
    people = [
        lead
        for lead in workspace.extractions.get(extraction_id).leads
        if lead.email is not None or not enriched_only
    ]
    return {"campaign_id": extraction_id, **offset_page(people, limit=limit, offset=offset)}
