"""Rules that searches and extractions share, also when their work raises."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world import jobs
from mock_sendpilot.world.models import ApiKey
from tests.api.expect import assert_error, assert_invalid
from tests.api.job_world import job_workspace
from tests.conftest import Serve
from tests.support import DEMO_KEY, Api

SEARCHES = "/v1/lead-database/searches"
EXTRACTIONS = "/v1/lead-extractor/campaigns"
LINKEDIN = "https://www.linkedin.com/search/results/people/?keywords=cfo"
CREDITS = 1000


@dataclass(frozen=True)
class Kind:
    """A kind of job: its body, its words, and the functions that its work calls."""

    path: str
    body: dict[str, Any]
    module: Any
    done: str
    failed: str
    unknown: str
    plan: str
    person: str
    completion: str
    event_type: str


KINDS = [
    pytest.param(
        Kind(
            path=SEARCHES,
            body={"name": "S", "limit": 100, "filters": {}},
            module=jobs,
            done="completed",
            failed="failed",
            unknown="Search not found",
            plan="SearchFilters",
            person="found_lead",
            completion="SearchCompleted",
            event_type="lead_database.search.completed",
        ),
        id="search",
    ),
    pytest.param(
        Kind(
            path=EXTRACTIONS,
            body={"name": "E", "limit": 100, "urls": [LINKEDIN]},
            module=jobs,
            done="FINISHED",
            failed="FAILED",
            unknown="Campaign not found",
            plan="criteria_for",
            person="extracted_lead",
            completion="ExtractionCompleted",
            event_type="lead_extractor.job.completed",
        ),
        id="extraction",
    ),
]


class Crash(Exception):
    """Raised by a job's work."""


@pytest.fixture
def api(serve: Serve, emulator: Emulator) -> Api:
    job_workspace(emulator, (ApiKey(key=DEMO_KEY),), subscription=CREDITS)
    return serve(emulator)


def crash(*_: object, **__: object) -> None:
    raise Crash("on purpose")


def start(api: Api, kind: Kind, **changes: Any) -> str:
    return str(api("POST", kind.path, json={**kind.body, **changes}).json["id"])


def advance(api: Api, seconds: int) -> None:
    assert api("POST", "/_emulate/clock", json={"advance": f"{seconds}s"}).status == 200


def status(api: Api, kind: Kind, job_id: str) -> dict[str, Any]:
    current: dict[str, Any] = api("GET", f"{kind.path}/{job_id}/status").json
    return current


def complete(api: Api, job_id: str) -> dict[str, Any]:
    reply = api("POST", f"/_emulate/jobs/{job_id}/simulate", json={"action": "complete"})
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def available(api: Api) -> int:
    return int(api("GET", "/v1/credits").json["available"])


def event_count(api: Api) -> int:
    return len(api("GET", "/_emulate/events").json["events"])


# --- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_missing_field_is_400(api: Api, kind: Kind, index: int) -> None:
    field = [*kind.body][index]
    body = {key: value for key, value in kind.body.items() if key != field}

    assert_invalid(api("POST", kind.path, json=body), f"{field}: expected", "got nothing")


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_fields_are_ignored(api: Api, kind: Kind) -> None:
    assert api("POST", kind.path, json={**kind.body, "campaign_type": "SEARCH"}).status == 201


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", ["status", "results"])
def test_an_unknown_job_is_404(api: Api, kind: Kind, route: str) -> None:
    assert_error(api("GET", f"{kind.path}/none/{route}"), 404, kind.unknown)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=10001", "offset=x", "limit="])
def test_an_invalid_query_of_results_is_400(api: Api, kind: Kind, query: str) -> None:
    reply = api("GET", f"{kind.path}/{start(api, kind)}/results?{query}")

    assert_invalid(reply, f"{query.partition('=')[0]}: expected a whole number")


# --- status and results --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_status_of_a_job_that_is_done_has_its_end(api: Api, kind: Kind) -> None:
    job_id = start(api, kind)
    advance(api, 5)
    now = status(api, kind, job_id)

    assert list(now)[-2:] == ["created_at", "completed_at"]
    assert (now["status"], now["completed_at"]) == (kind.done, "2026-01-01T00:00:05.000Z")


