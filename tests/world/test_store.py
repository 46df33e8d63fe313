"""The store: changes, their events, and the order of concurrent ones."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timezone
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.scheduling.clock import SystemClock, WorkspaceClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.world.events import Event, LeadStatusChanged
from mock_sendpilot.world.models import Campaign, Lead
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.conftest import NOW


def make_lead(**changes: Any) -> Lead:
    facts: dict[str, Any] = {
        "id": "lead_1",
        "linkedin_url": "https://www.linkedin.com/in/ida-holm",
        "status": "PENDING",
        "campaign_id": "camp_1",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Lead(**{**facts, **changes})


def make_workspace(workspace_id: str) -> Workspace:
    seed = WorkspaceSeed(id=workspace_id, name="W", api_keys=())
    return Workspace(
        seed, contract=CONTRACTS["documented"], clock=WorkspaceClock(SystemClock()), random_seed="1"
    )


@pytest.fixture
def workspace() -> Workspace:
    made = make_workspace("ws_1")
    campaign = Campaign(
        id="camp_1", name="C", status="started", sender_ids=(), created_at=NOW, updated_at=NOW
    )
    made.store.put_campaign(campaign)
    made.store.put_lead(make_lead())
    return made


@pytest.fixture
def events(workspace: Workspace) -> Iterator[list[Event]]:
    """The published events."""
    published: list[Event] = []

    def receive(_workspace: Workspace, event: Event) -> None:
        published.append(event)

    with event_recorded.connected_to(receive, sender=workspace):
        yield published


def test_a_change_replaces_the_lead_and_returns_its_previous_status(workspace: Workspace) -> None:
    change = workspace.store.set_lead_status("lead_1", status="DONE", note="said yes")
    assert change.previous_status == "PENDING"
    assert workspace.store.lead("lead_1") is change.lead
    assert (change.lead.status, change.lead.note) == ("DONE", "said yes")
    assert change.lead.updated_at.tzinfo is timezone.utc
    assert change.lead.updated_at > NOW


def test_a_change_without_a_note_keeps_the_last_one(workspace: Workspace) -> None:
    workspace.store.set_lead_status("lead_1", status="DONE", note="said yes")
    assert workspace.store.set_lead_status("lead_1", status="PENDING").lead.note == "said yes"


def test_a_change_publishes_an_event_about_it(workspace: Workspace, events: list[Event]) -> None:
    workspace.store.set_lead_status("lead_1", status="DONE", changed_by="automation")
    (event,) = events
    assert isinstance(event.change, LeadStatusChanged)
    assert (event.change.previous_status, event.change.lead.status) == ("PENDING", "DONE")
    assert event.change.changed_by == "automation"
    assert (event.sequence, event.workspace_id, event.lead_id) == (1, "ws_1", "lead_1")


def test_a_call_that_changes_nothing_publishes_no_event(
    workspace: Workspace, events: list[Event]
) -> None:
    workspace.store.set_lead_status("lead_1", status="PENDING")
    assert events == []


def test_an_unknown_lead_is_not_found_and_has_no_event(
    workspace: Workspace, events: list[Event]
) -> None:
    with pytest.raises(NotFound, match="Lead not found"):
        workspace.store.set_lead_status("lead_2", status="DONE")
    assert events == []


def test_events_are_published_in_the_order_of_concurrent_changes(
    workspace: Workspace, events: list[Event]
) -> None:
    def change(status: str) -> None:
        for _ in range(50):
            workspace.store.set_lead_status("lead_1", status=status)

    threads = [threading.Thread(target=change, args=(f"S{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    changes = [event.change for event in events if isinstance(event.change, LeadStatusChanged)]
    befores = [change.previous_status for change in changes]
    afters = [change.lead.status for change in changes]
    assert befores == ["PENDING", *afters[:-1]]


def test_an_event_is_published_before_the_change_returns(
    workspace: Workspace, events: list[Event]
) -> None:
    workspace.store.set_lead_status("lead_1", status="DONE")
    assert len(events) == 1


def test_a_receiver_may_change_the_store_and_its_event_comes_after(
    workspace: Workspace, events: list[Event]
) -> None:
    def react(_workspace: Workspace, event: Event) -> None:
        if event.sequence == 1:
            workspace.store.set_lead_status("lead_1", status="REPLY_RECEIVED")

    with event_recorded.connected_to(react, sender=workspace):
        workspace.store.set_lead_status("lead_1", status="DONE")
    assert [event.sequence for event in events] == [1, 2]


def test_a_receiver_may_wait_for_another_thread_that_changes_the_store(
    workspace: Workspace, events: list[Event]
) -> None:
    def change_elsewhere(_workspace: Workspace, event: Event) -> None:
        if event.sequence == 1:
            thread = threading.Thread(
                target=workspace.store.set_lead_status,
                args=("lead_1",),
                kwargs={"status": "REPLY_RECEIVED"},
            )
            thread.start()
            thread.join(10)
            assert not thread.is_alive()

    with event_recorded.connected_to(change_elsewhere, sender=workspace):
        workspace.store.set_lead_status("lead_1", status="DONE")
    assert [event.sequence for event in events] == [1, 2]


def test_a_failing_receiver_does_not_stop_the_others(
    workspace: Workspace, events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_workspace: Workspace, event: Event) -> None:
        raise RuntimeError(event.id)

    with event_recorded.connected_to(fail, sender=workspace):
        workspace.store.set_lead_status("lead_1", status="DONE")
    assert len(events) == 1
    assert "a receiver of the signal 'event-recorded' failed" in caplog.text


def test_a_receiver_that_ends_its_thread_does_not_stop_the_others(
    workspace: Workspace, events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """`pytest.fail` in the thread that answers a request does not end that thread."""

    def fail(_workspace: Workspace, event: Event) -> None:
        pytest.fail(event.id)

    with event_recorded.connected_to(fail, sender=workspace), ThreadPoolExecutor(1) as pool:
        change = pool.submit(workspace.store.set_lead_status, "lead_1", status="DONE").result()
    assert change.lead.status == "DONE"
    assert len(events) == 1
    assert "a receiver of the signal 'event-recorded' failed" in caplog.text


def test_a_receivers_keyboard_interrupt_reaches_the_caller(
    workspace: Workspace, events: list[Event]
) -> None:
    def interrupt(_workspace: Workspace, event: Event) -> None:
        if event.sequence == 1:
            raise KeyboardInterrupt

    with event_recorded.connected_to(interrupt, sender=workspace):
        with pytest.raises(KeyboardInterrupt):
            workspace.store.set_lead_status("lead_1", status="DONE")
        workspace.store.set_lead_status("lead_1", status="OPPORTUNITY")
    assert events[-1].sequence == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, "there is a lead 'lead_1' already", id="same id"),
        pytest.param({"id": "lead_2"}, "has a lead https://www.linkedin.com", id="same person"),
        pytest.param({"id": "l", "campaign_id": "x"}, "there is no campaign 'x'", id="campaign"),
    ],
)
def test_a_lead_that_does_not_fit_the_store_is_refused(
    workspace: Workspace, changes: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        workspace.store.put_lead(make_lead(**changes))


def test_two_workspaces_do_not_know_each_other(workspace: Workspace, events: list[Event]) -> None:
    other = make_workspace("ws_2")
    for campaign in workspace.store.campaigns():
        other.store.put_campaign(campaign)
    other.store.put_lead(make_lead())
    other.store.set_lead_status("lead_1", status="DONE")
    assert workspace.store.lead("lead_1").status == "PENDING"
    assert events == []
