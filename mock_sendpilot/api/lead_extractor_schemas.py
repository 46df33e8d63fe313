"""The schemas of extractions from LinkedIn searches and of their results (section (b) 17-19).

They are the same under every contract. `mode` and `url_type` may be left out, as SA has it; whoever
sends them, as SB wants, is served as well.
"""

from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import Checked, Choice, Flag, Request, Text, Timestamp
from mock_sendpilot.api.job_schemas import (
    JobUrl,
    JsonCount,
    ResultsQuery,
    Several,
    StateWord,
    facts_of,
    percent_complete,
)
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.urls import MAX_URL_LENGTH, url_problems
from mock_sendpilot.world.jobs import Extraction

_MOST_URLS = 100  # invented: the vendor tells of no ceiling


class _SearchUrl(Checked):
    """A search on LinkedIn."""

    def __init__(self) -> None:
        example = "https://www.linkedin.com/search/results/people/?keywords=cfo"
        expected = f"must be an https URL of linkedin.com, such as {example}"
        super().__init__(expected, rule=rules.MUST_BE_URL)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if isinstance(value, str) and not url_problems(value.partition("#")[0]):
            parts = urlsplit(value)
            host = (parts.hostname or "").rstrip(".")
            is_linkedin = host == "linkedin.com" or host.endswith(".linkedin.com")
            if parts.scheme == "https" and is_linkedin:
                return value
        raise self.refusal(value)


class _NewExtraction(Request):
    name = Text(required=True)
    limit = JsonCount(1, required=True)
    mode = Choice(words.EXTRACTION_MODES, load_default=words.EXTRACTION_MODES[0])
    url_type = Choice(words.EXTRACTION_URL_TYPES, load_default=words.EXTRACTION_URL_TYPES[0])
    urls = Several(
        _SearchUrl(),
        most=_MOST_URLS,
        expected=f"must be an array of 1 to {_MOST_URLS} LinkedIn search URLs",
        required=True,
    )
    webhook_url = JobUrl(allow_none=True, load_default=None)


class _ExtractionStarted(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = StateWord(words.EXTRACTION_STATUSES)
    created_at = Timestamp(required=True)
    estimated_credits = fields.Integer(required=True)


class _Progress(Schema):
    extracted = fields.Integer(required=True)
    enriched = fields.Integer(required=True)
    requested = fields.Integer(required=True)
    percent_complete = fields.Integer(required=True)


class _ExtractionStatus(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = StateWord(words.EXTRACTION_STATUSES)
    progress = fields.Nested(_Progress, required=True)
    created_at = Timestamp(required=True)
    completed_at = Timestamp()
    error_message = fields.String()


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


class _ExtractionResultsQuery(ResultsQuery):
    enriched_only = Flag(load_default=False)


def new_extraction(_contract: Contract) -> Schema:
    """The body that starts an extraction."""
    return _NewExtraction()


def extraction_started(_contract: Contract) -> Schema:
    """The answer to it."""
    return _ExtractionStarted()


def extraction_status(_contract: Contract) -> Schema:
    """How far an extraction is."""
    return _ExtractionStatus()


def results_query(_contract: Contract) -> Schema:
    """Offset paging of results, and whether only people with an e-mail address count."""
    return _ExtractionResultsQuery()


def extraction_results(_contract: Contract) -> Schema:
    """The people that an extraction has found so far."""
    return _ExtractionResults()


def status_of(extraction: Extraction) -> dict[str, Any]:
    """What `extraction_status` dumps."""
    progress = {
        "extracted": extraction.extracted,
        "enriched": extraction.enriched,
        "requested": extraction.limit,
        "percent_complete": percent_complete(extraction),
    }
    return {**facts_of(extraction), "progress": progress}
