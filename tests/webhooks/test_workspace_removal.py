"""The removal of a workspace, and the clock that it runs with."""

import gc
import weakref

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.world.workspace import Workspace
from tests.support import eventually
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.disruption_checks import DAY, arm, only_delivery
from tests.webhooks.test_job_disruptions import complete_a_job


def test_a_removed_workspace_is_not_kept_in_memory_by_due_tasks(
    slow_emulator: Emulator,
) -> None:
    known = weakref.ref(_failed_and_removed(slow_emulator))

    def is_gone() -> bool:
        gc.collect()
        return known() is None

    eventually(is_gone)


def _failed_and_removed(emulator: Emulator) -> Workspace:
    """Make a workspace with a webhook that is due again in 5 s."""
    workspace = emulator.add_workspace(seed_of_one_lead())
    world = World(workspace, emulator.outbox(workspace))
    world.add_endpoint("http://127.0.0.1:9/")
    world.change("DONE")
    eventually(lambda: world.deliveries()[0].attempts)
    assert workspace.scheduler.wait_until_idle(timeout_seconds=5)
    emulator.remove_workspace(workspace)
    return workspace


def test_a_clock_of_a_workspace_runs_with_the_clock_of_the_emulator(
    slow_emulator: Emulator,
) -> None:
    clock = ManualClock(START)
    workspace = slow_emulator.add_workspace(seed_of_one_lead(), clock=clock)
    assert clock.now() == START
    workspace.scheduler.resume()

    assert clock._system is slow_emulator._system_clock
    assert (clock.now() - START).total_seconds() < 60


def test_a_resend_does_not_count_as_a_duplicate(world: World, receiver: WebhookReceiver) -> None:
    arm(world, "duplicate", copies=2)
    complete_a_job(world, receiver.url)
    world.outbox.resend(only_delivery(world).id)
    world.advance(DAY)

    made = [one.trigger for one in only_delivery(world).attempts]
    assert made == ["schedule", "resend", "duplicate", "duplicate"]
