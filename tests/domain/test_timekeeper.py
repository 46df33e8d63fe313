"""The timekeeper: freezing, advancing and resuming, with what falls due."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.domain.clock import ManualClock, SystemClock, WorkspaceClock
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.domain.timekeeper import Timekeeper
from mock_sendpilot.worker import Worker

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture
def frozen() -> Timekeeper:
    return Timekeeper(ManualClock(START))


def test_advancing_does_what_falls_due_at_its_time_and_in_order(frozen: Timekeeper) -> None:
    seen: list[datetime] = []
    for hours in (3, 1, 2):
        frozen.agenda.add(
            lambda: seen.append(frozen.clock.now()), due_at=START + hours * HOUR, lane=hours
        )

    assert frozen.advance(2.5 * HOUR) == 2
    assert seen == [START + HOUR, START + 2 * HOUR]
    assert frozen.clock.now() == START + 2.5 * HOUR


def test_what_falls_due_because_of_what_fell_due_is_done_too(frozen: Timekeeper) -> None:
    times: list[datetime] = []

    def again() -> None:
        times.append(frozen.clock.now())
        frozen.agenda.add(again, due_at=frozen.clock.now() + HOUR, lane="a")

    frozen.agenda.add(again, due_at=START, lane="a")

    assert frozen.advance(3 * HOUR) == 4
    assert times[-1] == START + 3 * HOUR


def test_it_can_be_advanced_to_a_moment(frozen: Timekeeper) -> None:
    frozen.advance_to(START + HOUR)

    assert frozen.clock.now() == START + HOUR


@pytest.mark.parametrize(
    ("duration", "says"),
    [
        pytest.param(-HOUR, "the clock must not go back: it shows 2026-06-01", id="back"),
        pytest.param(timedelta(days=4_000_000), "before the year 9000", id="beyond calendars"),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    frozen: Timekeeper, duration: timedelta, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        frozen.advance(duration)

    assert frozen.clock.now() == START


def test_it_cannot_be_advanced_by_what_it_does(frozen: Timekeeper) -> None:
    refusals: list[str] = []

    def advance() -> None:
        with pytest.raises(InvalidInput) as refused:
            frozen.advance(HOUR)
        refusals.append(str(refused.value))

    frozen.agenda.add(advance, due_at=START, lane="a")
    frozen.advance()

    assert refusals == ["the clock is being advanced already; wait until that is over"]


def test_after_a_refusal_it_can_be_advanced(frozen: Timekeeper) -> None:
    with pytest.raises(InvalidInput):
        frozen.advance(-HOUR)

    frozen.advance(HOUR)
    assert frozen.clock.now() == START + HOUR


class Running:
    """A timekeeper whose clock runs, with a worker."""

    def __init__(self) -> None:
        self.worker = Worker(SystemClock())
        self.keeper = Timekeeper(WorkspaceClock(SystemClock()), self.worker.wake)
        self.done = threading.Event()

    def add(self, after: timedelta) -> None:
        due_at = self.keeper.clock.now() + after
        self.keeper.agenda.add(self.done.set, due_at=due_at, lane="a")


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.worker.stop()


def test_while_it_runs_the_worker_does_what_is_due(running: Running) -> None:
    running.add(timedelta())

    assert running.done.wait(5)


def test_a_frozen_clock_holds_back_even_what_is_due(running: Running) -> None:
    running.keeper.freeze()
    running.add(timedelta())
    second = threading.Event()
    running.worker.wake(second.set, SystemClock().now())

    assert second.wait(5)  # the worker has been at work
    assert not running.done.is_set()


def test_resuming_does_what_fell_due_meanwhile(running: Running) -> None:
    running.keeper.freeze()
    running.add(timedelta())
    running.keeper.resume()

    assert running.done.wait(5)


def test_a_clock_that_runs_can_be_advanced_and_runs_on(running: Running) -> None:
    running.add(HOUR)

    assert running.keeper.advance(2 * HOUR) == 1
    assert running.done.is_set()
    assert not running.keeper.clock.is_frozen
    assert running.keeper.clock.now() > SystemClock().now() + HOUR


def test_after_advancing_the_worker_still_does_what_is_due(running: Running) -> None:
    running.keeper.advance(HOUR)
    running.add(timedelta(milliseconds=10))

    assert running.done.wait(5)


def test_advancing_waits_for_what_is_at_work(running: Running) -> None:
    began, may_end, order = threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        began.set()
        may_end.wait(5)
        order.append("slow task")

    running.keeper.agenda.add(slow, due_at=running.keeper.clock.now(), lane="b")
    assert began.wait(5)

    def advance() -> None:
        running.keeper.advance(HOUR)
        order.append("advanced")

    advancing = threading.Thread(target=advance)
    advancing.start()
    may_end.set()
    advancing.join(5)

    assert order == ["slow task", "advanced"]
