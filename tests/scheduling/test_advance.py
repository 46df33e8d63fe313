"""Advancing the clock: in due order, attempts side by side, and never without end."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.errors import AdvanceTimedOut, InvalidInput
from mock_sendpilot.scheduling.clock import ManualClock, SystemClock, WorkspaceClock
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.scheduling.workers import Workers
from tests.scheduling.tasks import Gate, nothing
from tests.support import eventually

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
LONG = 10.0
"""Seconds after which a wait that does not end fails its test."""


@pytest.fixture
def frozen() -> Scheduler:
    """A scheduler without threads: advancing runs everything in the calling thread."""
    return Scheduler(ManualClock(START))


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(SystemClock())
    yield made
    made.stop()


@pytest.fixture
def threaded(workers: Workers) -> Scheduler:
    """A scheduler whose clock is frozen, with threads for attempts."""
    return Scheduler(ManualClock(START), workers, max_wait_seconds=0.2)


@pytest.fixture
def running(workers: Workers) -> Scheduler:
    """A scheduler whose clock runs."""
    return Scheduler(WorkspaceClock(SystemClock()), workers, max_wait_seconds=LONG)


@contextmanager
def advancing(scheduler: Scheduler, by: timedelta, **options: float) -> Iterator[Callable[[], int]]:
    """Advance in another thread; calling the value returns the result."""
    with ThreadPoolExecutor(1, thread_name_prefix="advances") as pool:
        future = pool.submit(scheduler.advance, by, **options)  # type: ignore[arg-type]
        yield lambda: future.result(LONG)


# --- due order ------------------------------------------------------------------------------------


def test_tasks_run_at_their_due_times_in_order(frozen: Scheduler) -> None:
    times: list[datetime] = []
    for hours in (3, 1, 2):
        frozen.add(
            lambda: times.append(frozen.clock.now()), due_at=START + hours * HOUR, lane=hours
        )

    assert frozen.advance(2.5 * HOUR) == 2
    assert times == [START + HOUR, START + 2 * HOUR]
    assert frozen.clock.now() == START + 2.5 * HOUR


def test_tasks_added_by_a_task_run_too_if_due_in_time(frozen: Scheduler) -> None:
    times: list[datetime] = []

    def again() -> None:
        times.append(frozen.clock.now())
        frozen.add(again, due_at=frozen.clock.now() + HOUR, lane="a")

    frozen.add(again, due_at=START, lane="a")

    assert frozen.advance(3 * HOUR) == 4
    assert times[-1] == START + 3 * HOUR


def test_the_clock_can_be_advanced_to_a_moment(frozen: Scheduler) -> None:
    frozen.advance_to(START + HOUR)

    assert frozen.clock.now() == START + HOUR


@pytest.mark.parametrize(
    ("duration", "says"),
    [
        pytest.param(-HOUR, "the clock cannot go back: expected 2026-06-01", id="back"),
        pytest.param(timedelta(days=4_000_000), "before the year 9000", id="beyond calendars"),
    ],
)
def test_an_impossible_target_is_refused(frozen: Scheduler, duration: timedelta, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        frozen.advance(duration)

    assert frozen.clock.now() == START
    frozen.advance(HOUR)
    assert frozen.clock.now() == START + HOUR


@pytest.mark.parametrize("is_attempt", [True, False])
def test_a_task_cannot_advance_the_clock_that_runs_it(
    threaded: Scheduler, *, is_attempt: bool
) -> None:
    refusals: list[str] = []

    def advance() -> None:
        with pytest.raises(InvalidInput) as refused:
            threaded.advance(HOUR)
        refusals.append(str(refused.value))

    threaded.add(advance, due_at=START, lane="a", is_attempt=is_attempt)
    threaded.advance()

    (refusal,) = refusals
    assert refusal.startswith("the clock is being advanced already, and shows 2026-06-01T00:00:00")


def test_a_task_of_a_running_clock_that_advances_it_is_refused_at_once(running: Scheduler) -> None:
    refusals: list[str] = []

    def advance() -> None:
        with pytest.raises(InvalidInput) as refused:
            running.advance(HOUR)
        refusals.append(str(refused.value))

    began = SystemClock.running_seconds()
    running.add(advance, due_at=running.clock.now(), lane="a", about="attempt 1", is_attempt=True)

    eventually(lambda: refusals, timeout=LONG)
    assert SystemClock.running_seconds() - began < LONG / 2
    assert "attempt 1 would wait for its own end" in refusals[0]


# --- side by side ---------------------------------------------------------------------------------


def test_attempts_of_different_endpoints_run_at_the_same_time(threaded: Scheduler) -> None:
    both = threading.Barrier(2)
    for lane in "ab":
        threaded.add(lambda: both.wait(LONG), due_at=START, lane=lane, is_attempt=True)

    assert threaded.advance() == 2
    assert not both.broken


def test_attempts_of_one_endpoint_run_one_after_the_other(threaded: Scheduler) -> None:
    running, most = list[int](), list[int]()

    def attempt() -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    for _ in range(50):
        threaded.add(attempt, due_at=START, lane="a", is_attempt=True)

    assert threaded.advance() == 50
    assert set(most) == {1}


def test_a_healthy_endpoint_does_not_wait_for_a_hanging_one(threaded: Scheduler) -> None:
    gate, healthy = Gate(), list[int]()
    threaded.add(gate, due_at=START, lane="hangs", is_attempt=True)
    for number in range(10):
        threaded.add(
            lambda number=number: healthy.append(number),  # type: ignore[misc]
            due_at=START,
            lane="healthy",
            is_attempt=True,
        )
    with advancing(threaded, HOUR) as result:
        eventually(lambda: len(healthy) == 10)
        assert threaded.clock.now() == START
        gate.may_end.set()
        assert result() == 11


def test_the_clock_does_not_move_before_the_attempts_of_a_moment_have_ended(
    threaded: Scheduler,
) -> None:
    gate, times = Gate(), list[datetime]()
    threaded.add(gate, due_at=START, lane="a", is_attempt=True)
    threaded.add(
        lambda: times.append(threaded.clock.now()), due_at=START + HOUR, lane="b", is_attempt=True
    )
    with advancing(threaded, 2 * HOUR) as result:
        assert gate.has_begun.wait(LONG)
        assert times == []
        gate.may_end.set()
        assert result() == 2
    assert times == [START + HOUR]


def test_tasks_of_the_world_wait_for_the_attempts_before_them(threaded: Scheduler) -> None:
    gate, order = Gate(), list[str]()

    def attempt() -> None:
        gate()
        order.append("attempt")

    threaded.add(attempt, due_at=START, lane="a", is_attempt=True)
    threaded.add(lambda: order.append("step"), due_at=START, lane="b")
    with advancing(threaded, HOUR) as result:
        assert gate.has_begun.wait(LONG)
        gate.may_end.set()
        result()
    assert order == ["attempt", "step"]


def test_tasks_of_the_world_run_in_the_calling_thread(threaded: Scheduler) -> None:
    threads: list[str] = []
    for second in range(3):
        threaded.add(
            lambda: threads.append(threading.current_thread().name),
            due_at=START + timedelta(seconds=second),
            lane="a",
        )
        threaded.add(nothing, due_at=START + timedelta(seconds=second), lane="b", is_attempt=True)
    threaded.advance(HOUR)

    assert set(threads) == {threading.current_thread().name}


def test_attempts_run_in_the_calling_thread_if_no_thread_starts(
    threaded: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ran: list[int] = []
    for number in range(3):
        threaded.add(
            lambda number=number: ran.append(number),  # type: ignore[misc]
            due_at=START,
            lane="a",
            is_attempt=True,
        )

    assert threaded.advance() == 3
    assert ran == [0, 1, 2]
    assert "no further thread" in caplog.text


# --- tasks without end ----------------------------------------------------------------------------


def test_an_endless_chain_at_one_moment_is_stopped_at_that_moment() -> None:
    frozen = Scheduler(ManualClock(START), max_rounds=100)

    def again() -> None:
        frozen.add(again, due_at=frozen.clock.now(), lane="a")

    frozen.add(again, due_at=START + HOUR, lane="a")
    with pytest.raises(InvalidInput, match="this never ends: what is done while the clock shows"):
        frozen.advance(2 * HOUR)

    assert frozen.clock.now() == START + HOUR
    assert frozen.clock.is_frozen


def test_a_long_chain_at_different_times_ends() -> None:
    frozen = Scheduler(ManualClock(START), max_rounds=100)

    def again() -> None:
        frozen.add(again, due_at=frozen.clock.now() + HOUR / 1000, lane="a")

    again()
    assert frozen.advance(HOUR) == 1000


def test_many_tasks_added_by_one_task_at_one_moment_end() -> None:
    frozen = Scheduler(ManualClock(START), max_rounds=2)

    def many() -> None:
        for number in range(1000):
            frozen.add(nothing, due_at=START, lane=number % 3)

    frozen.add(many, due_at=START, lane="a")
    assert frozen.advance() == 1001


def test_an_advance_times_out_and_names_the_tasks_left(
    threaded: Scheduler,
) -> None:
    gate = Gate()
    threaded.add(gate, due_at=START, lane="a", about="attempt 1 to http://x/", is_attempt=True)
    for lane in "ab":
        threaded.add(nothing, due_at=START + HOUR, lane=lane, is_attempt=True)
    threaded.add(nothing, due_at=START + 9 * HOUR, lane="a", is_attempt=True)
    with pytest.raises(AdvanceTimedOut) as raised:
        threaded.advance(2 * HOUR, timeout_seconds=0.1)
    gate.may_end.set()

    assert (raised.value.task_count, raised.value.left_count) == (1, 3)
    assert raised.value.held_up_by == ("attempt 1 to http://x/",)
    assert str(raised.value).endswith(
        "(tasks run: 1, left: 3); it was held up by attempt 1 to http://x/; give the advance more "
        "time, or the endpoint that hangs a shorter timeout"
    )
    assert threaded.clock.now() == START
    assert not threaded.is_advancing


def test_the_next_advance_runs_the_tasks_left(threaded: Scheduler) -> None:
    gate, ran = Gate(), list[str]()
    threaded.add(gate, due_at=START, lane="a", is_attempt=True)
    threaded.add(lambda: ran.append("left"), due_at=START, lane="a", is_attempt=True)
    with pytest.raises(AdvanceTimedOut):
        threaded.advance(timeout_seconds=0.05)
    gate.may_end.set()
    eventually(lambda: not threaded.running())

    assert threaded.advance() == 1
    assert ran == ["left"]


def test_an_advance_without_tasks_needs_no_time(threaded: Scheduler) -> None:
    assert threaded.advance(HOUR, timeout_seconds=0) == 0
    assert threaded.clock.now() == START + HOUR


def test_an_advance_ends_although_others_keep_adding_tasks(threaded: Scheduler) -> None:
    """Two tasks come for each that runs, from a thread that has nothing to do with the advance."""
    wants, stopped = threading.Semaphore(0), threading.Event()

    def attempt() -> None:
        added.clear()
        wants.release()
        assert added.wait(LONG)

    def add_two() -> None:
        while not stopped.is_set():
            if wants.acquire(timeout=0.05):
                for _ in range(2):
                    threaded.add(attempt, due_at=threaded.clock.now(), lane="a", is_attempt=True)
                added.set()

    added = threading.Event()
    other = threading.Thread(target=add_two)
    other.start()
    try:
        threaded.add(attempt, due_at=START, lane="a", is_attempt=True)
        ran = threaded.advance(timedelta(seconds=1))
    finally:
        stopped.set()
        other.join()

    assert 1 <= ran < 500
    assert threaded.clock.now() == START + timedelta(seconds=1)


def test_a_receivers_reaction_belongs_to_the_advance(threaded: Scheduler) -> None:
    reactions: list[str] = []

    def attempt() -> None:
        other = threading.Thread(target=react)  # as a request of the receiver comes
        other.start()
        other.join()

    def react() -> None:
        threaded.add(
            lambda: reactions.append("sent"), due_at=threaded.clock.now(), lane="a", is_attempt=True
        )

    threaded.add(attempt, due_at=START, lane="a", is_attempt=True)

    assert threaded.advance() == 2
    assert reactions == ["sent"]


def test_reactions_run_two_deep_and_the_rest_is_left(threaded: Scheduler) -> None:
    def attempt() -> None:
        other = threading.Thread(
            target=lambda: threaded.add(
                attempt, due_at=threaded.clock.now(), lane="a", is_attempt=True
            )
        )
        other.start()
        other.join()

    threaded.add(attempt, due_at=START, lane="a", is_attempt=True)

    assert threaded.advance() == 3
    assert threaded.next_due() is not None


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        pytest.param("lead_1", 2, id="the same"),
        pytest.param("lead_2", 1, id="another"),
        pytest.param(None, 2, id="none"),
    ],
)
def test_a_change_of_another_subject_is_no_reaction(
    threaded: Scheduler, subject: str | None, count: int
) -> None:
    def others_add() -> None:
        threaded.add(nothing, due_at=START, lane="a", is_attempt=True, subject=subject)

    def attempt() -> None:
        other = threading.Thread(target=others_add)
        other.start()
        other.join()

    threaded.add(attempt, due_at=START, lane="a", is_attempt=True, subject="lead_1")

    assert threaded.advance() == count


def test_a_lane_keeps_its_order_among_own_tasks_and_those_of_others(
    workers: Workers,
) -> None:
    """A task in front of one of the advance runs with it."""
    scheduler = Scheduler(ManualClock(START), workers, max_reaction_depth=-1)
    ran: list[str] = []

    def others_add() -> None:
        scheduler.add(lambda: ran.append("other's"), due_at=START, lane="a", is_attempt=True)

    def step() -> None:
        other = threading.Thread(target=others_add)
        other.start()
        other.join()

    scheduler.add(step, due_at=START, lane="b")
    scheduler.add(lambda: ran.append("retry"), due_at=START + HOUR, lane="a", is_attempt=True)

    scheduler.advance(2 * HOUR)
    assert ran == ["other's", "retry"]


# --- freezing and resuming ------------------------------------------------------------------------


def test_a_running_clock_is_not_frozen_while_it_is_advanced(running: Scheduler) -> None:
    states: list[tuple[bool, bool, bool]] = []
    running.add(
        lambda: states.append((running.clock.is_frozen, running.is_advancing, running.is_stopped)),
        due_at=running.clock.now() + HOUR,
        lane="a",
    )
    running.advance(2 * HOUR)

    assert states == [(False, True, False)]
    assert (running.clock.is_frozen, running.is_advancing, running.is_stopped) == (
        False,
        False,
        False,
    )
    assert running.clock.now() > SystemClock().now() + HOUR


@pytest.mark.parametrize("begins_frozen", [True, False])
@pytest.mark.parametrize("how", ["freeze", "resume"])
def test_freezing_and_resuming_take_effect_after_the_advance(
    running: Scheduler, *, how: str, begins_frozen: bool
) -> None:
    if begins_frozen:
        running.freeze()
    start = running.clock.now()
    times: list[datetime] = []
    running.add(getattr(running, how), due_at=start + HOUR, lane="a")
    running.add(lambda: times.append(running.clock.now()), due_at=start + HOUR * 1.5, lane="a")
    done = threading.Event()
    running.add(done.set, due_at=start + 3 * HOUR, lane="a")
    running.advance(2 * HOUR)

    assert len(times) == 1
    assert timedelta() <= times[0] - start - HOUR * 1.5 < timedelta(minutes=1)
    assert running.clock.is_frozen == (how == "freeze")
    running.advance(HOUR + timedelta(minutes=1))
    assert done.wait(LONG)


@pytest.mark.parametrize("then_frozen", [True, False])
def test_an_advance_can_leave_the_clock_frozen_or_running(
    frozen: Scheduler, *, then_frozen: bool
) -> None:
    frozen.advance(HOUR, then_frozen=then_frozen)
    assert frozen.clock.is_frozen == then_frozen


def test_a_refused_advance_leaves_the_clock_running(running: Scheduler) -> None:
    with pytest.raises(InvalidInput):
        running.advance(-HOUR, then_frozen=True)
    assert not running.clock.is_frozen


def test_a_running_clock_runs_tasks_after_an_advance(running: Scheduler) -> None:
    running.advance(HOUR)
    done = threading.Event()
    running.add(done.set, due_at=running.clock.now() + timedelta(milliseconds=10), lane="a")

    assert done.wait(5)


def test_an_advance_waits_for_running_tasks(running: Scheduler) -> None:
    gate, order = Gate(), list[str]()

    def slow() -> None:
        gate()
        order.append("slow task")

    running.add(slow, due_at=running.clock.now(), lane="b")
    assert gate.has_begun.wait(5)
    with advancing(running, HOUR) as result:
        gate.may_end.set()
        result()
        order.append("advanced")

    assert order == ["slow task", "advanced"]


@pytest.mark.parametrize("runs", [True, False])
def test_a_clock_stays_as_it_was_if_it_cannot_be_advanced(workers: Workers, *, runs: bool) -> None:
    scheduler = Scheduler(WorkspaceClock(SystemClock()), workers, max_wait_seconds=0.05)
    gate = Gate()
    scheduler.add(gate, due_at=scheduler.clock.now(), lane="b", about="attempt 1 to http://x/")
    assert gate.has_begun.wait(5)
    if not runs:
        scheduler.freeze()
    with pytest.raises(InvalidInput, match=r"has not ended for 0.05 s; try again when it has, or"):
        scheduler.advance(HOUR, then_frozen=runs)
    gate.may_end.set()

    assert scheduler.clock.is_frozen == (not runs)


def test_an_advance_ends_when_the_scheduler_is_closed(threaded: Scheduler) -> None:
    gate = Gate()
    threaded.add(gate, due_at=START, lane="a", is_attempt=True)
    with advancing(threaded, HOUR) as result:
        assert gate.has_begun.wait(LONG)
        threaded.close()
        assert result() == 1
        gate.may_end.set()
