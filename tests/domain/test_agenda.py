"""The agenda: due order, lanes, and what can run when."""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.domain.agenda import Agenda

START = datetime(2026, 6, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_tasks_run_in_due_order_whatever_their_lane() -> None:
    agenda, ran = Agenda(), []
    for lane, second in [("a", 3), ("b", 1), ("a", 2), ("c", 0)]:
        agenda.add(lambda second=second: ran.append(second), due_at=at(second), lane=lane)  # type: ignore[misc]
    assert agenda.run_due(at(9)) == 4
    assert ran == [0, 1, 2, 3]


def test_tasks_that_are_due_at_the_same_time_run_in_the_order_they_came() -> None:
    agenda, ran = Agenda(), []
    for number in range(5):
        agenda.add(lambda number=number: ran.append(number), due_at=START, lane="a")  # type: ignore[misc]
    agenda.run_due(START)
    assert ran == [0, 1, 2, 3, 4]


def test_what_is_not_due_does_not_run() -> None:
    agenda = Agenda()
    agenda.add(lambda: None, due_at=at(1), lane="a")
    assert agenda.run_due(at(0.999)) == 0
    assert agenda.next_due_at() == at(1)


def test_a_lane_at_work_does_not_stop_another() -> None:
    agenda, ran = Agenda(), []

    def first() -> None:
        agenda.run_next(START)
        ran.append("first ends")

    agenda.add(first, due_at=START, lane="a")
    agenda.add(lambda: ran.append("same lane"), due_at=START, lane="a")
    agenda.add(lambda: ran.append("other lane"), due_at=START, lane="b")
    agenda.run_due(START)
    assert ran == ["other lane", "first ends", "same lane"]


def test_a_task_that_fails_frees_its_lane() -> None:
    agenda, ran = Agenda(), []
    agenda.add(lambda: 1 / 0, due_at=START, lane="a")  # type: ignore[arg-type]
    agenda.add(lambda: ran.append("next"), due_at=START, lane="a")
    try:
        agenda.run_next(START)
    except ZeroDivisionError:
        ran.append("failed")
    agenda.run_due(START)
    assert ran == ["failed", "next"]


def test_a_dropped_lane_is_empty_and_takes_new_tasks() -> None:
    agenda, ran = Agenda(), []
    agenda.add(lambda: ran.append("old"), due_at=START, lane="a")
    agenda.drop("a")
    assert agenda.next_due_at() is None
    agenda.add(lambda: ran.append("new"), due_at=START, lane="a")
    agenda.run_due(START)
    assert ran == ["new"]


def test_a_closed_agenda_takes_nothing() -> None:
    agenda = Agenda()
    agenda.add(lambda: None, due_at=START, lane="a")
    agenda.close()
    agenda.add(lambda: None, due_at=START, lane="a")
    assert agenda.run_due(at(9)) == 0


def test_it_wakes_for_each_new_first_task_of_a_lane() -> None:
    woken: list[datetime] = []
    agenda = Agenda(lambda _agenda, due_at, _number: woken.append(due_at))
    for second in (5, 7, 3):
        agenda.add(lambda: None, due_at=at(second), lane="a")
    assert woken == [at(5), at(3)]
    agenda.run_due(at(3))
    assert woken == [at(5), at(3), at(5)]


def test_no_lock_is_held_while_a_task_runs() -> None:
    agenda = Agenda()
    added = threading.Event()

    def add() -> None:
        agenda.add(lambda: None, due_at=at(9), lane="b")
        added.set()

    def task() -> None:
        thread = threading.Thread(target=add)
        thread.start()
        assert added.wait(5)
        thread.join()

    agenda.add(task, due_at=START, lane="a")
    agenda.run_due(START)
    assert agenda.next_due_at() == at(9)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), max_size=60))
def test_any_tasks_run_once_each_and_never_before_their_time(tasks: list[tuple[str, int]]) -> None:
    agenda, ran = Agenda(), []
    for number, (lane, second) in enumerate(tasks):
        entry = (second, number)
        agenda.add(lambda entry=entry: ran.append(entry), due_at=at(second), lane=lane)  # type: ignore[misc]
    for second in range(21):
        agenda.run_due(at(second))
        assert all(due <= second for due, _ in ran)
    assert ran == sorted((second, number) for number, (_, second) in enumerate(tasks))


def _three_tasks(agenda: Agenda, ran: list[str]) -> dict[str, int]:
    return {
        name: agenda.add(
            lambda name=name: ran.append(name),  # type: ignore[misc]
            due_at=at(second),
            lane="a",
        )
        for name, second in [("late", 60), ("first", 0), ("second", 0)]
    }


def test_a_task_that_is_brought_forward_runs_before_what_came_after_it() -> None:
    agenda, ran = Agenda(), list[str]()
    numbers = _three_tasks(agenda, ran)
    agenda.bring_forward(numbers["late"], lane="a", due_at=START)
    assert agenda.run_due(START) == 3
    assert ran == ["late", "first", "second"]
    assert agenda.next_due_at() is None


def test_a_task_is_not_put_off_by_bringing_it_forward() -> None:
    agenda, ran = Agenda(), list[str]()
    numbers = _three_tasks(agenda, ran)
    agenda.bring_forward(numbers["first"], lane="a", due_at=at(5))
    agenda.run_due(START)
    assert ran == ["first", "second"]


@pytest.mark.parametrize("lane", ["a", "another"])
def test_a_task_that_has_run_cannot_be_brought_forward(lane: str) -> None:
    agenda, ran = Agenda(), list[str]()
    numbers = _three_tasks(agenda, ran)
    agenda.run_due(at(60))
    agenda.bring_forward(numbers["first"], lane=lane, due_at=START)
    assert agenda.run_due(at(60)) == 0


def test_somebody_is_woken_for_what_is_brought_forward() -> None:
    woken: list[datetime] = []
    agenda = Agenda(lambda _agenda, due_at, _number: woken.append(due_at))
    number = agenda.add(lambda: None, due_at=at(60), lane="a")
    agenda.bring_forward(number, lane="a", due_at=at(1))
    assert woken == [at(60), at(1)]


def test_a_task_that_waits_is_not_put_up_anew_for_each_that_runs_before_it() -> None:
    agenda = Agenda()
    agenda.add(lambda: None, due_at=at(3600), lane="a")
    for _ in range(100):
        agenda.add(lambda: None, due_at=START, lane="a")
        agenda.run_due(START)
    assert len(agenda._heads) == 1
    assert agenda.run_due(at(3600)) == 1


def test_no_task_begins_once_that_is_forbidden() -> None:
    agenda = Agenda()
    agenda.add(lambda: None, due_at=START, lane="a")
    assert not agenda.run_next(START, unless=lambda: True)
    assert agenda.run_next(START, unless=lambda: False)


@pytest.mark.parametrize("end", ["drop", "close"])
def test_who_waits_for_idle_hears_of_what_is_forgotten(end: str) -> None:
    agenda = Agenda()
    agenda.add(lambda: None, due_at=START, lane="a")
    idle: list[bool] = []
    waiting = threading.Thread(
        target=lambda: idle.append(agenda.wait_until_idle(lambda: START, within_seconds=10))
    )
    waiting.start()
    agenda.drop("a") if end == "drop" else agenda.close()
    waiting.join(5)
    assert idle == [True]
