"""The signals, and the receivers outside the package."""

from collections.abc import Iterator
from typing import Any

import pytest
from blinker import NamedSignal

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.signals import (
    deliveries_queued,
    delivery_attempted,
    event_recorded,
    has_foreign_receivers,
)
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