@pytest.mark.parametrize("kind", KINDS)
def test_the_status_of_a_job_that_failed_has_its_error(api: Api, kind: Kind) -> None:
    job_id = start(api, kind)
    body = {"action": "fail", "text": "no data base"}
    api("POST", f"/_emulate/jobs/{job_id}/simulate", json=body)
    now = status(api, kind, job_id)

    assert (now["status"], now["error_message"]) == (kind.failed, "no data base")
    assert now["progress"]["percent_complete"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_results_can_be_read_before_the_job_is_done(api: Api, kind: Kind) -> None:
    path = f"{kind.path}/{start(api, kind)}/results"
    totals = [api("GET", path).json["total"]]
    advance(api, 2)

    assert [*totals, api("GET", path).json["total"]] == [0, 25]


@pytest.mark.parametrize("kind", KINDS)
def test_the_pages_of_results_hold_every_person_once(api: Api, kind: Kind) -> None:
    path = f"{kind.path}/{start(api, kind, limit=25)}/results"
    advance(api, 5)
    pages = [api("GET", f"{path}?limit=10&offset={offset}").json for offset in (0, 10, 20)]

    assert [lead for page in pages for lead in page["leads"]] == api("GET", path).json["leads"]
    assert [page["has_more"] for page in pages] == [True, True, False]


# --- tasks that raise ----------------------------------------------------------------------------

STEPS = [
    pytest.param("plan", 0, id="while it is planned"),
    pytest.param("person", 0, id="at the first people"),
    pytest.param("person", 25, id="after a quarter"),
    pytest.param("person", 75, id="after three quarters"),
    pytest.param("completion", 100, id="when all are found"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("part", "found"), STEPS)
def test_a_job_whose_work_raises_has_failed_and_pays_for_what_it_found(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: Kind,
    *,
    part: str,
    found: int,
) -> None:
    job_id = start(api, kind)
    if found:
        advance(api, 1 + min(found, 75) // 25)
        status(api, kind, job_id)  # what a client has seen stays found
    monkeypatch.setattr(kind.module, getattr(kind, part), crash)

    with caplog.at_level(logging.ERROR, "mock_sendpilot"):
        advance(api, 10)

    now = status(api, kind, job_id)
    assert (now["status"], now["error_message"]) == (kind.failed, "Internal server error")
    assert len(api("GET", f"{kind.path}/{job_id}/results").json["leads"]) == found
    assert available(api) == CREDITS - found
    assert event_count(api) == 0
    assert [f"{job_id} failed" in record.getMessage() for record in caplog.records] == [True]
    assert "Crash: on purpose" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("part", "found"), [STEPS[0], STEPS[1], STEPS[-1]])
def test_a_job_whose_work_raises_fails_when_it_is_completed_by_hand(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: Kind, part: str, found: int
) -> None:
    job_id = start(api, kind)
    monkeypatch.setattr(kind.module, getattr(kind, part), crash)

    ended = complete(api, job_id)

    assert (ended["state"], ended["found"]) == ("failed", found)
    assert ended["errorMessage"] == "Internal server error"
    assert available(api) == CREDITS - found


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_crashed_ends_and_others_go_on(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    crashed = start(api, kind)
    with monkeypatch.context() as patched:
        patched.setattr(kind.module, kind.person, crash)
        advance(api, 2)
        assert status(api, kind, crashed)["status"] == kind.failed
    later = start(api, kind)

    reply = api("POST", f"/_emulate/jobs/{crashed}/simulate", json={"action": "complete"})
    advance(api, 10)

    assert reply.status == 400
    assert "expected one that is pending or running, got failed" in reply.body.decode()
    assert status(api, kind, later)["progress"]["percent_complete"] == 100
    assert available(api) == CREDITS - 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_crashes_for_two_callers_at_once_has_failed_for_both(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    job_id = start(api, kind)
    advance(api, 2)
    replies = []

    def crash_after_another(*_: object, **__: object) -> None:
        monkeypatch.setattr(kind.module, kind.person, crash)
        replies.append(status(api, kind, job_id))
        raise Crash("on purpose")

    monkeypatch.setattr(kind.module, kind.person, crash_after_another)
    replies.append(status(api, kind, job_id))

    assert [reply["status"] for reply in replies] == [kind.failed] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_by_hand_about_a_job_that_crashes_is_sent(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    job_id = start(api, kind)
    advance(api, 2)
    monkeypatch.setattr(kind.module, kind.person, crash)
    body = {"eventType": kind.event_type, "jobId": job_id}

    assert api("POST", "/_emulate/events", json=body).status == 201
    assert status(api, kind, job_id)["status"] == kind.failed


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_ended_while_it_was_planned_leaves_nothing_behind(
    api: Api, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    workspace = emulator.workspaces()[0]
    job_id = start(api, kind)
    jobs = workspace.job_runner(job_id)
    plan = getattr(kind.module, kind.plan)

    def end_and_plan(*arguments: Any) -> Any:
        monkeypatch.setattr(kind.module, kind.plan, plan)
        jobs.complete(job_id)
        return plan(*arguments)

    monkeypatch.setattr(kind.module, kind.plan, end_and_plan)
    advance(api, 2)
    status(api, kind, job_id)

    assert (jobs._plans, jobs._found) == ({}, {})


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({"": "x"}, id="text"),
        pytest.param({"": ["x"]}, id="list"),
        pytest.param({"": 1}, id="number"),
        pytest.param({"": {"": None}}, id="object"),
        pytest.param({"": True, "job_titles": ["CFO"]}, id="with another"),
    ],
)
def test_a_search_ignores_a_filter_with_an_empty_name(api: Api, filters: dict[str, Any]) -> None:
    kind: Kind = KINDS[0].values[0]  # type: ignore[assignment]
    by_itself = start(api, kind, filters=filters)
    by_hand = start(api, kind, filters=filters)

    ended = complete(api, by_hand)
    advance(api, 10)

    assert ended["state"] == "done"
    assert status(api, kind, by_itself)["status"] == "completed"
