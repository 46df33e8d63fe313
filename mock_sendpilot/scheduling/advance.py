"""An advance: the tasks that belong to it, their order, and the moves of the clock.

`Scheduler` holds its lock during every call, and decides which thread runs a task.
"""

import threading
from collections.abc import Hashable, Mapping
from datetime import datetime

from mock_sendpilot.errors import AdvanceTimedOut, InvalidInput
from mock_sendpilot.scheduling.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.task_queue import Task, TaskQueue


class Advance:
    """An advance of a held clock over a queue of tasks.

    It owns the tasks that were queued before the clock moved to the moment it shows, those that
    its own tasks have added since, and those that receivers cause in reaction. Tasks that others
    have added since are left to run later.

    Args:
        target: the time that the clock shows at the end.
        deadline: the end of its time limit, in seconds of `SystemClock.running_seconds`.
        max_rounds: how often tasks may cause more tasks at the same moment, and those more again.
        max_reaction_depth: how many reactions to reactions of receivers it owns.

    Attributes:
        task_count: the number of tasks begun.
    """

    def __init__(
        self,
        clock: WorkspaceClock,
        queue: TaskQueue,
        target: datetime,
        *,
        deadline: float,
        max_rounds: int,
        max_reaction_depth: int,
    ) -> None:
        self.deadline = deadline
        self.task_count = 0
        self._clock = clock
        self._queue = queue
        self._target = target
        self._max_rounds = max_rounds
        self._max_reaction_depth = max_reaction_depth
        self._cutoff = 0  # tasks with a lower order were queued before this moment
        self._depths: dict[int, int] = {}  # reaction depths of own tasks above the cutoff, by order
        self._left_lanes: set[Hashable] = set()  # lanes with a task of others
        self._round_end = 0
        self._round_count = 0

    @property
    def has_reached_target(self) -> bool:
        """Return whether the clock shows the target."""
        return self._clock.now() >= self._target

    def begin_moment(self) -> None:
        """Own every task that is queued by now."""
        self._cutoff = self._round_end = self._queue.next_order
        self._round_count = 0
        self._depths.clear()
        self._left_lanes.clear()

    def move_to_target(self) -> None:
        """Move the clock to the target, once no task is left before it."""
        self._clock.move_to(self._target)
        self.begin_moment()

    def next_task(self, *, is_running: bool) -> Task | None:
        """Return the task to begin next, perhaps at a later moment.

        Args:
            is_running: whether a task is running. Then only attempts of other endpoints at the
                same moment can begin: tasks due later, and those of the world, wait for the
                outcome.
        """
        if self._round_count > self._max_rounds:
            return None
        task = self._queue.first(unless=lambda head: not self._has_own_in_lane_of(head))
        if task is None or not is_running:
            return task
        return task if task.is_attempt and task.due_at <= self._clock.now() else None

    def begin(self, task: Task) -> None:
        """Record that a task begins, and move the clock to its time."""
        self.task_count += 1
        if task.due_at > self._clock.now():
            self._clock.move_to(task.due_at)
            self.begin_moment()
        elif task.order >= self._round_end:
            self._round_count += 1
            self._round_end = self._queue.next_order

    def include(self, task: Task, running: Mapping[int, Task]) -> None:
        """Own a new task if a running task has caused it.

        Args:
            task: the task, just queued by the calling thread.
            running: the running tasks by thread id.
        """
        cause = running.get(threading.get_ident())
        if cause is not None:
            self._depths[task.order] = self._depth(cause)
            return
        # Another thread has queued it. It may be the reaction of a receiver that is handling a
        # webhook about the same subject; nobody can know. Once a lane has a task of others, every
        # further one there is left too: so an advance ends although others keep making changes.
        causes = [
            one
            for one in running.values()
            if one.subject is None or task.subject is None or one.subject == task.subject
        ]
        depth = 1 + max(map(self._depth, causes), default=self._max_reaction_depth)
        if depth <= self._max_reaction_depth and task.lane not in self._left_lanes:
            self._depths[task.order] = depth
        else:
            self._left_lanes.add(task.lane)

    def check_ends(self) -> None:
        """Stop tasks that cause more tasks at the same moment without end.

        Raises:
            InvalidInput: there were more rounds than `max_rounds`.
        """
        if self._round_count > self._max_rounds:
            raise InvalidInput(
                "this never ends: what is done while the clock shows "
                f"{iso_milliseconds(self._clock.now())} causes more to be done at that time; the "
                "clock got no further"
            )

    def timed_out(self, running: Mapping[int, Task]) -> AdvanceTimedOut:
        """Return the error that names the tasks left."""
        left = [task for task in self._queue.waiting() if task.due_at <= self._target]
        return AdvanceTimedOut(
            now=iso_milliseconds(self._clock.now()),
            target=iso_milliseconds(self._target),
            task_count=self.task_count,
            left_count=len(left) + len(running),
            held_up_by=[task.about for task in running.values()],
        )

    def _depth(self, task: Task) -> int:
        """Return the number of reactions of receivers between the advance and a task."""
        if task.order < self._cutoff:
            return 0
        return self._depths.get(task.order, self._max_reaction_depth + 1)

    def _is_own(self, task: Task) -> bool:
        is_own = task.order < self._cutoff or task.order in self._depths
        return is_own and task.due_at <= self._target

    def _has_own_in_lane_of(self, head: Task) -> bool:
        """Return whether a lane has an own task; tasks of others in front of it then run too."""
        if self._is_own(head):
            return True
        return any(self._is_own(task) for task in self._queue.waiting_in(head.lane))
