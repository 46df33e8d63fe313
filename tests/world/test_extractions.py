"""Extractions: what they extract from which URL, and what they cost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.errors import CreditsExhausted, NotFound
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.webhooks.payloads import change_data
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.events import Event, ExtractionCompleted
from mock_sendpilot.world.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_PENDING,
    JOB_RUNNING,
    Extraction,
    JobTiming,
)
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.conftest import NOW

TIMING = JobTiming(start_delay=timedelta(seconds=1), duration=timedelta(seconds=4))
TO_THE_END = timedelta(seconds=5)
SEARCH = "https://www.linkedin.com/search/results/people/"
ENRICHED = {"mode": "with_enrichment"}


@pytest.fixture
def workspace() -> Workspace:
    balance = Balance(subscription=30_000)
    seed = WorkspaceSeed(id="ws_1", name="W", api_keys=(), credits=balance, job_timing=TIMING)
    return Workspace(
        seed, contract=CONTRACTS["documented"], clock=ManualClock(NOW), random_seed="1"
    )


@pytest.fixture
def events(workspace: Workspace) -> Iterator[list[Event]]:
    heard: list[Event] = []

    def hear(_workspace: Workspace, event: Event) -> None:
        heard.append(event)

    with event_recorded.connected_to(hear, sender=workspace):
        yield heard


def start(workspace: Workspace, **changes: Any) -> Extraction:
    given: dict[str, Any] = {"name": "Founders", "limit": 100, "urls": [f"{SEARCH}?keywords=cfo"]}
    return workspace.extractions.start(**{**given, **changes})


def extracted(workspace: Workspace, extraction: Extraction) -> Extraction:
    workspace.advance(TO_THE_END)
    return workspace.extractions.get(extraction.id)


def test_an_extraction_starts_as_pending_with_the_first_modes(workspace: Workspace) -> None:
    extraction = start(workspace)

    assert extraction.id.startswith("camp_")
    assert (extraction.mode, extraction.url_type) == ("extraction_only", "linkedin_search")
    assert (extraction.state, extraction.extracted) == (JOB_PENDING, 0)


@pytest.mark.parametrize(
    ("seconds", "state", "count"),
    [(0.5, JOB_PENDING, 0), (1, JOB_RUNNING, 0), (3, JOB_RUNNING, 50), (5, JOB_DONE, 100)],
)
def test_it_grows_in_steps(workspace: Workspace, seconds: float, state: str, count: int) -> None:
    extraction = start(workspace)

    workspace.advance(timedelta(seconds=seconds))

    now = workspace.extractions.get(extraction.id)
    assert (now.state, now.extracted) == (state, count)


def test_it_makes_one_event_when_it_is_done(workspace: Workspace, events: list[Event]) -> None:
    done = extracted(workspace, start(workspace))

    assert [event.change for event in events] == [ExtractionCompleted(done)]


def test_people_have_the_job_title_of_their_search(workspace: Workspace) -> None:
    urls = [f"{SEARCH}?titleFreeText=Beekeeper", f"{SEARCH}?keywords=CFO"]

    done = extracted(workspace, start(workspace, urls=urls, limit=4))

    assert [lead.job_position for lead in done.leads] == ["Beekeeper", "CFO"] * 2


def test_nobody_is_extracted_twice_though_there_are_many_searches(workspace: Workspace) -> None:
    urls = [f"{SEARCH}?page={number}" for number in range(7)]

    done = extracted(workspace, start(workspace, urls=urls, limit=10_000))

    assert len({lead.id for lead in done.leads}) == 10_000
    assert len({lead.linkedin_url for lead in done.leads}) == 10_000


def test_an_extraction_extracts_at_most_10000(workspace: Workspace) -> None:
    assert extracted(workspace, start(workspace, limit=10_100)).extracted == 10_000


def test_the_same_searches_give_the_same_people_again(workspace: Workspace) -> None:
    first = extracted(workspace, start(workspace))

    assert extracted(workspace, start(workspace)).leads == first.leads


def test_without_enrichment_there_are_no_addresses(workspace: Workspace) -> None:
    assert extracted(workspace, start(workspace)).enriched == 0


def test_with_enrichment_about_nine_of_ten_have_an_address(workspace: Workspace) -> None:
    done = extracted(workspace, start(workspace, limit=1000, **ENRICHED))

    assert 860 < done.enriched < 940


@pytest.mark.parametrize(("mode", "cost"), [("extraction_only", 100), ("with_enrichment", 200)])
def test_what_it_may_need_is_taken_when_it_starts(
    workspace: Workspace, mode: str, cost: int
) -> None:
    extraction = start(workspace, mode=mode)

    assert workspace.extractions.cost(extraction) == cost
    assert workspace.credits.balance().used == cost


@pytest.mark.parametrize(("mode", "cost"), [("extraction_only", 100), ("with_enrichment", 200)])
def test_it_costs_a_credit_for_each_person_and_for_each_try_to_enrich_one(
    workspace: Workspace, events: list[Event], mode: str, cost: int
) -> None:
    done = extracted(workspace, start(workspace, mode=mode))
    data = change_data(ExtractionCompleted(done), NOW, workspace.contract)

    assert done.enriched < 100
    assert workspace.credits.balance().used == cost
    assert data["total_leads_enriched"] == done.enriched
    assert data["credits_used"] == {"extraction": 100, "enrichment": cost - 100, "total": cost}


def test_an_extraction_that_is_too_expensive_does_not_start(workspace: Workspace) -> None:
    with pytest.raises(CreditsExhausted, match=r"^Insufficient credits \("):
        start(workspace, limit=15_001, **ENRICHED)

    assert workspace.credits.balance().used == 0


def test_one_that_fails_costs_what_it_found_until_then(
    workspace: Workspace, events: list[Event]
) -> None:
    extraction = start(workspace, **ENRICHED)
    workspace.advance(timedelta(seconds=3))

    failed = workspace.extractions.fail(extraction.id, "LinkedIn says no")

    assert (failed.state, failed.extracted, failed.error_message) == (
        JOB_FAILED,
        50,
        "LinkedIn says no",
    )
    assert workspace.credits.balance().used == 50 + 50
    assert extracted(workspace, extraction) == failed
    assert events == []


def test_it_can_be_completed_at_once(workspace: Workspace, events: list[Event]) -> None:
    done = workspace.extractions.complete(start(workspace, **ENRICHED).id)

    assert (done.state, done.extracted, done.completed_at) == (JOB_DONE, 100, NOW)
    assert [event.change for event in events] == [ExtractionCompleted(done)]


def test_an_unknown_extraction_is_a_campaign_that_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match=r"^Campaign not found \(") as raised:
        workspace.extractions.get("camp_none")

    assert "no extraction 'camp_none'" in raised.value.hint
