"""The signals, and the receivers outside the package."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from blinker import NamedSignal

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.signals import (
    deliveries_queued,
    delivery_attempted,
    delivery_dropped,
    event_recorded,
    has_foreign_receivers,
    option_read,
    request_answered,
)
from mock_sendpilot.testing.standalone import sandbox
from mock_sendpilot.world.workspace import Workspace
from tests.webhooks.conftest import seed_of_one_lead


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    emulator = Emulator(random_seed="tests")
    yield emulator.add_workspace(seed_of_one_lead())
    emulator.close()


def receive(_workspace: Workspace, **_facts: Any) -> None:
    """Receive a signal, as code of an app under test may."""


def test_an_emulator_alone_is_no_foreign_receiver(workspace: Workspace) -> None:
    assert not has_foreign_receivers(workspace)


@pytest.mark.parametrize(
    ("signal", "is_foreign"),
    [
        pytest.param(event_recorded, True, id="as events are recorded"),
        pytest.param(deliveries_queued, True, id="as deliveries are queued"),
        pytest.param(delivery_attempted, False, id="after attempts, when nobody waits"),
    ],
)
def test_foreign_receivers_of_events_are_found(
    workspace: Workspace, signal: NamedSignal, *, is_foreign: bool
) -> None:
    with signal.connected_to(receive, sender=workspace):
        assert has_foreign_receivers(workspace) == is_foreign


def test_the_receivers_of_another_workspace_do_not_count(workspace: Workspace) -> None:
    other = object()
    with event_recorded.connected_to(receive, sender=other):
        assert not has_foreign_receivers(workspace)


# --- requests, options and drops ------------------------------------------------------------------


@contextmanager
def received(signal: NamedSignal, fact: str) -> Iterator[list[tuple[object, Any]]]:
    """Yield the senders of a signal and one of its facts, as they come."""
    calls: list[tuple[object, Any]] = []

    def note(sender: object, **facts: Any) -> None:
        calls.append((sender, facts[fact]))

    with signal.connected_to(note):
        yield calls


def test_an_answered_request_is_a_signal_of_its_workspace() -> None:
    with sandbox() as made, received(request_answered, "entry") as calls:
        requests.get(f"{made.base_url}/leads", headers=made.headers, timeout=5)
        ((sender, entry),) = calls
        assert sender is made.workspace
        assert (entry.operation, entry.status) == ("leads.list", 200)


def test_a_request_with_an_unknown_key_is_a_signal_of_no_workspace() -> None:
    with sandbox() as made, received(request_answered, "entry") as calls:
        requests.get(f"{made.base_url}/leads", headers={"X-API-Key": "sp_test_no"}, timeout=5)
        ((sender, entry),) = calls
        assert sender is None
        assert (entry.operation, entry.status) == ("leads.list", 401)


def test_a_dropped_delivery_is_a_signal() -> None:
    with sandbox(frozen=True) as made, received(delivery_dropped, "delivery") as calls:
        made.add_endpoint("http://127.0.0.1:9/")
        made.disrupt("drop")
        made.simulate("reply", made.add_lead(status="MESSAGE_SENT"))
        assert [(sender, one.state) for sender, one in calls] == [(made.workspace, "dropped")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param("NOT_A_STATUS", {"validation_message"}, id="refused"),
        pytest.param("DONE", set(), id="accepted"),
    ],
)
def test_an_option_is_a_signal_when_it_matters(status: str, expected: set[str]) -> None:
    with received(option_read, "option") as calls, sandbox(frozen=True) as made:
        lead = made.add_lead(lead_id="lead_1")
        requests.patch(
            f"{made.base_url}/leads/{lead.id}/status",
            headers=made.headers,
            json={"status": status},
            timeout=5,
        )
        assert {option for _, option in calls} == expected
        assert {sender for sender, _ in calls} <= {made.workspace}


def test_an_option_is_a_signal_again_after_a_reset() -> None:
    with received(option_read, "option") as calls, sandbox(frozen=True) as made:
        for _ in range(2):
            made.add_lead()
            made.add_lead()
            made.reset()
        assert [option for _, option in calls] == ["lead_ids"] * 2


def test_a_workspace_is_not_watched_without_a_receiver(workspace: Workspace) -> None:
    assert workspace.contract is workspace.contract.plain
