"""The lead database: its filters, and searches, which take a while, with status and results.

The schemas are the same under every contract: those of the newest specification and of clients in
production. The older shapes (a whole number as `progress`, results under `results` with pages) are
not served. The table of filters is `world/filters.py`. A search ignores unknown filters, as a
production client reports; known ones are checked.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import (
    AnyField,
    Boolean,
    Choice,
    ListOf,
    QueryNumber,
    Request,
    Text,
    Timestamp,
    ValidatedField,
    WholeNumber,
    absence_messages,
    excerpt,
)
from mock_sendpilot.api.hints import add_hint, hint_on_ignored
from mock_sendpilot.api.jobs import (
    ResultsQuery,
    SnakeCaseRequest,
    State,
    WebhookUrl,
    job_facts,
    percent_complete,
)
from mock_sendpilot.api.operation import (
    CLIENTS,
    NEWEST_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.paging import offset_page
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.world import filters as kinds
from mock_sendpilot.world.filters import (
    LEAD_FILTERS,
    LabeledCode,
    LeadFilter,
    find_filter,
    values_of,
)
from mock_sendpilot.world.models import Search
from mock_sendpilot.world.workspace import Workspace

lead_database = Resource("lead_database")

_MAX_OFFSET = 1_000_000
_MAX_PER_PAGE = 1000  # invented: the vendor documents no maximum
_PER_PAGE = 50
_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)
_JSON_TYPES: Mapping[str, str] = {
    kinds.TEXTS: "array",
    kinds.CHOICES: "array",
    kinds.CODES: "array",
    kinds.LABELED: "array",
    kinds.TEXT: "string",
    kinds.CHOICE: "string",
    kinds.FLAG: "boolean",
    kinds.NUMBER: "integer",
    kinds.DATE: "string",
}


class _CatalogQuery(SnakeCaseRequest):
    filter = Text(attribute="filter_name", load_default=None)
    search = Text(may_be_empty=True, load_default="")
    offset = QueryNumber(0, _MAX_OFFSET, load_default=0)
    limit = QueryNumber(1, _MAX_PER_PAGE, load_default=_PER_PAGE)


class _CatalogFilter(Schema):
    """One filter of the list; the vendor's shape of it is unknown, so this one is invented."""

    name = fields.String(required=True)
    type = fields.String(required=True)
    description = fields.String()


class _CatalogValue(ValidatedField):
    """A string, or `{label, value}` for a code of a classification."""

    def __init__(self) -> None:
        super().__init__("a string or an object {label, value}")

    def json_schema(self) -> dict[str, Any]:
        """Return both shapes."""
        text = {"type": "string"}
        labeled = {
            "type": "object",
            "properties": {"label": text, "value": text},
            "required": ["label", "value"],
        }
        return {"anyOf": [text, labeled]}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> object:
        is_labeled = isinstance(value, LabeledCode)
        return {"label": value.label, "value": value.value} if is_labeled else value


class _Catalog(Schema):
    """The filters, without `filter` and `values`; or the values of one."""

    filter = fields.String()
    filters = fields.List(fields.Nested(_CatalogFilter), required=True)
    values = fields.List(_CatalogValue(), attribute="known")  # a dict has `values` of its own
    total = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


