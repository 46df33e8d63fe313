"""The scheduler: freezing and resuming, waiting for idle, and what it says of its tasks."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.scheduling.clock import ManualClock, SystemClock, WorkspaceClock
from mock_sendpilot.scheduling.scheduler import Due, Scheduler
from mock_sendpilot.scheduling.workers import Workers
from tests.support import eventually

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def nothing() -> None:
    """Do nothing."""


@pytest.fixture
def frozen() -> Scheduler:
    return Scheduler(ManualClock(START))


@pytest.fixture
def running() -> Iterator[Scheduler]:
    """A scheduler whose clock runs, with threads."""
    workers = Workers(SystemClock())
    yield Scheduler(WorkspaceClock(SystemClock()), workers)
    workers.stop()


class Held:
    """A task that runs until it is let go."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.has_begun.set()
        assert self.may_end.wait(10)


# --- the clock ------------------------------------------------------------------------------------


def test_what_is_due_runs_while_the_clock_runs(running: Scheduler) -> None:
    done = threading.Event()
    running.add(done.set, due_at=running.clock.now(), lane="a")

    assert done.wait(5)


def test_a_frozen_clock_holds_back_even_what_is_due(running: Scheduler) -> None:
    done, other = threading.Event(), threading.Event()
    running.freeze()
    running.add(done.set, due_at=running.clock.now(), lane="a")
    workers = running._workers
    assert isinstance(workers, Workers)
    witness = Scheduler(WorkspaceClock(SystemClock()), workers)
    witness.add(other.set, due_at=witness.clock.now(), lane="a")

    assert other.wait(5)  # the threads have been at work
    assert not done.is_set()


def test_resuming_runs_what_fell_due_meanwhile(running: Scheduler) -> None:
    done = threading.Event()
    running.freeze()
    running.add(done.set, due_at=running.clock.now(), lane="a")
    running.resume()

    assert done.wait(5)


def test_a_task_that_is_cancelled_does_not_run(frozen: Scheduler) -> None:
    ran: list[str] = []
    task = frozen.add(lambda: ran.append("cancelled"), due_at=START, lane="a")
    frozen.add(lambda: ran.append("other"), due_at=START, lane="a")
    frozen.cancel(task)

    assert frozen.advance() == 1
    assert ran == ["other"]


def test_no_lock_is_held_while_a_task_runs(frozen: Scheduler) -> None:
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


# --- what is due ----------------------------------------------------------------------------------


def test_the_next_due_task_has_its_time_and_its_name(frozen: Scheduler) -> None:
    frozen.add(nothing, due_at=START + HOUR, lane="a", about="the later one")
    frozen.add(nothing, due_at=START, lane="b", about="the first one")

    assert frozen.next_due() == Due(START, "the first one")
    frozen.advance()
    assert frozen.next_due() == Due(START + HOUR, "the later one")


def test_without_tasks_nothing_is_due(frozen: Scheduler) -> None:
    assert frozen.next_due() is None


def test_a_task_behind_one_that_runs_is_not_due(running: Scheduler) -> None:
    held = Held()
    now = running.clock.now()
    running.add(held, due_at=now, lane="a", about="the first of the lane")
    running.add(nothing, due_at=now, lane="a", about="the next of the lane")
    running.add(nothing, due_at=now + HOUR, lane="b", about="another lane's")
    assert held.has_begun.wait(5)

    assert running.next_due() == Due(now + HOUR, "another lane's")
    assert running.running() == ["the first of the lane"]
    held.may_end.set()


# --- waiting for idle -----------------------------------------------------------------------------


def test_it_is_idle_once_what_runs_has_ended(running: Scheduler) -> None:
    held = Held()
    running.add(held, due_at=running.clock.now(), lane="a")
    assert held.has_begun.wait(5)
    assert not running.wait_until_idle(timeout_seconds=0)
    held.may_end.set()

    assert running.wait_until_idle(timeout_seconds=5)


def test_what_is_due_later_does_not_count_for_idle(running: Scheduler) -> None:
    running.add(nothing, due_at=running.clock.now() + HOUR, lane="a")

    assert running.wait_until_idle(timeout_seconds=0)


def test_it_is_not_idle_before_what_a_task_has_caused_has_ended(running: Scheduler) -> None:
    held, ran = Held(), list[str]()

    def chain() -> None:
        held()
        running.add(lambda: ran.append("caused"), due_at=running.clock.now(), lane="b")

    running.add(chain, due_at=running.clock.now(), lane="a")
    assert held.has_begun.wait(5)
    with ThreadPoolExecutor(1, thread_name_prefix="waits") as pool:
        waiting = pool.submit(running.wait_until_idle, timeout_seconds=10)
        held.may_end.set()
        assert waiting.result(10)

    assert ran == ["caused"]


def test_a_frozen_clock_with_something_due_is_not_idle_and_there_is_no_waiting(
    frozen: Scheduler,
) -> None:
    frozen.add(nothing, due_at=START, lane="a")
    began = SystemClock.running_seconds()

    assert not frozen.wait_until_idle(timeout_seconds=30)
    assert SystemClock.running_seconds() - began < 5


@pytest.mark.parametrize("end", ["drop", "cancel", "close"])
def test_a_wait_for_idle_ends_when_what_is_due_goes(end: str) -> None:
    scheduler = Scheduler(WorkspaceClock(SystemClock()))  # without threads nothing runs
    task = scheduler.add(nothing, due_at=scheduler.clock.now(), lane="a")
    ways = {
        "drop": lambda: scheduler.drop("a"),
        "cancel": lambda: scheduler.cancel(task),
        "close": scheduler.close,
    }
    with ThreadPoolExecutor(1, thread_name_prefix="waits") as pool:
        waiting = pool.submit(scheduler.wait_until_idle, timeout_seconds=10)
        eventually(lambda: scheduler._became_idle._waiters)  # type: ignore[attr-defined]
        ways[end]()
        assert waiting.result(5)


def test_a_task_that_fails_is_logged_and_the_others_run(
    frozen: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    frozen.add(lambda: 1 / 0, due_at=START, lane="a", about="a division")
    frozen.add(lambda: ran.append("next"), due_at=START, lane="a")

    assert frozen.advance(HOUR) == 2
    assert ran == ["next"]
    assert frozen.clock.now() == START + HOUR
    assert "a division failed" in caplog.text
