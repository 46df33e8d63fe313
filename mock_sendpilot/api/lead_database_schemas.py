"""The schemas of the lead database: filters, searches and their results (section (b) 5, 14-16).

They are the same under every contract: those of SB, and of production clients. SA's older shapes
(a whole number as `progress`, results under `results` with pages) are stale and not served.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from mock_sendpilot.api.fields import Checked, Request, Text, Timestamp, WholeNumber
from mock_sendpilot.api.filter_schemas import filters_field
from mock_sendpilot.api.ignored_names import hint_on_ignored
from mock_sendpilot.api.job_schemas import (
    JobUrl,
    JsonCount,
    ResultsQuery,
    StateWord,
    facts_of,
    percent_complete,
)
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.world import lead_filters as kinds
from mock_sendpilot.world.jobs import Search
from mock_sendpilot.world.lead_filters import (
    LEAD_FILTERS,
    Labelled,
    LeadFilter,
    find_filter,
    values_of,
)

_LAST_OFFSET = 1_000_000
_MOST_PER_PAGE = 1000  # invented: the vendor tells of no ceiling
_PER_PAGE = 50


# --- the catalogue of filters --------------------------------------------------------------------

_ARRAY, _STRING = "array", "string"
_TYPES: Mapping[str, str] = {
    kinds.TEXTS: _ARRAY,
    kinds.CHOICES: _ARRAY,
    kinds.CODES: _ARRAY,
    kinds.LABELLED: _ARRAY,
    kinds.TEXT: _STRING,
    kinds.CHOICE: _STRING,
    kinds.FLAG: "boolean",
    kinds.NUMBER: "integer",
    kinds.DATE: _STRING,
}


class _FiltersQuery(Request):
    filter = Text(attribute="filter_name", load_default=None)
    search = Text(may_be_empty=True, load_default="")
    offset = WholeNumber(0, _LAST_OFFSET, load_default=0)
    limit = WholeNumber(1, _MOST_PER_PAGE, load_default=_PER_PAGE)


class _CatalogueFilter(Schema):
    """One filter of the list; the vendor's shape of it is unknown, so this one is invented."""

    name = fields.String(required=True)
    type = fields.String(required=True)
    description = fields.String()


class _CatalogueValue(Checked):
    """A string, or `{label, value}` for a code of a classification."""

    def __init__(self) -> None:
        super().__init__("must be a string or an object {label, value}")

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        text = {"type": "string"}
        labelled = {
            "type": "object",
            "properties": {"label": text, "value": text},
            "required": ["label", "value"],
        }
        return {"anyOf": [text, labelled]}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> object:
        is_labelled = isinstance(value, Labelled)
        return {"label": value.label, "value": value.value} if is_labelled else value

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> object:
        parts = value.values() if isinstance(value, dict) else [value]
        is_labelled = not isinstance(value, dict) or list(value) == ["label", "value"]
        if is_labelled and all(isinstance(part, str) for part in parts):
            return value
        raise self.refusal(value)


class _Catalogue(Schema):
    """`filter` and `values` stand there only when a filter was asked for."""

    filter = fields.String()
    filters = fields.List(fields.Nested(_CatalogueFilter), required=True)
    values = fields.List(_CatalogueValue(), attribute="known")  # a dict has `values` of its own
    total = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


def filters_query(_contract: Contract) -> Schema:
    """Which filter, if one; what to look for; offset paging."""
    return _FiltersQuery()


def catalogue(_contract: Contract) -> Schema:
    """The filters, or the values of one."""
    return _Catalogue()


def filters_found(search: str, *, limit: int, offset: int) -> dict[str, Any]:
    """The filters whose names, or one of whose values, hold a text, in any letter case."""
    wanted = search.casefold()
    found = [
        each
        for each in LEAD_FILTERS
        if wanted in each.name or any(wanted in _text(value) for value in values_of(each))
    ]
    page = offset_page(found, limit=limit, offset=offset)
    return {**page, "filters": [_told_of(each) for each in page["rows"]]}


def values_found(name: str, search: str, *, limit: int, offset: int) -> dict[str, Any]:
    """The values of a filter that hold a text, in any letter case; of a code also the label.

    Raises:
        InvalidInput: there is no such filter.
    """
    lead_filter = find_filter(name)
    if lead_filter is None:
        guess = did_you_mean(name, [each.name for each in LEAD_FILTERS])
        hint = f"{guess}without this parameter all filters are listed"
        expected = "filter must be the name of a filter of the lead database"
        raise InvalidInput(Problem(expected, f"it was {name[:80]!r}"), hint=hint)
    found = [value for value in values_of(lead_filter) if search.casefold() in _text(value)]
    page = offset_page(found, limit=limit, offset=offset)
    return {**page, "filter": name, "filters": [], "known": page["rows"]}


def hint_on(filters: Mapping[str, Any]) -> str:
    """Return a hint on the filters that there are not; the vendor ignores them without a word."""
    return hint_on_ignored("filters", filters, dict.fromkeys(each.name for each in LEAD_FILTERS))


def _text(value: str | Labelled) -> str:
    text = f"{value.label}\n{value.value}" if isinstance(value, Labelled) else value
    return text.casefold()


def _told_of(lead_filter: LeadFilter) -> dict[str, str]:
    told = {"name": lead_filter.name, "type": _TYPES[lead_filter.kind]}
    if lead_filter.alias_of:
        return {**told, "description": f"alias of {lead_filter.alias_of}"}
    if lead_filter.kind == kinds.DATE:
        return {**told, "description": "dd/mm/yyyy"}
    return told


# --- searches ------------------------------------------------------------------------------------


class _NewSearch(Request):
    name = Text(required=True)
    limit = JsonCount(1, required=True)
    webhook_url = JobUrl(allow_none=True, load_default=None)


class _SearchStarted(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = StateWord(words.SEARCH_STATUSES)
    created_at = Timestamp(required=True)
    estimated_quota = fields.Integer(attribute="limit", required=True)


class _Progress(Schema):
    requested = fields.Integer(required=True)
    found = fields.Integer(required=True)
    percent_complete = fields.Integer(required=True)


class _SearchStatus(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    status = StateWord(words.SEARCH_STATUSES)
    progress = fields.Nested(_Progress, required=True)
    created_at = Timestamp(required=True)
    completed_at = Timestamp()
    error_message = fields.String()


class _FoundLead(Schema):
    """The vendor marks every field as one that may be null; here those are that sometimes are."""

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


def new_search(_contract: Contract) -> Schema:
    """The body that starts a search."""
    # The 94 filters take 20 ms to make, which only those who search are to pay for.
    return _NewSearch.from_dict({"filters": filters_field()})()


def search_started(_contract: Contract) -> Schema:
    """The answer to it."""
    return _SearchStarted()


def search_status(_contract: Contract) -> Schema:
    """How far a search is."""
    return _SearchStatus()


def results_query(_contract: Contract) -> Schema:
    """Offset paging of results."""
    return ResultsQuery()


def search_results(_contract: Contract) -> Schema:
    """The people that a search has found so far."""
    return _SearchResults()


def status_of(search: Search) -> dict[str, Any]:
    """What `search_status` dumps."""
    progress = {
        "requested": search.limit,
        "found": search.found,
        "percent_complete": percent_complete(search),
    }
    return {**facts_of(search), "progress": progress}
