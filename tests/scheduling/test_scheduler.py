"""The scheduler: freezing and resuming, the next task, and waiting for idle."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.scheduling.clock import ManualClock, SystemClock, WorkspaceClock
from mock_sendpilot.scheduling.scheduler import Due, Scheduler
from mock_sendpilot.scheduling.workers import Workers
from tests.scheduling.tasks import Gate, nothing
from tests.support import eventually

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture
def frozen() -> Scheduler:
    return Scheduler(ManualClock(START))


@pytest.fixture
def running() -> Iterator[Scheduler]:
    """A scheduler whose clock runs, with threads."""
    workers = Workers(SystemClock())
    yield Scheduler(WorkspaceClock(SystemClock()), workers)
    workers.stop()


# --- the clock ------------------------------------------------------------------------------------


def test_a_due_task_runs_while_the_clock_runs(running: Scheduler) -> None:
    done = threading.Event()
    running.add(done.set, due_at=running.clock.now(), lane="a")

    assert done.wait(5)


def test_a_due_task_does_not_run_while_the_clock_is_frozen(running: Scheduler) -> None:
    done, other = threading.Event(), threading.Event()
    running.freeze()
    running.add(done.set, due_at=running.clock.now(), lane="a")
    workers = running._workers
    assert isinstance(workers, Workers)
    witness = Scheduler(WorkspaceClock(SystemClock()), workers)
    witness.add(other.set, due_at=witness.clock.now(), lane="a")

    assert other.wait(5)  # by now the threads would have run it
    assert not done.is_set()


def test_resuming_runs_tasks_that_became_due_meanwhile(running: Scheduler) -> None:
    done = threading.Event()
    running.freeze()
    running.add(done.set, due_at=running.clock.now(), lane="a")
    running.resume()

    assert done.wait(5)


def test_a_cancelled_task_does_not_run(frozen: Scheduler) -> None:
    ran: list[str] = []
    task = frozen.add(lambda: ran.append("cancelled"), due_at=START, lane="a")
    frozen.add(lambda: ran.append("other"), due_at=START, lane="a")
    frozen.cancel(task)

    assert frozen.advance() == 1
    assert ran == ["other"]


def test_no_lock_is_gate_while_a_task_runs(frozen: Scheduler) -> None:
    def add() -> None:
        frozen.add(nothing, due_at=START + HOUR, lane="b")

    def task() -> None:
        thread = threading.Thread(target=add)
        thread.start()
        thread.join(5)
        assert not thread.is_alive()

    frozen.add(task, due_at=START, lane="a")
    frozen.advance()

    assert frozen.next_due() == Due(START + HOUR, "a task")


# --- the next task --------------------------------------------------------------------------------


def test_the_next_task_has_a_time_and_a_description(frozen: Scheduler) -> None:
    frozen.add(nothing, due_at=START + HOUR, lane="a", about="the later one")
    frozen.add(nothing, due_at=START, lane="b", about="the first one")

    assert frozen.next_due() == Due(START, "the first one")
    frozen.advance()
    assert frozen.next_due() == Due(START + HOUR, "the later one")


def test_an_empty_scheduler_has_no_next_task(frozen: Scheduler) -> None:
    assert frozen.next_due() is None


def test_a_task_behind_a_running_one_is_not_next(running: Scheduler) -> None:
    gate = Gate()
    now = running.clock.now()
    running.add(gate, due_at=now, lane="a", about="the first of the lane")
    running.add(nothing, due_at=now, lane="a", about="the next of the lane")
    running.add(nothing, due_at=now + HOUR, lane="b", about="another lane's")
    assert gate.has_begun.wait(5)

    assert running.next_due() == Due(now + HOUR, "another lane's")
    assert running.running() == ["the first of the lane"]
    gate.may_end.set()


# --- waiting for idle -----------------------------------------------------------------------------


def test_a_scheduler_is_idle_once_running_tasks_have_ended(running: Scheduler) -> None:
    gate = Gate()
    running.add(gate, due_at=running.clock.now(), lane="a")
    assert gate.has_begun.wait(5)
    assert not running.wait_until_idle(timeout_seconds=0)
    gate.may_end.set()

    assert running.wait_until_idle(timeout_seconds=5)


def test_a_scheduler_is_idle_before_tasks_that_are_due_later(running: Scheduler) -> None:
    running.add(nothing, due_at=running.clock.now() + HOUR, lane="a")

    assert running.wait_until_idle(timeout_seconds=0)


def test_a_scheduler_is_idle_only_after_tasks_added_by_a_task(
    running: Scheduler,
) -> None:
    gate, ran = Gate(), list[str]()

    def chain() -> None:
        gate()
        running.add(lambda: ran.append("caused"), due_at=running.clock.now(), lane="b")

    running.add(chain, due_at=running.clock.now(), lane="a")
    assert gate.has_begun.wait(5)
    with ThreadPoolExecutor(1, thread_name_prefix="waits") as pool:
        waiting = pool.submit(running.wait_until_idle, timeout_seconds=10)
        gate.may_end.set()
        assert waiting.result(10)

    assert ran == ["caused"]


def test_a_wait_for_idle_returns_at_once_if_the_clock_is_frozen(
    frozen: Scheduler,
) -> None:
    frozen.add(nothing, due_at=START, lane="a")
    began = SystemClock.running_seconds()

    assert not frozen.wait_until_idle(timeout_seconds=30)
    assert SystemClock.running_seconds() - began < 5


@pytest.mark.parametrize("end", ["drop", "cancel", "close"])
def test_a_wait_for_idle_ends_when_the_due_task_is_removed(end: str) -> None:
    scheduler = Scheduler(WorkspaceClock(SystemClock()))  # without threads nothing runs
    task = scheduler.add(nothing, due_at=scheduler.clock.now(), lane="a")
    ways = {
        "drop": lambda: scheduler.drop("a"),
        "cancel": lambda: scheduler.cancel(task),
        "close": scheduler.close,
    }
    with ThreadPoolExecutor(1, thread_name_prefix="waits") as pool:
        waiting = pool.submit(scheduler.wait_until_idle, timeout_seconds=10)
        eventually(lambda: scheduler._became_idle._condition)
        ways[end]()
        assert waiting.result(5)


def test_a_failing_task_is_logged_and_the_others_run(
    frozen: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    frozen.add(lambda: 1 / 0, due_at=START, lane="a", about="a division")
    frozen.add(lambda: ran.append("next"), due_at=START, lane="a")

    assert frozen.advance(HOUR) == 2
    assert ran == ["next"]
    assert frozen.clock.now() == START + HOUR
    assert "a division failed" in caplog.text
