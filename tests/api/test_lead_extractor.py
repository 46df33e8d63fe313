"""The lead extractor, from the start of an extraction to its results."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace
from tests.api.expect import READ_KEY, WRITE_KEY, assert_error, assert_invalid
from tests.api.job_world import job_workspace
from tests.conftest import Serve
from tests.support import DEMO_KEY, Api, Reply

CAMPAIGNS = "/v1/lead-extractor/campaigns"
URL = "https://www.linkedin.com/search/results/people/?keywords=founder"
NEW = {
    "name": "Founders",
    "limit": 100,
    "mode": "with_enrichment",
    "url_type": "linkedin_search",
    "urls": [URL],
}
KEYS = (
    ApiKey(key=DEMO_KEY),
    ApiKey(key=READ_KEY, scopes=frozenset({"leads:read"})),
    ApiKey(key=WRITE_KEY, scopes=frozenset({"leads:write"})),
)
LEAD_KEYS = [
    "id",
    "linkedin_identifier",
    "linkedin_url",
    "first_name",
    "last_name",
    "full_name",
    "headline",
    "summary",
    "location",
    "city",
    "country",
    "profile_picture_url",
    "company",
    "job_position",
    "email",
]


@pytest.fixture
def workspace(emulator: Emulator) -> Workspace:
    return job_workspace(emulator, KEYS, subscription=1000)


@pytest.fixture
def api(serve: Serve, emulator: Emulator, workspace: Workspace) -> Api:
    return serve(emulator)


@pytest.fixture
def start(api: Api) -> Callable[..., str]:
    """Start an extraction and return its path."""

    def started(**changes: Any) -> str:
        return f"{CAMPAIGNS}/{api('POST', CAMPAIGNS, json={**NEW, **changes}).json['id']}"

    return started


def post(api: Api, **changes: Any) -> Reply:
    return api("POST", CAMPAIGNS, json={**NEW, **changes})


# --- starting -----------------------------------------------------------------------------------


def test_starting_answers_201_with_the_vendors_five_fields(api: Api) -> None:
    reply = post(api)

    assert reply.status == 201
    assert list(reply.json) == ["id", "name", "status", "created_at", "estimated_credits"]
    assert reply.json == {
        "id": reply.json["id"],
        "name": "Founders",
        "status": "PENDING",
        "created_at": "2026-01-01T00:00:00.000Z",
        "estimated_credits": 200,
    }


def test_mode_and_url_type_may_be_left_out(api: Api, workspace: Workspace) -> None:
    reply = api("POST", CAMPAIGNS, json={"name": "Founders", "limit": 10, "urls": [URL]})

    started = workspace.extractions.get(reply.json["id"])
    assert (started.mode, started.url_type) == ("extraction_only", "linkedin_search")
    assert reply.json["estimated_credits"] == 10


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://linkedin.com/search/results/people/",
        "https://de.linkedin.com/search/results/people/?keywords=cfo",
        "https://www.linkedin.com/sales/search/people?query=(keywords%3Acfo)",
    ],
)
def test_any_https_url_of_linkedin_is_accepted(api: Api, url: str) -> None:
    assert post(api, urls=[url]).status == 201


@pytest.mark.parametrize(
    "url",
    [
        "http://www.linkedin.com/search/results/people/",
        "https://linkedin.com.evil.example/",
        "https://notlinkedin.com/",
        "https://me@www.linkedin.com/",
        "www.linkedin.com/search",
        "https://[::1",
        "",
        7,
        None,
    ],
)
def test_any_other_url_is_refused_by_its_index(api: Api, url: object) -> None:
    assert_invalid(post(api, urls=[URL, url]), "urls[1]: expected an https URL of linkedin.com")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": 1}, "name: expected a non-empty string"),
        ({"limit": 0}, "limit: expected a whole number of at least 1"),
        ({"limit": False}, "limit: expected a whole number"),
        ({"mode": "both"}, "mode: expected one of extraction_only, with"),
        ({"url_type": "x"}, "url_type: expected one of linkedin_search, sal"),
        ({"urls": []}, "urls: expected an array of 1 to 100 LinkedIn search URLs, got none"),
        ({"urls": URL}, "urls: expected an array of 1 to 100 LinkedIn search URLs, got"),
        ({"webhook_url": "x"}, "webhook_url: expected an absolute http or https URL"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(api: Api, changes: dict[str, Any], says: str) -> None:
    assert_invalid(post(api, **changes), says)


def test_too_few_credits_are_refused(api: Api) -> None:
    assert_error(post(api, limit=501), 403, "Insufficient credits")


# --- status -------------------------------------------------------------------------------------


def test_the_status_of_a_running_extraction_has_its_progress(
    api: Api, workspace: Workspace, start: Callable[..., str]
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=4))

    status = api("GET", f"{path}/status").json

    assert list(status) == ["id", "name", "status", "progress", "created_at"]
    assert status["status"] == "RUNNING"
    assert list(status["progress"]) == ["extracted", "enriched", "requested", "percent_complete"]
    assert 50 < status["progress"].pop("enriched") <= 75
    assert status["progress"] == {"extracted": 75, "requested": 100, "percent_complete": 75}


# --- results ------------------------------------------------------------------------------------


def test_results_have_the_vendors_keys_in_its_order(
    api: Api, workspace: Workspace, start: Callable[..., str]
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=5))

    page = api("GET", f"{path}/results?limit=30&offset=60").json

    assert list(page) == ["campaign_id", "leads", "total", "limit", "offset", "has_more"]
    assert page["campaign_id"] == path.rpartition("/")[2]
    assert [list(lead) for lead in page["leads"]] == [LEAD_KEYS] * 30
    assert (page["total"], page["limit"], page["offset"], page["has_more"]) == (100, 30, 60, True)


def test_people_have_the_job_position_of_the_search(
    api: Api, workspace: Workspace, start: Callable[..., str]
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=5))

    leads = api("GET", f"{path}/results").json["leads"]

    assert {lead["job_position"] for lead in leads} == {"founder"}


@pytest.mark.parametrize("flag", ["true", "1"])
def test_enriched_only_omits_people_without_an_email(
    api: Api, workspace: Workspace, start: Callable[..., str], flag: str
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=5))
    everybody = api("GET", f"{path}/results").json["leads"]
    enriched = [lead for lead in everybody if lead["email"] is not None]

    page = api("GET", f"{path}/results?enriched_only={flag}").json

    assert page["leads"] == enriched
    assert page["total"] == len(enriched) < 100


@pytest.mark.parametrize("query", ["", "?enriched_only=false", "?enriched_only=0"])
def test_results_without_enriched_only_have_everybody(
    api: Api, workspace: Workspace, start: Callable[..., str], query: str
) -> None:
    path = start()
    workspace.advance(timedelta(seconds=5))

    assert api("GET", f"{path}/results{query}").json["total"] == 100


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("enriched_only=yes", "enriched_only: expected one of true, 1, false"),
    ],
)
def test_a_bad_query_of_results_is_refused(
    api: Api, start: Callable[..., str], query: str, says: str
) -> None:
    assert_invalid(api("GET", f"{start()}/results?{query}"), says)
