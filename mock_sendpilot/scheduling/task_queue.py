"""A queue of tasks, each with the time at which it falls due, in lanes.

Tasks of one lane run one after the other, by due time and then by arrival, unless the lane is
wider. Lanes do not wait for each other. The queue has no lock and no thread of its own:
`Scheduler` guards it and decides which thread runs a task.
"""

import heapq
import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

_MIN_CANCELLED = 64
"""So many cancelled tasks may stay in a lane before it is tidied."""


@dataclass(slots=True, order=True)
class Task:
    """One thing to do.

    Attributes:
        due_at: when, by the workspace's clock.
        order: its number among all tasks of the queue; ties of `due_at` run in this order.
        run: does it.
        lane: tasks of one lane wait for each other.
        about: what it is, for people.
        is_attempt: it waits for somebody else's answer, so a thread of its own may run it.
        subject: what it concerns, such as a lead; None is anything.
    """

    due_at: datetime
    order: int
    run: Callable[[], object] = field(compare=False)
    lane: Hashable = field(compare=False)
    about: str = field(compare=False)
    is_attempt: bool = field(compare=False, default=False)
    subject: Hashable = field(compare=False, default=None)
    is_cancelled: bool = field(compare=False, default=False)
    is_taken: bool = field(compare=False, default=False)


@dataclass(slots=True)
class _Lane:
    tasks: list[Task] = field(default_factory=list)
    """A heap."""
    width: int = 1
    running_count: int = 0
    cancelled_count: int = 0

    @property
    def is_free(self) -> bool:
        return self.running_count < self.width

    def first(self) -> Task | None:
        while self.tasks and self.tasks[0].is_cancelled:
            heapq.heappop(self.tasks)
            self.cancelled_count -= 1
        return self.tasks[0] if self.tasks else None

    def tidy(self) -> None:
        if self.cancelled_count > max(_MIN_CANCELLED, len(self.tasks) // 2):
            self.tasks = [task for task in self.tasks if not task.is_cancelled]
            heapq.heapify(self.tasks)
            self.cancelled_count = 0


class TaskQueue:
    """The tasks of one workspace.

    Attributes:
        next_order: the `order` that the next task will have.
    """

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane] = {}
        # The first task of each lane that is free. One that is outdated (it ran, was cancelled, or
        # an earlier one came) is passed over when it comes up.
        self._heads: list[Task] = []
        self._head_orders: set[int] = set()  # so that no task is there twice
        self._orders = itertools.count()
        self.next_order = 0
        self._is_closed = False

    def add(
        self,
        run: Callable[[], object],
        *,
        due_at: datetime,
        lane: Hashable,
        about: str = "a task",
        width: int = 1,
        is_attempt: bool = False,
        subject: Hashable = None,
    ) -> Task:
        """Add a task. A closed queue takes none: the task then counts as cancelled.

        Args:
            run: what is to be done.
            due_at: when, by the clock of the workspace.
            lane: tasks of the same lane wait for each other.
            about: what it is, for people.
            width: how many tasks of the lane may run at one time, from now on.
            is_attempt: it waits for somebody else's answer.
            subject: what it concerns; None is anything.
        """
        task = Task(due_at, next(self._orders), run, lane, about, is_attempt, subject)
        self.next_order = task.order + 1
        if self._is_closed:
            task.is_cancelled = True
            return task
        waiting = self._lanes.setdefault(lane, _Lane())
        waiting.width = width
        heapq.heappush(waiting.tasks, task)
        self._offer(waiting)
        return task

    def cancel(self, task: Task) -> None:
        """Make sure that a task never runs, unless it has begun."""
        lane = self._lanes.get(task.lane)
        if lane is None or task.is_taken or task.is_cancelled:
            return
        task.is_cancelled = True
        lane.cancelled_count += 1
        lane.tidy()
        self._settle(task.lane, lane)

    def bring_forward(self, task: Task, *, due_at: datetime) -> None:
        """Have a waiting task run earlier; it is never put off."""
        lane = self._lanes.get(task.lane)
        if lane is None or task.is_taken or task.is_cancelled or task.due_at <= due_at:
            return
        # Where it is a lane's head, the heap of heads holds it at its old place.
        if task.order in self._head_orders:
            self._heads.remove(task)
            self._head_orders.discard(task.order)
            heapq.heapify(self._heads)
        task.due_at = due_at
        heapq.heapify(lane.tasks)
        self._offer(lane)

    def drop(self, lane_name: Hashable) -> None:
        """Cancel the waiting tasks of a lane; those that run go on."""
        lane = self._lanes.get(lane_name)
        if lane is None:
            return
        for task in lane.tasks:
            task.is_cancelled = True
        lane.tasks.clear()
        lane.cancelled_count = 0
        self._settle(lane_name, lane)

    def close(self) -> None:
        """Cancel everything and take nothing more."""
        self._is_closed = True
        for name in list(self._lanes):
            self.drop(name)

    # --- running ------------------------------------------------------------------------------

    def first(self, *, unless: Callable[[Task], bool] | None = None) -> Task | None:
        """Return the task that can run next, of all lanes that are free.

        Args:
            unless: passes over the lane of a first task for which it is true.
        """
        passed: list[Task] = []
        found = None
        while found is None and self._heads:
            head = self._heads[0]
            lane = self._lanes.get(head.lane)
            if lane is None or not lane.is_free or lane.first() is not head:
                self._pop_head()
            elif unless is not None and unless(head):
                passed.append(self._pop_head())
            else:
                found = head
        for head in passed:
            self._push_head(head)
        return found

    def take(self, task: Task) -> Task:
        """Begin with a task that `first` has returned."""
        lane = self._lanes[task.lane]
        heapq.heappop(lane.tasks)
        lane.running_count += 1
        task.is_taken = True
        self._offer(lane)
        return task

    def finish(self, task: Task) -> None:
        """End a task that was taken: its lane has room for another one."""
        lane = self._lanes[task.lane]
        lane.running_count -= 1
        self._settle(task.lane, lane)

    def waiting(self) -> Iterator[Task]:
        """Iterate over all tasks that wait, in no order."""
        for lane in self._lanes.values():
            yield from (task for task in lane.tasks if not task.is_cancelled)

    def waiting_in(self, lane_name: Hashable) -> Iterator[Task]:
        """Iterate over the tasks that wait in a lane, in no order."""
        lane = self._lanes.get(lane_name)
        if lane is not None:
            yield from (task for task in lane.tasks if not task.is_cancelled)

    # --- heads --------------------------------------------------------------------------------

    def _settle(self, name: Hashable, lane: _Lane) -> None:
        """Forget a lane that is empty, or let its first task be found."""
        if lane.first() is None and not lane.running_count:
            self._lanes.pop(name, None)
        else:
            self._offer(lane)

    def _offer(self, lane: _Lane) -> None:
        """Let the first task of a lane that is free be found."""
        first = lane.first()
        if first is not None and lane.is_free and first.order not in self._head_orders:
            self._push_head(first)

    def _push_head(self, task: Task) -> None:
        self._head_orders.add(task.order)
        heapq.heappush(self._heads, task)

    def _pop_head(self) -> Task:
        head = heapq.heappop(self._heads)
        self._head_orders.discard(head.order)
        return head
