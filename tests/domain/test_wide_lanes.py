"""Lanes in which several tasks may be at work at one time; what the agenda tells of its tasks."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.domain.agenda import Agenda, Due

START = datetime(2026, 6, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def nothing() -> None:
    """A task."""


def also(agenda: Agenda, ran: list[str], name: str) -> Callable[[], None]:
    """A task that has the next one run while it is itself at work."""

    def task() -> None:
        agenda.run_next(START)
        ran.append(name)

    return task


@pytest.mark.parametrize(
    ("width", "ran"),
    [
        pytest.param(1, ["a", "b", "c", "d"], id="one by one"),
        pytest.param(2, ["b", "a", "d", "c"], id="two at one time"),
        pytest.param(3, ["c", "b", "a", "d"], id="three"),
        pytest.param(9, ["d", "c", "b", "a"], id="more than there are"),
    ],
)
def test_so_many_tasks_of_a_lane_are_at_work_at_one_time(width: int, ran: list[str]) -> None:
    agenda, ended = Agenda(), list[str]()
    for name in "abcd":
        agenda.add(also(agenda, ended, name), due_at=START, lane="a", width=width)
    agenda.run_due(START)

    assert ended == ran


def test_tasks_of_a_wide_lane_begin_in_due_order() -> None:
    agenda, ran = Agenda(), list[int]()
    for second in (3, 1, 2):
        agenda.add(lambda second=second: ran.append(second), due_at=at(second), lane="a", width=2)  # type: ignore[misc]
    agenda.run_due(at(9))

    assert ran == [1, 2, 3]


def test_a_full_lane_does_not_stop_another() -> None:
    agenda, ran = Agenda(), list[str]()
    for name in "abc":
        agenda.add(also(agenda, ran, name), due_at=START, lane="wide", width=2)
    agenda.add(lambda: ran.append("other"), due_at=START, lane="other")

    def first() -> None:
        agenda.run_next(START)
        agenda.run_next(START)

    agenda.add(first, due_at=at(-1), lane="first")
    agenda.run_due(START)

    assert sorted(ran) == ["a", "b", "c", "other"]
    assert ran.index("other") < ran.index("c")


def test_the_width_is_that_of_the_latest_task() -> None:
    agenda, ran = Agenda(), list[str]()
    for name, width in (("a", 3), ("b", 3), ("c", 1)):
        agenda.add(also(agenda, ran, name), due_at=START, lane="a", width=width)
    agenda.run_due(START)

    assert ran == ["a", "b", "c"]


def test_a_task_of_a_wide_lane_that_fails_frees_its_place() -> None:
    agenda, ran = Agenda(), list[str]()
    agenda.add(lambda: 1 / 0, due_at=START, lane="a", width=2)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        agenda.run_next(START)
    for name in "ab":
        agenda.add(also(agenda, ran, name), due_at=START, lane="a", width=2)
    agenda.run_due(START)

    assert ran == ["b", "a"]
    assert agenda.wait_while_busy(within_seconds=0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(1, 4)), max_size=60)
)
def test_any_tasks_of_any_width_run_once_each_and_in_due_order(
    tasks: list[tuple[str, int, int]],
) -> None:
    agenda, ran = Agenda(), list[tuple[int, int]]()
    for number, (lane, second, width) in enumerate(tasks):
        entry = (second, number)
        agenda.add(
            lambda entry=entry: ran.append(entry),  # type: ignore[misc]
            due_at=at(second),
            lane=lane,
            width=width,
        )
    agenda.run_due(at(21))

    assert ran == sorted((second, number) for number, (_, second, _) in enumerate(tasks))


# --- threads -------------------------------------------------------------------------------------


class Held:
    """Tasks that are at work until they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Event()
        self._changed = threading.Condition()

    def task(self, name: str) -> Callable[[], None]:
        def hold() -> None:
            with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            assert self.may_end.wait(10)

        return hold

    def wait_for_count(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, 5)


@contextmanager
def at_work(agenda: Agenda, held: Held, count: int) -> Iterator[list[Future[bool]]]:
    """So many tasks of the agenda are at work in this context."""
    with ThreadPoolExecutor(count, thread_name_prefix="at-work") as pool:
        try:
            running = [pool.submit(agenda.run_next, START) for _ in range(count)]
            held.wait_for_count(count)
            yield running
        finally:
            held.may_end.set()


def test_what_is_beyond_the_width_waits_until_a_place_is_free() -> None:
    agenda, held = Agenda(), Held()
    for name in "abc":
        agenda.add(held.task(name), due_at=START, lane="a", width=2)
    with at_work(agenda, held, 2):
        assert not agenda.run_next(at(9))
        assert agenda.next_due() is None
        held.may_end.set()
        assert agenda.wait_while_busy(within_seconds=5)

    assert agenda.next_due_at() == START
    assert agenda.run_due(START) == 1
    assert sorted(held.begun) == ["a", "b", "c"]


def test_a_lane_with_one_of_two_at_work_is_busy_and_not_idle() -> None:
    agenda, held = Agenda(), Held()
    agenda.add(held.task("a"), due_at=START, lane="a", width=2)
    with at_work(agenda, held, 1):
        assert not agenda.wait_while_busy(within_seconds=0)
        assert not agenda.wait_until_idle(lambda: START, within_seconds=0)

    assert agenda.wait_until_idle(lambda: START, within_seconds=0)


def test_dropping_a_wide_lane_at_work_forgets_what_waits_and_lets_the_rest_end() -> None:
    agenda, held = Agenda(), Held()
    for name in "abcd":
        agenda.add(held.task(name), due_at=START, lane="a", width=2)
    with at_work(agenda, held, 2) as running:
        agenda.drop("a")
        assert agenda.next_due() is None

    assert [one.result(5) for one in running] == [True, True]
    assert agenda.run_due(at(9)) == 0
    assert sorted(held.begun) == ["a", "b"]


