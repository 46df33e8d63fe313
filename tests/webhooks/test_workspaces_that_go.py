"""What is left of a workspace when it is gone, and what waits for what is still to be told."""

import gc
import threading
import weakref

import pytest

from mock_sendpilot.domain.clock import ManualClock, SystemClock
from mock_sendpilot.domain.signals import event_recorded
from mock_sendpilot.domain.timekeeper import Timekeeper
from mock_sendpilot.domain.workspace import Workspace
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.observation.patterns import EventPattern
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.waiting import wait_for_events
from mock_sendpilot.worker import Worker
from tests.support import eventually
from tests.webhooks.conftest import START, World, seed_of_one_lead
from tests.webhooks.judges import DAY, arm, only_delivery
from tests.webhooks.test_disruptions_of_jobs import complete_a_job


def test_a_workspace_that_is_removed_is_not_kept_for_what_was_still_due(
    slow_emulator: Emulator,
) -> None:
    known = weakref.ref(_failed_and_removed(slow_emulator))

    def is_gone() -> bool:
        gc.collect()
        return known() is None

    eventually(is_gone)


def _failed_and_removed(emulator: Emulator) -> Workspace:
    """A workspace with a webhook that is due again in 5 s."""
    workspace = emulator.add_workspace(seed_of_one_lead())
    world = World(workspace, emulator.outbox(workspace))
    world.add_endpoint("http://127.0.0.1:9/")
    world.change("DONE")
    eventually(lambda: world.deliveries()[0].attempts)
    assert workspace.timekeeper.wait_until_idle(within_seconds=5)
    emulator.remove_workspace(workspace)
    return workspace


def test_the_worker_keeps_one_entry_for_a_task_however_often_its_time_changes() -> None:
    worker = Worker(SystemClock())
    now = SystemClock().now()
    ran = threading.Event()
    for minute in range(1, 1000):
        worker.wake(ran.set, now.replace(year=now.year + 1 + minute), 1)
    assert len(worker._due) < 100
    worker.wake(ran.set, now, 1)

    assert ran.wait(5)
    worker.stop()


def test_what_is_forgotten_is_called_no_more() -> None:
    worker, ran, other = Worker(SystemClock()), threading.Event(), threading.Event()
    later = SystemClock().now().replace(year=9000)
    worker.wake(ran.set, later, 1)
    worker.wake(other.set, later, 2)
    worker.forget(ran.set)

    assert [run for *_, run in worker._due] == [other.set]
    worker.stop()


def test_a_clock_of_ones_own_runs_with_the_clock_of_the_emulator(slow_emulator: Emulator) -> None:
    clock = ManualClock(START)
    workspace = slow_emulator.add_workspace(seed_of_one_lead(), clock=clock)
    assert clock.now() == START
    workspace.timekeeper.resume()

    assert clock._system is slow_emulator._system_clock
    assert (clock.now() - START).total_seconds() < 60


class _Announcing:
    """Another thread that is busy telling of an event, so that what happens next is left to it."""

    def __init__(self, workspace: Workspace) -> None:
        self._is_busy, self.may_go_on = threading.Event(), threading.Event()
        event_recorded.connect(self._tell, sender=workspace)
        change = workspace.store.set_lead_status
        self._thread = threading.Thread(target=change, args=("lead_1",), kwargs={"status": "A"})

    def _tell(self, _workspace: Workspace, **_: object) -> None:
        self._is_busy.set()
        self.may_go_on.wait(10)

    def begin(self) -> None:
        self._thread.start()
        assert self._is_busy.wait(5)

    def end(self) -> None:
        self.may_go_on.set()
        self._thread.join(5)


def test_with_a_frozen_clock_what_has_happened_is_found_though_it_is_still_to_be_told(
    world: World,
) -> None:
    announcing = _Announcing(world.workspace)
    announcing.begin()
    world.change("B")
    threading.Timer(0.05, announcing.may_go_on.set).start()
    pattern = EventPattern("lead.status.changed", {"newStatus": "B"})
    waited = wait_for_events(
        world.outbox.events, world.workspace.timekeeper, pattern, within_seconds=5
    )
    announcing.end()

    assert waited.failure is None


def test_it_is_not_idle_while_what_a_task_did_is_still_to_be_told(live_world: World) -> None:
    announcing = _Announcing(live_world.workspace)
    is_at_work, may_act = threading.Event(), threading.Event()

    def act() -> None:
        is_at_work.set()
        may_act.wait(10)
        announcing.begin()
        live_world.change("B")  # is left to the other thread

    keeper = live_world.workspace.timekeeper
    keeper.agenda.add(act, due_at=keeper.clock.now(), lane="step")
    assert is_at_work.wait(5)
    idle: list[int] = []

    def wait() -> None:
        assert keeper.wait_until_idle(within_seconds=10)
        idle.append(len(live_world.outbox.events.all()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    may_act.set()
    waiting.join(0.1)
    assert idle == []
    announcing.end()
    waiting.join(10)

    assert idle == [2]


def test_settling_does_not_wait_for_what_happens_meanwhile(world: World) -> None:
    announcer = world.workspace.store.announcer
    announcing = _Announcing(world.workspace)
    announcing.begin()
    told: list[bool] = []
    waiting = threading.Thread(
        target=lambda: told.append(announcer.wait_until_told(within_seconds=10))
    )
    waiting.start()
    waiting.join(0.05)
    assert told == []
    announcing.may_go_on.set()
    waiting.join(5)
    announcing.end()

    assert told == [True]


def test_who_is_being_told_does_not_wait_for_it(world: World) -> None:
    told: list[bool] = []

    def ask(_workspace: Workspace, **_: object) -> None:
        told.append(world.workspace.store.announcer.wait_until_told(within_seconds=30))

    event_recorded.connect(ask, sender=world.workspace)
    world.change("A")

    assert told == [True]


def test_an_advance_waits_once_for_what_does_not_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def settle(seconds: float) -> bool:
        waits.append(seconds)
        return False

    keeper = Timekeeper(ManualClock(START), settle=settle)
    for _ in range(5):
        keeper.agenda.add(lambda: None, due_at=START, lane="a")

    assert keeper.advance() == 5
    assert len(waits) == 1


def test_a_resend_is_not_taken_for_a_copy_that_is_still_owed(
    world: World, receiver: WebhookReceiver
) -> None:
    arm(world, "duplicate", copies=2)
    complete_a_job(world, receiver.url)
    world.outbox.resend(only_delivery(world).id)
    world.advance(DAY)

    made = [one.besides for one in only_delivery(world).attempts]
    assert made == [None, "resend", "copy", "copy"]
