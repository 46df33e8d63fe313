"""The timekeeper: freezing, advancing and resuming, with what falls due."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.domain import timekeeper
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

    (refusal,) = refusals
    assert refusal.startswith("the clock is being advanced already, and shows 2026-06-01T00:00:00")


def test_what_never_ends_is_ended_and_the_clock_gets_no_further(
    frozen: Timekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "MOST_ROUNDS", 100)

    def again() -> None:
        frozen.agenda.add(again, due_at=frozen.clock.now(), lane="a")

    frozen.agenda.add(again, due_at=START + HOUR, lane="a")
    with pytest.raises(InvalidInput, match="this never ends: what is done while the clock shows"):
        frozen.advance(2 * HOUR)

    assert frozen.clock.now() == START + HOUR
    assert frozen.is_frozen


def test_many_tasks_in_a_chain_at_different_times_do_end(
    frozen: Timekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "MOST_ROUNDS", 100)

    def again() -> None:
        frozen.agenda.add(again, due_at=frozen.clock.now() + HOUR / 1000, lane="a")

    again()
    assert frozen.advance(HOUR) == 1000


def test_many_tasks_that_one_causes_at_one_time_do_end(
    frozen: Timekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "MOST_ROUNDS", 2)

    def many() -> None:
        for number in range(1000):
            frozen.agenda.add(lambda: None, due_at=START, lane=number % 3)

    frozen.agenda.add(many, due_at=START, lane="a")
    assert frozen.advance() == 1001


@pytest.mark.parametrize("runs", [True, False])
def test_a_clock_that_cannot_be_advanced_stays_as_it_was(
    running: "Running", monkeypatch: pytest.MonkeyPatch, *, runs: bool
) -> None:
    monkeypatch.setattr(timekeeper, "_LONGEST_WAIT_SECONDS", 0.05)
    keeper, is_at_work, may_end = running.keeper, threading.Event(), threading.Event()

    def hanging() -> None:
        is_at_work.set()
        may_end.wait(10)

    keeper.agenda.add(hanging, due_at=keeper.clock.now(), lane="b")
    assert is_at_work.wait(5)
    if not runs:
        keeper.freeze()
    with pytest.raises(InvalidInput, match="cannot be advanced while a webhook is being received"):
        keeper.advance(HOUR, runs_afterwards=not runs)
    may_end.set()

    assert keeper.is_frozen == (not runs)


def test_a_task_that_fails_is_logged_and_the_others_run(
    frozen: Timekeeper, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    frozen.agenda.add(lambda: 1 / 0, due_at=START, lane="a")  # type: ignore[arg-type]
    frozen.agenda.add(lambda: ran.append("next"), due_at=START, lane="a")

    assert frozen.advance(HOUR) == 2
    assert ran == ["next"]
    assert frozen.clock.now() == START + HOUR
    assert "a task of the agenda failed" in caplog.text


def test_while_it_is_advanced_it_is_as_it_will_be_afterwards(running: "Running") -> None:
    seen: list[tuple[bool, bool]] = []
    keeper = running.keeper
    keeper.agenda.add(
        lambda: seen.append((keeper.is_frozen, keeper.stands_still)),
        due_at=keeper.clock.now() + HOUR,
        lane="a",
    )
    keeper.advance(2 * HOUR)

    assert seen == [(False, False)]
    assert (keeper.is_frozen, keeper.stands_still) == (False, False)


@pytest.mark.parametrize("begins_frozen", [True, False])
@pytest.mark.parametrize("how", ["freeze", "resume"])
def test_who_freezes_or_resumes_it_while_it_is_advanced_has_it_so_afterwards(
    running: "Running", *, how: str, begins_frozen: bool
) -> None:
    keeper = running.keeper
    if begins_frozen:
        keeper.freeze()
    start = keeper.clock.now()
    shown: list[datetime] = []
    keeper.agenda.add(getattr(keeper, how), due_at=start + HOUR, lane="a")
    keeper.agenda.add(lambda: shown.append(keeper.clock.now()), due_at=start + HOUR * 1.5, lane="a")
    running.add(3 * HOUR)
    keeper.advance(2 * HOUR)

    assert shown == [start + HOUR * 1.5]
    assert keeper.is_frozen == (how == "freeze")
    keeper.advance(HOUR + timedelta(seconds=10))
    assert running.done.wait(5)


@pytest.mark.parametrize("runs", [True, False])
def test_it_can_be_told_whether_to_run_afterwards(frozen: Timekeeper, *, runs: bool) -> None:
    frozen.advance(HOUR, runs_afterwards=runs)
    assert frozen.is_frozen == (not runs)


def test_a_refusal_leaves_it_running(running: "Running") -> None:
    with pytest.raises(InvalidInput):
        running.keeper.advance(-HOUR, runs_afterwards=False)
    assert not running.keeper.is_frozen


def test_what_has_happened_is_told_before_the_time_passes() -> None:
    settled: list[None] = []

    def settle(_seconds: float) -> bool:
        if not settled:
            settled.append(None)
            keeper.agenda.add(lambda: settled.append(None), due_at=START, lane="a")
        return True

    keeper = Timekeeper(ManualClock(START), settle=settle)
    assert keeper.advance(HOUR) == 1
    assert len(settled) == 2


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
    running.worker.wake(second.set, SystemClock().now(), 0)

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
