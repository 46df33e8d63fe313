"""The lead database: its filters, and a search from its start to its results."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import NO_SCOPE_KEY, READ_KEY, WRITE_KEY, assert_error, assert_invalid
from tests.api.job_world import job_workspace
from tests.conftest import Serve
from tests.support import DEMO_KEY, Api, Reply

FILTERS = "/v1/lead-database/filters"
SEARCHES = "/v1/lead-database/searches"
NEW = {"name": "Q3 CFOs", "limit": 100, "filters": {"job_titles": ["CFO"]}}
KEYS = (
    ApiKey(key=DEMO_KEY),
    ApiKey(key=READ_KEY, scopes=frozenset({"leads:read"})),
    ApiKey(key=WRITE_KEY, scopes=frozenset({"leads:write"})),
    ApiKey(key=NO_SCOPE_KEY, scopes=frozenset()),
)
LEAD_KEYS = [
    "id",
    "first_name",
    "last_name",
    "full_name",
    "email",
    "phone",
    "linkedin_url",
    "job_title",
    "company",
    "location",
    "country",
    "industry",
    "seniority",
    "company_linkedin_url",
    "website",
    "employees",
]


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return job_workspace(emulator, KEYS, subscription=12_000)


@pytest.fixture
def api(serve: Serve, emulator: Emulator, workspace: Workspace) -> Api:
    return serve(emulator)


@pytest.fixture
def start(api: Api) -> Callable[..., str]:
    """Start a search and return its path."""

    def started(**changes: Any) -> str:
        return f"{SEARCHES}/{api('POST', SEARCHES, json={**NEW, **changes}).json['id']}"

    return started


def post(api: Api, **changes: Any) -> Reply:
    return api("POST", SEARCHES, json={**NEW, **changes})


# --- filters ------------------------------------------------------------------------------------


def test_all_filters_are_listed_50_at_a_time(api: Api) -> None:
    page = api("GET", FILTERS).json

    assert list(page) == ["filters", "total", "offset", "limit", "has_more"]
    assert (page["total"], page["offset"], page["limit"], page["has_more"]) == (94, 0, 50, True)
    assert len(page["filters"]) == 50


def test_a_filter_has_its_type_and_a_description(api: Api) -> None:
    listed = {each["name"]: each for each in api("GET", f"{FILTERS}?limit=100").json["filters"]}

    assert listed["job_titles"] == {"name": "job_titles", "type": "array"}
    assert listed["ipo_end_date"]["description"] == "dd/mm/yyyy"
    assert listed["experimental_industries"]["description"] == "alias of industries"
    kinds = [listed[name]["type"] for name in ("bulk_domains", "demo_available", "min_rank_global")]
    assert kinds == ["string", "boolean", "integer"]


@pytest.mark.parametrize("word", ["NAICS", "naics"])
def test_filters_are_searched_by_name_in_any_letter_case(api: Api, word: str) -> None:
    found = api("GET", f"{FILTERS}?search={word}").json

    assert [each["name"] for each in found["filters"]] == ["excluded_naics_codes", "naics_codes"]
    assert found["total"] == 2


def test_the_values_of_a_filter_are_in_the_vendors_envelope(api: Api) -> None:
    assert api("GET", f"{FILTERS}?filter=seniority_levels&limit=2").body == (
        b'{"filter":"seniority_levels","filters":[],"values":["Specialist","Manager"],'
        b'"total":11,"offset":0,"limit":2,"has_more":true}'
    )


def test_codes_of_classifications_come_with_a_label(api: Api) -> None:
    found = api("GET", f"{FILTERS}?filter=naics_codes&search=software").json["values"]

    assert found == [{"label": "Software Publishers", "value": "513210"}]


def test_values_are_searched_in_any_letter_case(api: Api) -> None:
    found = api("GET", f"{FILTERS}?filter=locations&search=nor").json["values"]

    assert found == ["Norway"]


@pytest.mark.parametrize(
    ("query", "count", "has_more"),
    [
        pytest.param("offset=92", 2, False, id="the last two"),
        pytest.param("offset=92&limit=2", 2, False, id="exactly the rest"),
        pytest.param("offset=91&limit=2", 2, True, id="one is left"),
        pytest.param("offset=1000000", 0, False, id="far beyond"),
    ],
)
def test_filters_are_paged_by_offset(api: Api, query: str, count: int, *, has_more: bool) -> None:
    page = api("GET", f"{FILTERS}?{query}").json

    assert (len(page["filters"]), page["has_more"]) == (count, has_more)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("filter=jobTitles", "filter: expected the name of a filter"),
        ("filter=", "filter: expected a non-empty string"),
        ("offset=1000001", "offset: expected a whole number from 0 to 1000000, got"),
        ("offset=-1", "offset: expected a whole number"),
        ("limit=0", "limit: expected a whole number from 1 to 1000"),
        ("limit=1001", "limit: expected a whole number"),
    ],
)
def test_a_bad_query_of_filters_is_refused(api: Api, query: str, says: str) -> None:
    assert_invalid(api("GET", f"{FILTERS}?{query}"), says)


# --- starting -----------------------------------------------------------------------------------


def test_starting_answers_201_with_the_vendors_five_fields(api: Api) -> None:
    reply = post(api)

    assert reply.status == 201
    assert list(reply.json) == ["id", "name", "status", "created_at", "estimated_quota"]
    assert reply.json == {
        "id": reply.json["id"],
        "name": "Q3 CFOs",
        "status": "pending",
        "created_at": "2026-01-01T00:00:00.000Z",
        "estimated_quota": 100,
    }


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({}, id="none"),
        pytest.param({"jobTitles": "CFO"}, id="an unknown filter"),
        pytest.param({"job_titles": []}, id="an empty list"),
        pytest.param({"ipo_start_date": "29/02/2024"}, id="a date"),
        pytest.param({"max_bounce_rate": 100, "min_rank_global": 5.0}, id="numbers"),
        pytest.param({"excluded_company_sizes": [1, 9]}, id="codes"),
        pytest.param({"naics_codes": [{"label": "Software", "value": "513210"}]}, id="labeled"),
        pytest.param({"industries": ["A"], "experimental_industries": ["A"]}, id="alias alike"),
        pytest.param({"experimental_industries": ["A"]}, id="alias alone"),
        pytest.param({"bulk_domains": ""}, id="an empty text"),
    ],
)
def test_filters_are_accepted_and_kept_as_they_are(
    api: Api, workspace: Workspace, filters: dict[str, Any]
) -> None:
    reply = post(api, filters=filters)

    assert reply.status == 201
    assert workspace.searches.get(reply.json["id"]).filters == filters


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (
            {"seniority_levels": ["Boss"]},
            "filters.seniority_levels[0]: expected one of Specialist",
        ),
        ({"job_titles": "CFO"}, 'filters.job_titles: expected an array of strings, got "CFO"'),
        ({"job_titles": ["CFO", 1]}, "filters.job_titles[1]: expected a non-empty string, got 1"),
        ({"demo_available": "true"}, "filters.demo_available: expected true or false"),
        (
            {"max_bounce_rate": 101},
            "filters.max_bounce_rate: expected a whole number from 0 to 100",
        ),
        ({"min_rank_global": -1}, "filters.min_rank_global: expected a whole number of at least 0"),
        ({"min_rank_global": True}, "filters.min_rank_global: expected a whole number"),
        (
            {"ipo_end_date": "31/02/2025"},
            "filters.ipo_end_date: expected a date written dd/mm/yyyy",
        ),
        ({"ipo_end_date": "2025-02-01"}, "filters.ipo_end_date: expected a date"),
        ({"excluded_company_sizes": [10]}, "filters.excluded_company_sizes[0]: expected a whole"),
        ({"sic_codes": None}, "filters.sic_codes: expected an array of objects {label, value}"),
        ({"sic_codes": [None]}, "filters.sic_codes[0]: expected an object {label, value}, got"),
        ({"naics_codes": ["513210"]}, "filters.naics_codes[0]: expected an object {label, value}"),
        (
            {"sic_codes": [{"label": "x"}]},
            "filters.sic_codes[0].value: expected a non-empty string",
        ),
        ({"job_title_match_mode": "fuzzy"}, "filters.job_title_match_mode: expected one of"),
        ({"member_full_name": None}, "filters.member_full_name: expected a string, got null"),
        (
            {"industries": ["A"], "experimental_industries": ["B"]},
            "filters.experimental_industries: expected no value, or that of industries",
        ),
    ],
)
def test_a_bad_filter_is_refused_by_its_name(api: Api, filters: dict[str, Any], says: str) -> None:
    assert_invalid(post(api, filters=filters), says)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "name: expected a non-empty string"),
        ({"limit": 0}, "limit: expected a whole number of at least 1, got 0"),
        ({"limit": 1.5}, "limit: expected a whole number"),
        ({"limit": "5"}, "limit: expected a whole number"),
        ({"limit": True}, "limit: expected a whole number of at least 1, got true"),
        ({"filters": []}, "filters: expected an object of filters, got []"),
        ({"filters": None}, "filters: expected an object of filters, got null"),
        ({"webhook_url": "ftp://a.example/x"}, "webhook_url: expected an absolute http or https"),
        ({"webhook_url": "/jobs"}, "webhook_url: expected an absolute"),
        (
            {"webhook_url": "https://me:secret@a.example"},
            "webhook_url: expected a URL without a user name",
        ),
        ({"webhook_url": "http://169.254.169.254/x"}, "webhook_url: expected no link-local"),
        ({"webhook_url": "https://a.example:99999"}, "webhook_url: expected an absolute"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(api: Api, changes: dict[str, Any], says: str) -> None:
    assert_invalid(post(api, **changes), says)


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": 5.0},
        {"limit": 12_000},
        {"somethingElse": 1},
        {"webhook_url": "http://127.0.0.1:9000/jobs"},
        {"webhook_url": "https://my-app.example.com/webhooks/sendpilot"},
        {"webhook_url": None},
    ],
)
def test_a_valid_field_is_accepted(api: Api, changes: dict[str, Any]) -> None:
    assert post(api, **changes).status == 201


def test_a_whole_number_may_have_a_decimal_point(api: Api) -> None:
    assert b'"estimated_quota":5}' in post(api, limit=5.0).body


def test_too_few_credits_are_an_insufficient_quota(api: Api) -> None:
    reply = post(api, limit=12_001)

    assert_error(reply, 403, "Insufficient quota")
    assert "12000 are available" in reply.headers["x-emulator-hint"]


# --- status -------------------------------------------------------------------------------------


def test_the_status_of_a_running_search_has_its_progress(
    api: Api, workspace: Workspace, start: Callable[..., str]
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=3))

    status = api("GET", f"{path}/status").json

    assert list(status) == ["id", "name", "status", "progress", "created_at"]
    assert status["status"] == "processing"
    assert status["progress"] == {"requested": 100, "found": 50, "percent_complete": 50}


@pytest.mark.parametrize(
    ("changes", "progress"),
    [
        pytest.param(
            {"limit": 12_000},
            {"requested": 12_000, "found": 10_000, "percent_complete": 100},
            id="more than a search finds",
        ),
        pytest.param(
            {"filters": {"member_linkedin_username": ["ida-holm"]}},
            {"requested": 100, "found": 1, "percent_complete": 100},
            id="fewer people than asked for",
        ),
    ],
)
def test_a_completed_search_is_at_100_percent(
    api: Api,
    workspace: Workspace,
    start: Callable[..., str],
    changes: dict[str, Any],
    progress: dict[str, int],
) -> None:
    path = start(**changes)
    workspace.advance(timedelta(seconds=5))

    assert api("GET", f"{path}/status").json["progress"] == progress


# --- results ------------------------------------------------------------------------------------


def test_results_have_the_vendors_keys_in_its_order(
    api: Api, workspace: Workspace, start: Callable[..., str]
) -> None:
    path = start(limit=101)
    workspace.advance(timedelta(seconds=5))

    page = api("GET", f"{path}/results").json

    assert list(page) == ["search_id", "leads", "total", "limit", "offset", "has_more"]
    assert page["search_id"] == path.rpartition("/")[2]
    assert [list(lead) for lead in page["leads"]] == [LEAD_KEYS] * 100
    assert (page["total"], page["limit"], page["offset"], page["has_more"]) == (101, 100, 0, True)


# --- scopes -------------------------------------------------------------------------------------