@lead_database.get("/lead-database/filters")
@serves(
    Operation(
        id="leadDatabase.filters",
        scope=words.LEADS_READ,
        sources=(NEWEST_SPECIFICATION,),
        query=_CatalogQuery,
        response=_Catalog,
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
    """List the filters of the lead database, or the values of one."""
    text = search.casefold()
    if filter_name is None:
        matching = [
            each
            for each in LEAD_FILTERS
            if text in each.name or any(text in _searchable(value) for value in values_of(each))
        ]
        page = offset_page(matching, limit=limit, offset=offset)
        return {**page, "filters": [_catalog_entry(each) for each in page["rows"]]}
    lead_filter = find_filter(filter_name)
    if lead_filter is None:
        suggestion = did_you_mean(filter_name, [each.name for each in LEAD_FILTERS])
        raise InvalidInput(
            Problem.expected(
                "the name of a filter of the lead database",
                got=repr(filter_name[:80]),
                of="filter",
            ),
            hint=f"{suggestion}without this parameter all filters are listed",
        )
    values = [value for value in values_of(lead_filter) if text in _searchable(value)]
    page = offset_page(values, limit=limit, offset=offset)
    return {**page, "filter": filter_name, "filters": [], "known": page["rows"]}


def _searchable(value: str | LabeledCode) -> str:
    """Return the text in which a search looks: of a code also the label, in lower case."""
    text = f"{value.label}\n{value.value}" if isinstance(value, LabeledCode) else value
    return text.casefold()


def _catalog_entry(lead_filter: LeadFilter) -> dict[str, str]:
    entry = {"name": lead_filter.name, "type": _JSON_TYPES[lead_filter.kind]}
    if lead_filter.alias_of:
        return {**entry, "description": f"alias of {lead_filter.alias_of}"}
    if lead_filter.kind == kinds.DATE:
        return {**entry, "description": "dd/mm/yyyy"}
    return entry


class _Date(ValidatedField):
    """A day as `dd/mm/yyyy`."""

    def __init__(self) -> None:
        expected = "a date written dd/mm/yyyy, such as 31/12/2025"
        super().__init__(expected, rule=rules.MUST_BE_DATE)

    def json_schema(self) -> dict[str, Any]:
        """Return the pattern."""
        return {"type": "string", "pattern": r"^\d{2}/\d{2}/\d{4}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        match = _DATE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.error(value)
        try:
            date(*map(int, reversed(match.groups())))  # refuses 31/02/2025
        except ValueError:
            raise self.error(value) from None
        return str(value)


class _NestedObject(fields.Nested):
    """A nested object, checked and then kept as it was sent: the event of a search has it again."""

    def __init__(self, nested: Schema, expected: str, **options: Any) -> None:
        self.expected = expected
        messages = absence_messages(expected, rule=rules.MUST_BE_OBJECT)
        super().__init__(nested, error_messages=messages, **options)

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not isinstance(value, dict):
            got = excerpt(value)
            problem = Problem.expected(self.expected, got=got, rule=rules.MUST_BE_OBJECT)
            raise ValidationError(problem)
        super()._deserialize(value, *rest, **options)
        return value


class _LabeledCode(SnakeCaseRequest):
    """A code of a classification; the vendor says that only `value` is searched for."""

    label = Text(required=True)
    value = Text(required=True)


class _Filters(SnakeCaseRequest):
    def check(self, loaded: dict[str, Any], original: dict[str, Any]) -> None:
        """Refuse an alias and its original with different values."""
        del original
        for each in LEAD_FILTERS:
            other = each.alias_of
            if other is None or each.name not in loaded or other not in loaded:
                continue
            if loaded[each.name] != loaded[other]:
                problem = Problem.expected(
                    f"no value, or that of {other}, whose alias it is",
                    got=excerpt(loaded[each.name]),
                    rule=rules.must_be_equal(other),
                )
                raise ValidationError([problem], each.name)


def filters_field() -> AnyField:
    """Return the field for the filters of a search, which are kept as they were sent."""
    schema = _Filters.from_dict({each.name: _FIELDS[each.kind](each) for each in LEAD_FILTERS})
    return _NestedObject(schema(), "an object of filters", required=True)


def _whole_number(lead_filter: LeadFilter) -> AnyField:
    return WholeNumber(lead_filter.minimum or 0, lead_filter.maximum)


_FIELDS: Mapping[str, Callable[[LeadFilter], AnyField]] = {
    kinds.TEXTS: lambda _: ListOf(Text(), expected="an array of strings"),
    kinds.CHOICES: lambda lead_filter: ListOf(
        Choice(lead_filter.choices), expected="an array of strings"
    ),
    kinds.CODES: lambda lead_filter: ListOf(
        _whole_number(lead_filter), expected="an array of whole numbers"
    ),
    kinds.LABELED: lambda _: ListOf(
        _NestedObject(_LabeledCode(), "an object {label, value}"),
        expected="an array of objects {label, value}",
    ),
    kinds.TEXT: lambda _: Text(may_be_empty=True),
    kinds.CHOICE: lambda lead_filter: Choice(lead_filter.choices),
    kinds.FLAG: lambda _: Boolean(),
    kinds.NUMBER: _whole_number,
    kinds.DATE: lambda _: _Date(),
}


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
    known = dict.fromkeys(each.name for each in LEAD_FILTERS)  # in order, and quick to look up
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
