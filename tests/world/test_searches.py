"""Searches: their course on the clock, what they find, and what they cost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.errors import CreditsExhausted, InvalidInput, NotFound
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import Event, SearchCompleted
from mock_sendpilot.world.jobs import MAX_ENDED_JOBS
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
A_SECOND = timedelta(seconds=1)
TO_THE_END = timedelta(seconds=5)


def made_workspace(*people: FoundLead) -> Workspace:
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
    return made_workspace()


@pytest.fixture
def events(workspace: Workspace) -> Iterator[list[Event]]:
    heard: list[Event] = []

    def hear(_workspace: Workspace, event: Event) -> None:
        heard.append(event)

    with event_recorded.connected_to(hear, sender=workspace):
        yield heard


def start(workspace: Workspace, **changes: Any) -> Search:
    wanted_search: dict[str, Any] = {"name": "CFOs", "limit": 100, "filters": {}}
    return workspace.searches.start(**{**wanted_search, **changes})


def found(workspace: Workspace, search: Search) -> Search:
    workspace.advance(TO_THE_END)
    return workspace.searches.get(search.id)


# --- the course ---------------------------------------------------------------------------------


def test_a_search_starts_as_pending_with_nobody_found(workspace: Workspace) -> None:
    search = start(workspace)

    assert search.id.startswith("search_")
    assert (search.state, search.found, search.created_at) == (JOB_PENDING, 0, NOW)


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
def test_it_grows_in_steps(workspace: Workspace, seconds: float, state: str, count: int) -> None:
    search = start(workspace)

    workspace.advance(timedelta(seconds=seconds))

    now = workspace.searches.get(search.id)
    assert (now.state, now.found) == (state, count)


def test_what_was_found_stays_where_it_is(workspace: Workspace) -> None:
    search = start(workspace)
    workspace.advance(2 * A_SECOND)
    early = workspace.searches.get(search.id).leads

    assert found(workspace, search).leads[: len(early)] == early


def test_a_search_that_is_done_tells_when(workspace: Workspace) -> None:
    done = found(workspace, start(workspace))

    assert (done.completed_at, done.error_message) == (NOW + TO_THE_END, None)


def test_it_makes_one_event_when_it_is_done(workspace: Workspace, events: list[Event]) -> None:
    search = start(workspace, webhook_url="http://127.0.0.1:9/jobs")
    workspace.advance(4 * A_SECOND)
    assert events == []

    done = found(workspace, search)

    assert [event.change for event in events] == [SearchCompleted(done)]
    assert events[0].webhook_url == "http://127.0.0.1:9/jobs"


def test_several_searches_run_side_by_side(workspace: Workspace) -> None:
    one, other = start(workspace), start(workspace, limit=4)

    workspace.advance(2 * A_SECOND)

    assert [workspace.searches.get(each.id).found for each in (one, other)] == [25, 1]


def test_an_unknown_search_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match=r"^Search not found \(") as raised:
        workspace.searches.get("search_none")

    assert "search_none" in raised.value.hint


# --- what it finds ------------------------------------------------------------------------------


def test_filters_are_kept_as_they_are_given(workspace: Workspace) -> None:
    filters = {"job_titles": ["CFO"], "somethingElse": 1}

    assert start(workspace, filters=filters).filters == filters


def test_everybody_fits_the_filters(workspace: Workspace) -> None:
    done = found(workspace, start(workspace, filters={"locations": ["Norway"]}))

    assert {lead.country for lead in done.leads} == {"Norway"}


def test_the_same_search_finds_the_same_people_again(workspace: Workspace) -> None:
    first = found(workspace, start(workspace))

    assert found(workspace, start(workspace)).leads == first.leads


def test_people_of_the_seed_come_first_if_they_fit() -> None:
    fits, fits_not = (found_lead("s", 0, criteria_for({"locations": [place]})) for place in "XY")
    workspace = made_workspace(fits_not, fits)

    done = found(workspace, start(workspace, filters={"locations": ["X"]}, limit=3))

    assert done.leads[0] == fits
    assert [lead.location for lead in done.leads] == ["X"] * 3


def test_people_of_the_seed_are_not_made_up_a_second_time() -> None:
    known = found_lead("s", 0, criteria_for({"member_linkedin_username": ["ida-holm"]}))
    workspace = made_workspace(known)
    filters = {"member_linkedin_username": ["Ida-Holm", "jdoe"]}

    done = found(workspace, start(workspace, filters=filters))

    assert [lead.linkedin_url.rpartition("/")[2] for lead in done.leads] == ["ida-holm", "jdoe"]


def test_nobody_is_found_twice(workspace: Workspace) -> None:
    done = found(workspace, start(workspace, limit=10_000))

    assert len({lead.id for lead in done.leads}) == 10_000


def test_a_search_finds_at_most_10000(workspace: Workspace) -> None:
    assert found(workspace, start(workspace, limit=10_001)).found == 10_000


# --- credits ------------------------------------------------------------------------------------


def test_its_limit_is_taken_when_it_starts(workspace: Workspace) -> None:
    start(workspace, limit=300)

    assert workspace.credits.balance().available == 19_700


@pytest.mark.parametrize(
    ("wanted_search", "cost"),
    [
        pytest.param({"limit": 300}, 300, id="all found"),
        pytest.param({"limit": 10_500}, 10_000, id="no more than 10,000"),
        pytest.param({"filters": {"member_linkedin_username": ["a", "b"]}}, 2, id="two found"),
        pytest.param(
            {"filters": {"companies": ["A"], "excluded_companies": ["A"]}}, 0, id="nobody found"
        ),
    ],
)
def test_in_the_end_it_costs_what_it_found(
    workspace: Workspace, wanted_search: dict[str, Any], cost: int
) -> None:
    done = found(workspace, start(workspace, **wanted_search))

    assert (done.state, done.found) == (JOB_DONE, cost)
    assert workspace.credits.balance().used == cost


def test_a_search_that_is_too_expensive_does_not_start(workspace: Workspace) -> None:
    with pytest.raises(CreditsExhausted, match=r"^Insufficient quota \("):
        start(workspace, limit=20_001)

    assert workspace.credits.balance().available == 20_000
    assert workspace.scheduler.next_due() is None


# --- by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [timedelta(), 2 * A_SECOND], ids=["pending", "running"])
def test_it_can_be_completed_at_once(
    workspace: Workspace, events: list[Event], after: timedelta
) -> None:
    search = start(workspace)
    workspace.advance(after)

    done = workspace.searches.complete(search.id)

    assert (done.state, done.found, done.completed_at) == (JOB_DONE, 100, NOW + after)
    assert done == found(workspace, search)
    assert [event.change for event in events] == [SearchCompleted(done)]


def test_it_finds_the_same_people_when_it_is_completed_at_once(workspace: Workspace) -> None:
    at_once = workspace.searches.complete(start(workspace).id)

    assert at_once.leads == found(workspace, start(workspace)).leads


def test_it_can_fail_and_keeps_what_it_found(workspace: Workspace, events: list[Event]) -> None:
    search = start(workspace)
    workspace.advance(2 * A_SECOND)

    failed = workspace.searches.fail(search.id, "the data base is away")

    assert (failed.state, failed.found) == (JOB_FAILED, 25)
    assert (failed.error_message, failed.completed_at) == (
        "the data base is away",
        NOW + 2 * A_SECOND,
    )
    assert failed == found(workspace, search)
    assert workspace.credits.balance().used == 25
    assert events == []


@pytest.mark.parametrize("end", ["complete", "fail"])
@pytest.mark.parametrize("again", ["complete", "fail"])
def test_what_is_over_stays_over(workspace: Workspace, end: str, again: str) -> None:
    search = start(workspace)
    _end(workspace, search, end)
    before = workspace.searches.get(search.id), workspace.credits.balance()

    with pytest.raises(InvalidInput, match="must be pending or running; it is"):
        _end(workspace, search, again)

    assert (workspace.searches.get(search.id), workspace.credits.balance()) == before


def _end(workspace: Workspace, search: Search, how: str) -> None:
    if how == "fail":
        workspace.searches.fail(search.id, "so")
    else:
        workspace.searches.complete(search.id)


def test_it_is_known_which_searches_there_are(workspace: Workspace) -> None:
    search = start(workspace)

    assert workspace.searches.has(search.id)
    assert not workspace.extractions.has(search.id)


def test_of_jobs_that_are_over_the_latest_are_kept(workspace: Workspace) -> None:
    searches = workspace.searches
    ids = [searches.start(name="S", limit=1, filters={}).id for _ in range(MAX_ENDED_JOBS + 1)]
    for job_id in ids:
        searches.complete(job_id)

    assert not searches.has(ids[0])
    assert searches.has(ids[1])
