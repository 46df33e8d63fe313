"""A queue of tasks in lanes, each task with the time at which it is due.

Tasks of one lane run one after the other, by due time and then by arrival, unless the lane is
wider. Lanes do not wait for each other. The queue has no lock and no thread of its own:
`Scheduler` guards it and decides which thread runs a task.
"""

import heapq
from collections.abc import Callable, Hashable, Iterator
from dataclasses import field
from datetime import datetime

from mock_sendpilot.lazy_dataclass import dataclass

_MAX_CANCELLED = 64
"""A lane may keep this many cancelled tasks before they are removed from its heap."""


@dataclass(slots=True, order=True, kw_only=True)
class Task:
    """A task.

    Attributes:
        due_at: the time at which it is due, by the workspace's clock.
        order: its number, which the queue gives it; tasks due at the same time run in this order.
        run: the work.
        lane: the lane; tasks of one lane wait for each other.
        about: a description for people.
        is_attempt: whether it waits for a webhook receiver, so that a worker should run it.
        subject: the id of what it concerns, such as a lead; None stands for anything.
        is_cancelled: whether it never runs.
        is_taken: whether it has begun.
        is_head: whether the queue has it in its heap of heads.
    """

    due_at: datetime
    order: int = -1
    run: Callable[[], object] = field(compare=False)
    lane: Hashable = field(compare=False)
    about: str = field(compare=False, default="a task")
    is_attempt: bool = field(compare=False, default=False)
    subject: Hashable = field(compare=False, default=None)
    is_cancelled: bool = field(compare=False, default=False)
    is_taken: bool = field(compare=False, default=False)
    is_head: bool = field(compare=False, default=False)


@dataclass(slots=True)
class _Lane:
    tasks: list[Task] = field(default_factory=list)  # a heap
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

    def drop_cancelled(self) -> None:
        if self.cancelled_count > max(_MAX_CANCELLED, len(self.tasks) // 2):
            self.tasks = [task for task in self.tasks if not task.is_cancelled]
            heapq.heapify(self.tasks)
            self.cancelled_count = 0


class TaskQueue:
    """The tasks of one workspace.

    Attributes:
        next_order: the `order` that the next task will have.
    """

    __slots__ = ("_heads", "_is_closed", "_lanes", "next_order")

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane] = {}
        # A heap of the first task of each free lane. An outdated one (it ran, was cancelled, or an
        # earlier task came) stays until it comes up: to search for it each time would cost more.
        self._heads: list[Task] = []
        self.next_order = 0
        self._is_closed = False

    def add(self, task: Task, *, width: int = 1) -> Task:
        """Number a task, queue it, and return it; a closed queue returns it cancelled.

        Args:
            task: a new task.
            width: the number of tasks of its lane that may run at the same time from now on.
        """
        task.order = self.next_order
        self.next_order += 1
        if self._is_closed:
            task.is_cancelled = True
            return task
        lane = self._lanes.setdefault(task.lane, _Lane())
        lane.width = width
        heapq.heappush(lane.tasks, task)
        self._offer(lane)
        return task

    def begin_orders_at(self, order: int) -> None:
        """Give the next task that number, unless it would have a later one."""
        self.next_order = max(order, self.next_order)

    def cancel(self, task: Task) -> None:
        """Make sure that a task never runs, unless it has begun."""
        lane = self._lanes.get(task.lane)
        if lane is None or task.is_taken or task.is_cancelled:
            return
        task.is_cancelled = True
        lane.cancelled_count += 1
        lane.drop_cancelled()
        self._settle(task.lane, lane)

    def bring_forward(self, task: Task, *, due_at: datetime) -> None:
        """Have a waiting task run earlier; a later time is ignored."""
        lane = self._lanes.get(task.lane)
        if lane is None or task.is_taken or task.is_cancelled or task.due_at <= due_at:
            return
        # As the head of its lane it stands at its old place in the heap of heads.
        if task.is_head:
            self._heads.remove(task)
            task.is_head = False
            heapq.heapify(self._heads)
        task.due_at = due_at
        heapq.heapify(lane.tasks)
        self._offer(lane)

    def drop(self, lane_name: Hashable) -> None:
        """Cancel the waiting tasks of a lane; running tasks finish."""
        lane = self._lanes.get(lane_name)
        if lane is None:
            return
        for task in lane.tasks:
            task.is_cancelled = True
        lane.tasks.clear()
        lane.cancelled_count = 0
        self._settle(lane_name, lane)

    def close(self) -> None:
        """Cancel every waiting task, and accept no more."""
        self._is_closed = True
        for name in list(self._lanes):
            self.drop(name)

    # --- running ------------------------------------------------------------------------------

    def first(self, *, unless: Callable[[Task], bool] | None = None) -> Task | None:
        """Return the first task of all free lanes.

        Args:
            unless: skip a lane if this is true of its first task.
        """
        skipped: list[Task] = []
        found = None
        while found is None and self._heads:
            head = self._heads[0]
            lane = self._lanes.get(head.lane)
            if lane is None or not lane.is_free or lane.first() is not head:
                self._pop_head()
            elif unless is not None and unless(head):
                skipped.append(self._pop_head())
            else:
                found = head
        for head in skipped:
            self._push_head(head)
        return found

    def take(self, task: Task) -> Task:
        """Begin a task that `first` has returned."""
        lane = self._lanes[task.lane]
        heapq.heappop(lane.tasks)
        lane.running_count += 1
        task.is_taken = True
        self._offer(lane)
        return task

    def finish(self, task: Task) -> None:
        """End a task that was taken, so that its lane has room for another one."""
        lane = self._lanes[task.lane]
        lane.running_count -= 1
        self._settle(task.lane, lane)

    def waiting(self) -> Iterator[Task]:
        """Iterate over all waiting tasks, in no order."""
        for lane in self._lanes.values():
            yield from (task for task in lane.tasks if not task.is_cancelled)

    def waiting_in(self, lane_name: Hashable) -> Iterator[Task]:
        """Iterate over the waiting tasks of a lane, in no order."""
        lane = self._lanes.get(lane_name)
        if lane is not None:
            yield from (task for task in lane.tasks if not task.is_cancelled)

    def upcoming(self, count: int) -> list[Task]:
        """Return the waiting tasks that are due first, in order; it looks at few of many."""
        # In a heap the first N are among the first 2 ** N - 1 of its list.
        candidates = (task for lane in self._lanes.values() for task in lane.tasks[: 2**count - 1])
        return heapq.nsmallest(count, (task for task in candidates if not task.is_cancelled))

    # --- heads --------------------------------------------------------------------------------

    def _settle(self, name: Hashable, lane: _Lane) -> None:
        """Remove a lane that is empty, or offer its first task."""
        if lane.first() is None and not lane.running_count:
            self._lanes.pop(name, None)
        else:
            self._offer(lane)

    def _offer(self, lane: _Lane) -> None:
        """Make the first task of a free lane available to `first`."""
        first = lane.first()
        if first is not None and lane.is_free and not first.is_head:
            self._push_head(first)

    def _push_head(self, task: Task) -> None:
        task.is_head = True
        heapq.heappush(self._heads, task)

    def _pop_head(self) -> Task:
        head = heapq.heappop(self._heads)
        head.is_head = False
        return head