def test_a_wide_lane_that_was_dropped_at_work_keeps_to_its_width() -> None:
    agenda, held, ran = Agenda(), Held(), list[str]()
    for name in "ab":
        agenda.add(held.task(name), due_at=START, lane="a", width=2)
    with at_work(agenda, held, 2):
        agenda.drop("a")
        agenda.add(lambda: ran.append("new"), due_at=START, lane="a", width=2)
        assert not agenda.run_next(START)

    assert agenda.run_due(START) == 1
    assert ran == ["new"]


def test_a_closed_agenda_forgets_what_waits_in_a_wide_lane_at_work() -> None:
    agenda, held = Agenda(), Held()
    for name in "abc":
        agenda.add(held.task(name), due_at=START, lane="a", width=2)
    with at_work(agenda, held, 2):
        agenda.close()

    assert agenda.run_due(at(9)) == 0


# --- wakes ---------------------------------------------------------------------------------------


class Woken:
    """An agenda that notes, in seconds, when it wants to be woken."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.agenda = Agenda(self._note)

    def _note(self, _agenda: Agenda, due_at: datetime, _number: int) -> None:
        self.seconds.append((due_at - START).total_seconds())

    def fill_two_places(self, second: Callable[[], None]) -> None:
        """Run `second` while it and another task take both places of a lane; then free them."""

        def first() -> None:
            assert self.agenda.run_next(START)

        for task in (first, second):
            self.agenda.add(task, due_at=START, lane="a", width=2)
        self.agenda.run_next(START)

    def add(self, *seconds: float, width: int = 1) -> None:
        for second in seconds:
            self.agenda.add(nothing, due_at=at(second), lane="a", width=width)


def test_each_task_of_a_wide_lane_that_is_free_wakes_a_thread() -> None:
    woken = Woken()
    woken.add(5, 7, 3, 7, width=2)

    assert woken.seconds == [5, 7, 3, 7]


def test_a_full_lane_wakes_nobody_until_a_place_is_free() -> None:
    woken = Woken()
    seen: list[list[float]] = []

    def second() -> None:
        woken.seconds.clear()
        woken.add(1, 2, width=2)
        seen.append(list(woken.seconds))

    woken.fill_two_places(second)

    assert seen == [[]]
    assert woken.seconds[0] == 1


def test_places_that_become_free_wake_for_as_many_tasks() -> None:
    """Both places are taken when two retries are planned; each wants a thread at its time."""
    woken = Woken()

    def second() -> None:
        woken.seconds.clear()
        woken.add(5, 6, width=2)

    woken.fill_two_places(second)

    assert {5, 6} <= set(woken.seconds)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        pytest.param(1, [1], id="narrow"),
        pytest.param(2, [1, 2], id="of two"),
        pytest.param(9, [1, 2, 3], id="wider than there are tasks"),
    ],
)
def test_waking_all_wakes_for_as_many_as_can_be_at_work(width: int, expected: list[float]) -> None:
    woken = Woken()
    woken.add(3, 1, 2, width=width)
    woken.seconds.clear()
    woken.agenda.wake_all()

    assert woken.seconds == expected


def test_waking_all_leaves_out_what_is_at_work() -> None:
    woken, seen = Woken(), list[float]()

    def task() -> None:
        woken.seconds.clear()
        woken.agenda.wake_all()
        seen.extend(woken.seconds)

    woken.agenda.add(task, due_at=START, lane="a", width=2)
    woken.add(1, 2, 3, width=2)
    woken.agenda.run_next(START)

    assert seen == [1]


# --- what is due ---------------------------------------------------------------------------------


def test_what_is_due_next_is_told_with_its_time() -> None:
    agenda = Agenda()
    agenda.add(nothing, due_at=at(5), lane="a", about="the later one")
    agenda.add(nothing, due_at=at(3), lane="b", about="the first one")

    assert agenda.next_due() == Due(at(3), "the first one")
    assert agenda.next_due_at() == at(3)
    agenda.run_due(at(3))
    assert agenda.next_due() == Due(at(5), "the later one")


def test_when_nothing_is_due_there_is_nothing_to_tell() -> None:
    agenda = Agenda()
    assert agenda.next_due() is None
    assert agenda.next_due_at() is None


def test_what_waits_for_a_lane_at_work_is_not_due() -> None:
    agenda, seen = Agenda(), list[Due | None]()
    agenda.add(lambda: seen.append(agenda.next_due()), due_at=START, lane="a")
    agenda.add(nothing, due_at=START, lane="a", about="the next of the lane")
    agenda.add(nothing, due_at=at(7), lane="b", about="another lane's")
    agenda.run_next(START)

    assert seen == [Due(at(7), "another lane's")]
    assert agenda.next_due() == Due(START, "the next of the lane")


def test_what_waits_for_a_wide_lane_with_a_place_is_due() -> None:
    agenda, seen = Agenda(), list[Due | None]()
    agenda.add(lambda: seen.append(agenda.next_due()), due_at=START, lane="a", width=2)
    agenda.add(nothing, due_at=at(1), lane="a", about="the next of the lane", width=2)
    agenda.run_next(START)

    assert seen == [Due(at(1), "the next of the lane")]


def test_a_task_is_called_a_task_unless_it_says_what_it_is() -> None:
    agenda = Agenda()
    agenda.add(nothing, due_at=START, lane="a")

    assert agenda.next_due() == Due(START, "a task")
