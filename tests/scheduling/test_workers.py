"""The workers: as many threads as are needed, turns for every workspace, and no task lost."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from mock_sendpilot.scheduling.clock import SystemClock, WorkspaceClock
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.scheduling.workers import Workers
from tests.support import eventually

FAR = timedelta(days=300)


class Hanging:
    """Tasks that run until `may_end` is set."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.count += 1
        self.may_end.wait(10)


Made = Callable[..., Workers]


@pytest.fixture
def make() -> Iterator[Made]:
    """Make workers that are stopped after the test."""
    made: list[Workers] = []

    def make(**options: float) -> Workers:
        made.append(Workers(SystemClock(), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for workers in made:
        workers.stop(timeout_seconds=5)


def scheduler(workers: Workers) -> Scheduler:
    return Scheduler(WorkspaceClock(SystemClock()), workers)


def add(to: Scheduler, run: Callable[[], object], *, lane: object, after: float = 0) -> None:
    due_at = to.clock.now() + timedelta(seconds=after)
    to.add(run, due_at=due_at, lane=lane, is_attempt=True)


def hang(workers: Workers, count: int) -> tuple[Scheduler, Hanging]:
    """Queue that many hanging attempts to different endpoints of one workspace."""
    one, hanging = scheduler(workers), Hanging()
    for number in range(count):
        add(one, hanging, lane=number)
    return one, hanging


def test_no_thread_starts_before_a_task_is_due(make: Made) -> None:
    workers = make()
    scheduler(workers)

    assert workers.thread_count == 0


def test_one_receiver_needs_few_threads(make: Made) -> None:
    workers = make()
    one, ran = scheduler(workers), list[int]()
    for number in range(200):
        add(one, lambda number=number: ran.append(number), lane="a")  # type: ignore[misc]
    eventually(lambda: len(ran) == 200)

    assert ran == list(range(200))
    assert workers.thread_count <= 4


def test_tasks_run_at_their_time_and_not_before(make: Made) -> None:
    one, ran = scheduler(make()), list[tuple[float, datetime]]()
    start = one.clock.now()
    for after in (0.06, 0.02, 0.04):
        add(one, lambda after=after: ran.append((after, one.clock.now())), lane=after, after=after)  # type: ignore[misc]
    eventually(lambda: len(ran) == 3)

    assert [after for after, _ in ran] == [0.02, 0.04, 0.06]
    assert all((at - start).total_seconds() >= after for after, at in ran)


def test_a_task_added_by_a_task_runs_in_time_though_a_thread_waits_for_a_later_one(
    make: Made,
) -> None:
    one, done = scheduler(make()), threading.Event()
    add(one, lambda: None, lane="watched for", after=60)
    add(one, lambda: add(one, done.set, lane="soon", after=0.01), lane="first")

    assert done.wait(5)


def test_hanging_tasks_do_not_stop_other_lanes(make: Made) -> None:
    workers = make()
    one, hanging = hang(workers, 20)
    eventually(lambda: hanging.count == 20)
    done = threading.Event()
    add(one, done.set, lane="healthy")

    assert done.wait(5)
    hanging.may_end.set()


def test_a_hanging_workspace_leaves_threads_for_another(make: Made) -> None:
    workers = make(max_threads=16)
    _, hanging = hang(workers, 40)
    eventually(lambda: hanging.count == 8)
    other, done = scheduler(workers), threading.Event()
    add(other, done.set, lane="a")

    assert done.wait(5)
    assert hanging.count == 8
    hanging.may_end.set()


def test_several_hanging_workspaces_leave_a_thread_for_a_new_one(make: Made) -> None:
    workers = make(max_threads=16)
    hangs = [hang(workers, 40)[1] for _ in range(3)]
    eventually(lambda: sum(one.count for one in hangs) == 12)
    done = threading.Event()
    add(scheduler(workers), done.set, lane="a")

    assert done.wait(5)
    for one in hangs:
        one.may_end.set()


def test_tasks_run_as_soon_as_a_full_pool_has_a_thread_again(make: Made) -> None:
    workers = make(max_threads=8)
    _, hanging = hang(workers, 40)
    eventually(lambda: hanging.count == 4)
    hanging.may_end.set()

    eventually(lambda: hanging.count == 40)


def test_workspaces_take_turns(make: Made) -> None:
    """A workspace with many tasks does not keep the only thread to itself."""
    workers = make(max_threads=2, eager_threads=1)
    ran: list[str] = []
    gate = threading.Event()
    first, busy, other = scheduler(workers), scheduler(workers), scheduler(workers)
    add(first, lambda: gate.wait(10), lane="a")
    eventually(first.running)
    for number in range(20):
        add(busy, lambda: ran.append("busy"), lane=number)
    add(other, lambda: ran.append("other"), lane="a")
    gate.set()
    eventually(lambda: len(ran) == 21)

    assert ran.index("other") <= 2


def test_idle_threads_end(make: Made) -> None:
    workers = make(max_idle_seconds=0.05)
    one, hanging = hang(workers, 10)
    eventually(lambda: hanging.count == 10)
    hanging.may_end.set()

    eventually(lambda: workers.thread_count == 0)
    done = threading.Event()
    add(one, done.set, lane="a")
    assert done.wait(5)


def test_the_threads_of_a_burst_end_though_a_few_tasks_keep_coming(make: Made) -> None:
    workers = make(max_idle_seconds=1)
    one, hanging = hang(workers, 20)
    eventually(lambda: hanging.count == 20)
    hanging.may_end.set()

    def few_threads_are_left_after_two_more_tasks() -> bool:
        together = threading.Barrier(3)
        for lane in ("a", "b"):
            add(one, lambda: together.wait(5), lane=lane)
        together.wait(5)
        return workers.thread_count <= 4

    eventually(few_threads_are_left_after_two_more_tasks)


def test_no_task_is_lost_if_a_thread_cannot_start(
    make: Made, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start, started = threading.Thread.start, list[threading.Thread]()

    def start_one(thread: threading.Thread) -> None:
        if started and "worker" in thread.name:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    workers = make()
    one, ran = scheduler(workers), list[int]()
    for number in range(20):
        add(one, lambda number=number: ran.append(number), lane=number)  # type: ignore[misc]
    eventually(lambda: len(ran) == 20)
    workers.stop(timeout_seconds=5)

    assert sorted(ran) == list(range(20))
    assert "no further thread for webhooks: can't start new thread" in caplog.text


@pytest.mark.parametrize(
    "try_again",
    [
        pytest.param(lambda workers, _: workers.requests_answered(1), id="a request is answered"),
        pytest.param(lambda _, one: one.wait_until_idle(timeout_seconds=5), id="somebody waits"),
        pytest.param(lambda _, one: add(one, lambda: None, lane="b"), id="a task comes"),
    ],
)
def test_a_first_thread_that_could_not_start_is_tried_again(
    make: Made,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    try_again: Callable[[Workers, Scheduler], object],
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    workers = make()
    one, done = scheduler(workers), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        add(one, done.set, lane="a")
        for _ in range(3):
            workers.requests_answered(1)
    assert (workers.thread_count, done.is_set()) == (0, False)
    assert caplog.text.count("can't start new thread") == 1

    try_again(workers, one)
    assert done.wait(5)


def test_a_forgotten_scheduler_is_not_kept(make: Made) -> None:
    workers = make()
    one, other = scheduler(workers), scheduler(workers)
    for each in (one, other):
        add(each, lambda: None, lane="a", after=FAR.total_seconds())
    workers.forget(one)

    assert list(workers._awaited) == [other]


def test_the_entries_stay_few_however_often_a_time_changes(make: Made) -> None:
    workers = make()
    one = scheduler(workers)
    for number in range(1000, 0, -1):
        add(one, lambda: None, lane=number, after=FAR.total_seconds() + number)
    done = threading.Event()
    add(one, done.set, lane="now")

    assert done.wait(5)
    assert len(workers._later) < 200


def test_stopping_begins_nothing_more(make: Made) -> None:
    workers = make()
    one, hanging = hang(workers, 3)
    eventually(lambda: hanging.count == 3)
    ran: list[int] = []
    add(one, lambda: ran.append(1), lane=0)
    hanging.may_end.set()
    workers.stop(timeout_seconds=5)
    add(one, lambda: ran.append(2), lane="b")

    assert ran in ([], [1])
    eventually(lambda: workers.thread_count == 0)


def test_a_task_is_held_back_while_requests_wait_and_begins_when_one_is_answered(
    make: Made,
) -> None:
    workers = make(max_held_seconds=10)
    workers.requests_came()
    one, ran = scheduler(workers), list[int]()
    for number in range(3):
        add(one, lambda number=number: ran.append(number), lane=number)  # type: ignore[misc]
    eventually(lambda: workers._is_held)
    assert ran == []

    workers.requests_answered(1)
    eventually(lambda: ran == [0] and workers._is_held)
    workers.requests_ended()
    eventually(lambda: ran == [0, 1, 2])


def test_turns_are_not_saved_up(make: Made) -> None:
    workers = make(max_held_seconds=10, max_turns=2)
    workers.requests_came()
    for _ in range(50):
        workers.requests_answered(1)
    one, ran = scheduler(workers), list[int]()
    for number in range(5):
        add(one, lambda number=number: ran.append(number), lane=number)  # type: ignore[misc]
    eventually(lambda: workers._is_held)

    assert len(ran) == 2
    workers.requests_ended()


def test_requests_that_came_together_wait_for_as_many_tasks(make: Made) -> None:
    workers = make(max_held_seconds=10, max_turns=0, max_task_seconds=5, max_share=1e6)
    workers.requests_came()
    one, ran = scheduler(workers), list[int]()
    for number in range(5):
        add(one, lambda number=number: ran.append(number), lane=0)  # type: ignore[misc]
    eventually(lambda: workers._is_held)
    workers.requests_answered(3)

    assert ran == [0, 1, 2]
    workers.requests_ended()


def test_requests_wait_for_the_first_task_alone_if_it_takes_long(make: Made) -> None:
    workers = make(max_held_seconds=10, max_task_seconds=5, max_share=1)
    one, ran = scheduler(workers), list[int]()
    asked_at = time.perf_counter()
    workers.requests_came()

    def take_longer_than_the_requests(number: int) -> None:
        ran.append(number)
        eventually(lambda: time.perf_counter() > 2 * answered_at - asked_at)

    for number in range(3):
        add(one, partial(take_longer_than_the_requests, number), lane=0)
    eventually(lambda: workers._is_held)
    answered_at = time.perf_counter()
    workers.requests_answered(3)

    assert ran == [0]
    workers.requests_ended()


def test_requests_wait_only_while_there_are_tasks(make: Made) -> None:
    workers = make(max_held_seconds=10, max_task_seconds=60)
    workers.requests_came()
    one, ran = scheduler(workers), list[int]()
    add(one, lambda: ran.append(1), lane=0)
    workers.requests_answered(30)
    workers.requests_answered(30)

    assert ran == [1]


@pytest.mark.parametrize("count", [1, 2])
def test_requests_do_not_wait_for_a_task_that_hangs(make: Made, count: int) -> None:
    workers = make(max_task_seconds=0.01)
    _, hanging = hang(workers, 1)
    eventually(lambda: hanging.count == 1)
    for _ in range(3):
        workers.requests_came()
        workers.requests_answered(count)
        workers.requests_ended()

    assert hanging.count == 1
    hanging.may_end.set()


def test_a_task_is_not_held_back_for_longer_than_it_may_be(make: Made) -> None:
    workers = make(max_held_seconds=0.01)
    workers.requests_came()
    one, done = scheduler(workers), threading.Event()
    add(one, done.set, lane="a")

    assert done.wait(5)


def test_stopping_does_not_wait_for_requests(make: Made) -> None:
    workers = make(max_held_seconds=10)
    workers.requests_came()
    one, done = scheduler(workers), threading.Event()
    add(one, done.set, lane="a")
    eventually(lambda: workers._is_held)
    workers.stop(timeout_seconds=5)

    assert workers.thread_count == 0
    assert not done.is_set()
