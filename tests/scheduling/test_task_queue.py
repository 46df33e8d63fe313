"""The task queue: due order, lanes of any width, cancelling, bringing forward."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.scheduling.task_queue import Task, TaskQueue
from tests.scheduling.tasks import nothing

START = datetime(2026, 6, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def add(
    queue: TaskQueue,
    ran: list[str],
    name: str,
    second: float = 0,
    *,
    lane: str = "a",
    width: int = 1,
) -> Task:
    """Add a task that appends its name to `ran`."""
    task = Task(run=lambda: ran.append(name), due_at=at(second), lane=lane, about=name)
    return queue.add(task, width=width)


def run_due(queue: TaskQueue, now: datetime) -> int:
    """Run every due task, one after the other."""
    count = 0
    while (task := queue.first()) is not None and task.due_at <= now:
        queue.take(task)
        task.run()
        queue.finish(task)
        count += 1
    return count


def begin(queue: TaskQueue, count: int) -> list[Task]:
    """Begin that many tasks and end none."""
    taken = []
    for _ in range(count):
        task = queue.first()
        assert task is not None
        taken.append(queue.take(task))
    return taken


def test_tasks_of_all_lanes_run_in_due_order() -> None:
    queue, ran = TaskQueue(), list[str]()
    for lane, second in [("a", 3), ("b", 1), ("a", 2), ("c", 0)]:
        add(queue, ran, str(second), second, lane=lane)
    assert run_due(queue, at(9)) == 4
    assert ran == ["0", "1", "2", "3"]


def test_tasks_due_at_the_same_time_run_in_the_order_of_arrival() -> None:
    queue, ran = TaskQueue(), list[str]()
    for number in range(5):
        add(queue, ran, str(number))
    run_due(queue, START)
    assert ran == ["0", "1", "2", "3", "4"]


def test_a_task_is_first_before_it_is_due() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "later", 1)
    assert run_due(queue, at(0.999)) == 0
    first = queue.first()
    assert first is not None
    assert (first.due_at, first.about) == (at(1), "later")


def test_an_empty_queue_has_no_first_task() -> None:
    assert TaskQueue().first() is None


def test_a_running_lane_does_not_stop_another() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "first")
    add(queue, ran, "same lane")
    add(queue, ran, "other lane", lane="b")
    (first,) = begin(queue, 1)
    assert run_due(queue, START) == 1
    queue.finish(first)
    run_due(queue, START)
    assert ran == ["other lane", "same lane"]


@pytest.mark.parametrize("width", [1, 2, 3, 9])
def test_a_lane_runs_as_many_tasks_at_a_time_as_it_is_wide(width: int) -> None:
    queue, ran = TaskQueue(), list[str]()
    for name in "abcd":
        add(queue, ran, name, width=width)
    taken = begin(queue, min(width, 4))
    assert queue.first() is None
    assert [task.about for task in taken] == list("abcd")[:width]
    queue.finish(taken[0])
    following = queue.first()
    assert (following is not None) == (width < 4)


def test_the_width_is_that_of_the_latest_task() -> None:
    queue, ran = TaskQueue(), list[str]()
    for name, width in (("a", 3), ("b", 3), ("c", 1)):
        add(queue, ran, name, width=width)
    begin(queue, 1)
    assert queue.first() is None


def test_tasks_of_a_wide_lane_begin_in_due_order() -> None:
    queue, ran = TaskQueue(), list[str]()
    for second in (3, 1, 2):
        add(queue, ran, str(second), second, width=2)
    assert [task.about for task in begin(queue, 2)] == ["1", "2"]


def test_a_full_lane_lets_another_one_come_first() -> None:
    queue, ran = TaskQueue(), list[str]()
    for name in "abc":
        add(queue, ran, name, width=2)
    add(queue, ran, "other", 7, lane="b")
    begin(queue, 2)
    first = queue.first()
    assert first is not None
    assert first.about == "other"


def test_a_dropped_lane_is_empty_and_takes_new_tasks() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "old")
    queue.drop("a")
    assert queue.first() is None
    add(queue, ran, "new")
    run_due(queue, START)
    assert ran == ["new"]


def test_a_running_lane_keeps_its_width_when_it_is_dropped() -> None:
    queue, ran = TaskQueue(), list[str]()
    for name in "abcd":
        add(queue, ran, name, width=2)
    taken = begin(queue, 2)
    queue.drop("a")
    add(queue, ran, "new", width=2)
    assert queue.first() is None
    for task in taken:
        queue.finish(task)
    assert run_due(queue, START) == 1
    assert ran == ["new"]


def test_a_closed_queue_accepts_no_task() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "before")
    queue.close()
    assert add(queue, ran, "after").is_cancelled
    assert run_due(queue, at(9)) == 0


# --- cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_cancelled_task_does_not_run_and_the_others_do(which: int) -> None:
    queue, ran = TaskQueue(), list[str]()
    tasks = [add(queue, ran, name, second) for second, name in enumerate("abc")]
    queue.cancel(tasks[which])
    run_due(queue, at(9))
    assert ran == [name for name in "abc" if name != "abc"[which]]


def test_a_taken_task_cannot_be_cancelled() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "a")
    (task,) = begin(queue, 1)
    queue.cancel(task)
    assert not task.is_cancelled


def test_a_task_can_be_cancelled_twice() -> None:
    queue, ran = TaskQueue(), list[str]()
    task = add(queue, ran, "a")
    queue.cancel(task)
    queue.cancel(task)
    assert queue.first() is None


def test_cancelled_tasks_do_not_pile_up() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "the last", 1_000_000)
    for number in range(1000):
        queue.cancel(add(queue, ran, "cancelled", 10 + number))
    assert len(queue._lanes["a"].tasks) < 200
    assert run_due(queue, at(1_000_000)) == 1


# --- bringing forward -----------------------------------------------------------------------------


def three_tasks(queue: TaskQueue, ran: list[str]) -> dict[str, Task]:
    return {
        name: add(queue, ran, name, second)
        for name, second in [("late", 60), ("first", 0), ("second", 0)]
    }


def test_a_task_brought_forward_runs_before_later_arrivals() -> None:
    queue, ran = TaskQueue(), list[str]()
    tasks = three_tasks(queue, ran)
    queue.bring_forward(tasks["late"], due_at=START)
    assert run_due(queue, START) == 3
    assert ran == ["late", "first", "second"]
    assert queue.first() is None


def test_the_first_task_of_a_lane_can_be_brought_forward() -> None:
    queue, ran = TaskQueue(), list[str]()
    task = add(queue, ran, "a", 60)
    add(queue, ran, "b", 30, lane="b")
    queue.bring_forward(task, due_at=at(10))
    assert queue.first() is task
    run_due(queue, at(60))
    assert ran == ["a", "b"]


def test_bringing_a_task_forward_never_delays_it() -> None:
    queue, ran = TaskQueue(), list[str]()
    tasks = three_tasks(queue, ran)
    queue.bring_forward(tasks["first"], due_at=at(5))
    run_due(queue, START)
    assert ran == ["first", "second"]


def test_a_finished_task_cannot_be_brought_forward() -> None:
    queue, ran = TaskQueue(), list[str]()
    tasks = three_tasks(queue, ran)
    run_due(queue, at(60))
    queue.bring_forward(tasks["first"], due_at=START)
    assert run_due(queue, at(60)) == 0


def test_a_waiting_task_is_offered_once() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "last", 3600)
    for _ in range(100):
        add(queue, ran, "now")
        run_due(queue, START)
    assert len(queue._heads) == 1
    assert run_due(queue, at(3600)) == 1


def test_a_lane_can_be_skipped() -> None:
    queue, ran = TaskQueue(), list[str]()
    add(queue, ran, "a", lane="a")
    add(queue, ran, "b", 1, lane="b")
    first = queue.first(unless=lambda task: task.lane == "a")
    assert first is not None
    assert first.about == "b"
    assert run_due(queue, at(9)) == 2


# --- any order ------------------------------------------------------------------------------------


class Model:
    """A queue, and the first task that it should have, worked out from its tasks alone."""

    def __init__(self) -> None:
        self.queue = TaskQueue()
        self.tasks: list[Task] = []
        self.running: list[Task] = []
        self.widths: dict[object, int] = {}

    def expected(self) -> Task | None:
        waiting = [one for one in self.tasks if not one.is_taken and not one.is_cancelled]
        first_of = {
            lane: min((t for t in waiting if t.lane == lane), default=None) for lane in "abc"
        }
        return min(
            (
                task
                for lane, task in first_of.items()
                if task is not None
                and sum(one.lane == lane for one in self.running) < self.widths[lane]
            ),
            default=None,
        )

    def add(self, lane: str, second: int, width: int) -> None:
        self.widths[lane] = width
        task = Task(run=nothing, due_at=at(second), lane=lane)
        self.tasks.append(self.queue.add(task, width=width))

    def cancel(self, which: int) -> None:
        if self.tasks:
            self.queue.cancel(self.tasks[which % len(self.tasks)])

    def forward(self, which: int, second: int) -> None:
        if self.tasks:
            self.queue.bring_forward(self.tasks[which % len(self.tasks)], due_at=at(second))

    def take(self) -> None:
        task = self.queue.first()
        if task is not None:
            self.running.append(self.queue.take(task))

    def finish(self, which: int) -> None:
        if self.running:
            self.queue.finish(self.running.pop(which % len(self.running)))


number, second = st.integers(0, 30), st.integers(0, 20)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), second, st.integers(1, 4)),
        st.tuples(st.just("cancel"), number),
        st.tuples(st.just("forward"), number, second),
        st.tuples(st.just("take")),
        st.tuples(st.just("finish"), number),
    ),
    max_size=80,
)


@given(steps)
def test_any_sequence_of_calls_runs_each_task_once_in_due_order(
    steps: list[tuple[object, ...]],
) -> None:
    model = Model()
    for name, *arguments in steps:
        getattr(model, str(name))(*arguments)
        assert model.queue.first() is model.expected()
    while model.running:
        model.finish(0)
    run_due(model.queue, at(99))
    assert all(task.is_taken != task.is_cancelled for task in model.tasks)
