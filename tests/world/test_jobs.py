"""Jobs: the progress of searches and extractions on the clock, their people and their credits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.errors import CreditsExhausted, InvalidInput, NotFound
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.webhooks.payloads import change_data
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import Event, ExtractionCompleted, SearchCompleted
from mock_sendpilot.world.jobs import MAX_ENDED_JOBS, Extractions, Searches
from mock_sendpilot.world.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_PENDING,
    JOB_RUNNING,
    FoundLead,
    JobTiming,
    Search,
)
from mock_sendpilot.world.people import criteria_for, found_lead
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.conftest import NOW

TIMING = JobTiming(start_delay=timedelta(seconds=1), duration=timedelta(seconds=4))
SECOND = timedelta(seconds=1)
TO_THE_END = timedelta(seconds=5)
LINKEDIN = "https://www.linkedin.com/search/results/people/"
ENRICHED = {"mode": "with_enrichment"}


@dataclass(frozen=True)
class Kind:
    """A kind of job, and the parameters of one for a hundred people."""

    name: str
    noun: str
    parameters: dict[str, Any]
    completion: type[SearchCompleted | ExtractionCompleted]
    too_expensive: str
    not_found: str

    def runner(self, workspace: Workspace) -> Any:
        """Return `Searches` or `Extractions`."""
        runner: Searches | Extractions = getattr(workspace, self.name)
        return runner

    def start(self, workspace: Workspace, **changes: Any) -> Any:
        return self.runner(workspace).start(**{**self.parameters, **changes})

    def done(self, workspace: Workspace, **changes: Any) -> Any:
        """Start a job and return it at its end."""
        job = self.start(workspace, **changes)
        workspace.advance(TO_THE_END)
        return self.runner(workspace).get(job.id)


SEARCH = Kind(
    name="searches",
    noun="search",
    parameters={"name": "CFOs", "limit": 100, "filters": {}},
    completion=SearchCompleted,
    too_expensive="Insufficient quota",
    not_found="Search not found",
)
EXTRACTION = Kind(
    name="extractions",
    noun="extraction",
    parameters={"name": "Founders", "limit": 100, "urls": [f"{LINKEDIN}?keywords=cfo"]},
    completion=ExtractionCompleted,
    too_expensive="Insufficient credits",
    not_found="Campaign not found",
)
each_kind = pytest.mark.parametrize("kind", [SEARCH, EXTRACTION], ids=["search", "extraction"])


def make_workspace(*people: FoundLead) -> Workspace:
    seed = WorkspaceSeed(
        id="ws_1",
        name="W",
        api_keys=(),
        credits=Balance(subscription=20_000),
        job_timing=TIMING,
        people=people,
    )
    return Workspace(
        seed, contract=CONTRACTS["documented"], clock=ManualClock(NOW), random_seed="1"
    )


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def events(workspace: Workspace) -> Iterator[list[Event]]:
    published: list[Event] = []

    def receive(_workspace: Workspace, event: Event) -> None:
        published.append(event)

    with event_recorded.connected_to(receive, sender=workspace):
        yield published


# --- progress -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "prefix"), [(SEARCH, "search_"), (EXTRACTION, "camp_")])
def test_a_job_starts_as_pending(workspace: Workspace, kind: Kind, prefix: str) -> None:
    job = kind.start(workspace)

    assert job.id.startswith(prefix)
    assert (job.state, len(job.leads), job.created_at) == (JOB_PENDING, 0, NOW)


@each_kind
@pytest.mark.parametrize(
    ("seconds", "state", "count"),
    [
        pytest.param(0.9, JOB_PENDING, 0, id="before it starts"),
        pytest.param(1, JOB_RUNNING, 0, id="started"),
        pytest.param(2, JOB_RUNNING, 25, id="first quarter"),
        pytest.param(3.5, JOB_RUNNING, 50, id="half"),
        pytest.param(4, JOB_RUNNING, 75, id="third quarter"),
        pytest.param(5, JOB_DONE, 100, id="done"),
    ],
)
def test_a_job_finds_people_in_steps(
    workspace: Workspace, kind: Kind, seconds: float, state: str, count: int
) -> None:
    job = kind.start(workspace)

    workspace.advance(timedelta(seconds=seconds))

    now = kind.runner(workspace).get(job.id)
    assert (now.state, len(now.leads)) == (state, count)


@each_kind
def test_a_job_keeps_the_people_found_so_far(workspace: Workspace, kind: Kind) -> None:
    job = kind.start(workspace)
    workspace.advance(2 * SECOND)
    early = kind.runner(workspace).get(job.id).leads
    workspace.advance(TO_THE_END)

    assert kind.runner(workspace).get(job.id).leads[: len(early)] == early


@each_kind
def test_a_done_job_has_the_time_of_its_end(workspace: Workspace, kind: Kind) -> None:
    done = kind.done(workspace)

    assert (done.completed_at, done.error_message) == (NOW + TO_THE_END, None)


@each_kind
def test_a_job_has_one_event_at_its_end(
    workspace: Workspace, events: list[Event], kind: Kind
) -> None:
    job = kind.start(workspace, webhook_url="http://127.0.0.1:9/jobs")
    workspace.advance(4 * SECOND)
    assert events == []

    workspace.advance(TO_THE_END)

    done = kind.runner(workspace).get(job.id)
    assert [event.change for event in events] == [kind.completion(done)]
    assert events[0].webhook_url == "http://127.0.0.1:9/jobs"


@each_kind
def test_several_jobs_run_side_by_side(workspace: Workspace, kind: Kind) -> None:
    jobs = kind.start(workspace), kind.start(workspace, limit=4)

    workspace.advance(2 * SECOND)

    assert [len(kind.runner(workspace).get(job.id).leads) for job in jobs] == [25, 1]


@each_kind
def test_an_unknown_job_is_not_found(workspace: Workspace, kind: Kind) -> None:
    with pytest.raises(NotFound) as raised:
        kind.runner(workspace).get("job_none")

    assert raised.value.message == kind.not_found
    assert raised.value.hint == f"this workspace has no {kind.noun} 'job_none'"


def test_a_job_is_known_to_its_own_kind_alone(workspace: Workspace) -> None:
    search = SEARCH.start(workspace)

    assert workspace.searches.has(search.id)
    assert not workspace.extractions.has(search.id)


# --- people -------------------------------------------------------------------------------------


@each_kind
def test_the_same_job_finds_the_same_people_again(workspace: Workspace, kind: Kind) -> None:
    assert kind.done(workspace).leads == kind.done(workspace).leads


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param(SEARCH, {}, id="search"),
        pytest.param(
            EXTRACTION, {"urls": [f"{LINKEDIN}?page={number}" for number in range(7)]}, id="7 URLs"
        ),
    ],
)
def test_nobody_is_found_twice(workspace: Workspace, kind: Kind, changes: dict[str, Any]) -> None:
    done = kind.done(workspace, limit=10_000, **changes)

    assert len({lead.id for lead in done.leads}) == 10_000
    assert len({lead.linkedin_url for lead in done.leads}) == 10_000


@each_kind
def test_a_job_finds_at_most_10000_people(workspace: Workspace, kind: Kind) -> None:
    assert len(kind.done(workspace, limit=10_001).leads) == 10_000


def test_a_search_keeps_its_filters_as_they_are(workspace: Workspace) -> None:
    filters = {"job_titles": ["CFO"], "somethingElse": 1}

    assert SEARCH.start(workspace, filters=filters).filters == filters


def test_everybody_matches_the_filters(workspace: Workspace) -> None:
    done = SEARCH.done(workspace, filters={"locations": ["Norway"]})

    assert {lead.country for lead in done.leads} == {"Norway"}


def test_matching_people_of_the_seed_come_first() -> None:
    matching, other = (found_lead("s", 0, criteria_for({"locations": [place]})) for place in "XY")
    workspace = make_workspace(other, matching)

    done = SEARCH.done(workspace, filters={"locations": ["X"]}, limit=3)

    assert done.leads[0] == matching
    assert [lead.location for lead in done.leads] == ["X"] * 3


def test_people_of_the_seed_are_not_made_up_a_second_time() -> None:
    known = found_lead("s", 0, criteria_for({"member_linkedin_username": ["ida-holm"]}))
    workspace = make_workspace(known)

    done = SEARCH.done(workspace, filters={"member_linkedin_username": ["Ida-Holm", "jdoe"]})

    assert [lead.linkedin_url.rpartition("/")[2] for lead in done.leads] == ["ida-holm", "jdoe"]


def test_an_extraction_has_default_modes(workspace: Workspace) -> None:
    extraction = EXTRACTION.start(workspace)

    assert (extraction.mode, extraction.url_type) == ("extraction_only", "linkedin_search")


def test_extracted_people_have_the_job_title_of_their_url(workspace: Workspace) -> None:
    urls = [f"{LINKEDIN}?titleFreeText=Beekeeper", f"{LINKEDIN}?keywords=CFO"]

    done = EXTRACTION.done(workspace, urls=urls, limit=4)

    assert [lead.job_position for lead in done.leads] == ["Beekeeper", "CFO"] * 2


def test_no_extracted_person_has_an_address_without_enrichment(workspace: Workspace) -> None:
    assert EXTRACTION.done(workspace).enriched == 0


def test_about_nine_of_ten_have_an_address_with_enrichment(workspace: Workspace) -> None:
    done = EXTRACTION.done(workspace, limit=1000, **ENRICHED)

    assert 860 < done.enriched < 940


# --- credits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "cost"),
    [
        pytest.param(SEARCH, {"limit": 300}, 300, id="search"),
        pytest.param(EXTRACTION, {}, 100, id="extraction"),
        pytest.param(EXTRACTION, ENRICHED, 200, id="enrichment"),
    ],
)
def test_a_job_spends_at_its_start_what_it_may_cost(
    workspace: Workspace, kind: Kind, changes: dict[str, Any], cost: int
) -> None:
    job = kind.start(workspace, **changes)

    assert kind.runner(workspace).cost(job) == cost
    assert workspace.credits.balance().used == cost


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        pytest.param({"limit": 300}, 300, id="all found"),
        pytest.param({"limit": 10_500}, 10_000, id="no more than 10,000"),
        pytest.param({"filters": {"member_linkedin_username": ["a", "b"]}}, 2, id="two found"),
        pytest.param(
            {"filters": {"companies": ["A"], "excluded_companies": ["A"]}}, 0, id="nobody found"
        ),
    ],
)
def test_a_search_costs_a_credit_for_each_person_found(
    workspace: Workspace, changes: dict[str, Any], cost: int
) -> None:
    done = SEARCH.done(workspace, **changes)

    assert (done.state, done.found) == (JOB_DONE, cost)
    assert workspace.credits.balance().used == cost


@pytest.mark.parametrize(("mode", "cost"), [("extraction_only", 100), ("with_enrichment", 200)])
def test_an_extraction_costs_a_credit_for_each_person_and_each_enrichment_tried(
    workspace: Workspace, mode: str, cost: int
) -> None:
    done = EXTRACTION.done(workspace, mode=mode)
    data = change_data(ExtractionCompleted(done), NOW, workspace.contract)

    assert done.enriched < 100
    assert workspace.credits.balance().used == cost
    assert data["total_leads_enriched"] == done.enriched
    assert data["credits_used"] == {"extraction": 100, "enrichment": cost - 100, "total": cost}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param(SEARCH, {"limit": 20_001}, id="search"),
        pytest.param(EXTRACTION, {"limit": 10_001, **ENRICHED}, id="extraction"),
    ],
)
def test_a_job_that_is_too_expensive_does_not_start(
    workspace: Workspace, kind: Kind, changes: dict[str, Any]
) -> None:
    with pytest.raises(CreditsExhausted) as raised:
        kind.start(workspace, **changes)

    assert raised.value.message == kind.too_expensive
    assert workspace.credits.balance().available == 20_000
    assert workspace.scheduler.next_due() is None


# --- ends -----------------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("after", [timedelta(), 2 * SECOND], ids=["pending", "running"])
def test_a_job_can_be_completed_at_once(
    workspace: Workspace, events: list[Event], kind: Kind, after: timedelta
) -> None:
    job = kind.start(workspace)
    workspace.advance(after)

    done = kind.runner(workspace).complete(job.id)

    assert (done.state, len(done.leads), done.completed_at) == (JOB_DONE, 100, NOW + after)
    workspace.advance(TO_THE_END)
    assert kind.runner(workspace).get(job.id) == done
    assert [event.change for event in events] == [kind.completion(done)]


@each_kind
def test_a_job_completed_at_once_finds_the_same_people(workspace: Workspace, kind: Kind) -> None:
    at_once = kind.runner(workspace).complete(kind.start(workspace).id)

    assert at_once.leads == kind.done(workspace).leads


@pytest.mark.parametrize(
    ("kind", "changes", "cost"),
    [
        pytest.param(SEARCH, {}, 25, id="search"),
        pytest.param(EXTRACTION, ENRICHED, 25 + 25, id="extraction"),
    ],
)
def test_a_failed_job_keeps_and_costs_the_people_found_so_far(
    workspace: Workspace, events: list[Event], kind: Kind, changes: dict[str, Any], cost: int
) -> None:
    job = kind.start(workspace, **changes)
    workspace.advance(2 * SECOND)

    failed = kind.runner(workspace).fail(job.id, "LinkedIn says no")

    assert (failed.state, len(failed.leads)) == (JOB_FAILED, 25)
    assert (failed.error_message, failed.completed_at) == ("LinkedIn says no", NOW + 2 * SECOND)
    workspace.advance(TO_THE_END)
    assert kind.runner(workspace).get(job.id) == failed
    assert workspace.credits.balance().used == cost
    assert events == []


@pytest.mark.parametrize("end", ["complete", "fail"])
@pytest.mark.parametrize("again", ["complete", "fail"])
def test_a_job_ends_only_once(workspace: Workspace, end: str, again: str) -> None:
    search = SEARCH.start(workspace)
    _end(workspace, search, end)
    before = workspace.searches.get(search.id), workspace.credits.balance()

    with pytest.raises(InvalidInput, match="expected one that is pending or running, got"):
        _end(workspace, search, again)

    assert (workspace.searches.get(search.id), workspace.credits.balance()) == before


def _end(workspace: Workspace, search: Search, how: str) -> None:
    if how == "fail":
        workspace.searches.fail(search.id, "No.")
    else:
        workspace.searches.complete(search.id)


def test_the_latest_ended_jobs_are_kept(workspace: Workspace) -> None:
    searches = workspace.searches
    ids = [searches.start(name="S", limit=1, filters={}).id for _ in range(MAX_ENDED_JOBS + 1)]
    for job_id in ids:
        searches.complete(job_id)

    assert not searches.has(ids[0])
    assert searches.has(ids[1])
