"""An advance: which tasks belong to it, in which order, and when the clock moves on.

The scheduler holds its lock whenever it asks, and decides which thread runs a task.
"""

import threading
from collections.abc import Hashable, Mapping
from datetime import datetime

from mock_sendpilot.errors import AdvanceTimedOut, InvalidInput
from mock_sendpilot.scheduling.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.task_queue import Task, TaskQueue


class Advance:
    """An advance of a clock that is held, over a queue of tasks.

    To it belong all tasks that were queued before the clock moved to the moment it shows, those
    that its own tasks add since, and what receivers change in reaction. What others add since is
    left to them.

    Args:
        target: what the clock shows at the end.
        deadline: when it must be over, in seconds of real time.
        max_rounds: how often tasks may cause more tasks at the same moment, and those more again.
        max_reaction_depth: how many reactions to reactions of receivers belong to it.

    Attributes:
        task_count: how many tasks it has begun.
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
        self._cutoff = 0  # tasks with a lower number were queued before this moment
        self._depths: dict[int, int] = {}  # of later ones that belong to it, by their number
        self._left_lanes: set[Hashable] = set()  # where something of others waits
        self._round_end = 0
        self._round_count = 0

    @property
    def has_reached_target(self) -> bool:
        """Return whether the clock shows the target."""
        return self._clock.now() >= self._target

    def begin_moment(self) -> None:
        """Count all that is queued by now to the advance."""
        self._cutoff = self._round_end = self._queue.next_order
        self._round_count = 0
        self._depths.clear()
        self._left_lanes.clear()

    def move_to_target(self) -> None:
        """Let the clock show the target, once nothing is left before it."""
        self._clock.move_to(self._target)
        self.begin_moment()

    def next_task(self, *, is_running: bool) -> Task | None:
        """Return the task that can begin now, if need be at a later moment.

        Args:
            is_running: some task has begun and not ended. Then only attempts of other endpoints at
                the same moment can begin: what is due later, and what the world does, waits for
                the outcome.
        """
        if self._round_count > self._max_rounds:
            return None
        task = self._queue.first(unless=lambda head: not self._has_own_in_lane_of(head))
        if task is None or not is_running:
            return task
        return task if task.is_attempt and task.due_at <= self._clock.now() else None

    def begin(self, task: Task) -> None:
        """Note that a task begins, and move the clock to its time."""
        self.task_count += 1
        if task.due_at > self._clock.now():
            self._clock.move_to(task.due_at)
            self.begin_moment()
        elif task.order >= self._round_end:
            self._round_count += 1
            self._round_end = self._queue.next_order

    def include(self, task: Task, running: Mapping[int, Task]) -> None:
        """Count a new task to the advance, if one of its tasks has caused it.

        Args:
            task: has just been queued, by the calling thread.
            running: the tasks that run, by their threads.
        """
        cause = running.get(threading.get_ident())
        if cause is not None:
            self._depths[task.order] = self._depth(cause)
            return
        # Others have queued it. It may be a reaction of a receiver, if one has just a webhook about
        # the same thing; there is no way to know. A lane in which something of others waits takes
        # no more of them: so an advance ends although others keep changing things.
        causes = [one for one in running.values() if _may_cause(one, task)]
        depth = 1 + max(map(self._depth, causes), default=self._max_reaction_depth)
        if depth <= self._max_reaction_depth and task.lane not in self._left_lanes:
            self._depths[task.order] = depth
        else:
            self._left_lanes.add(task.lane)

    def check_ends(self) -> None:
        """Refuse to go on where tasks cause more tasks at the same moment without end.

        Raises:
            InvalidInput: they have done so too often.
        """
        if self._round_count > self._max_rounds:
            raise InvalidInput(
                "this never ends: what is done while the clock shows "
                f"{iso_milliseconds(self._clock.now())} causes more to be done at that time; the "
                "clock got no further"
            )

    def timed_out(self, running: Mapping[int, Task]) -> AdvanceTimedOut:
        """Return the error that says what is left."""
        left = [task for task in self._queue.waiting() if task.due_at <= self._target]
        return AdvanceTimedOut(
            now=iso_milliseconds(self._clock.now()),
            target=iso_milliseconds(self._target),
            task_count=self.task_count,
            left_count=len(left) + len(running),
            held_up_by=[task.about for task in running.values()],
        )

    def _depth(self, task: Task) -> int:
        """Return how many reactions of receivers lie between the advance and a task."""
        if task.order < self._cutoff:
            return 0
        return self._depths.get(task.order, self._max_reaction_depth + 1)

    def _is_own(self, task: Task) -> bool:
        is_own = task.order < self._cutoff or task.order in self._depths
        return is_own and task.due_at <= self._target

    def _has_own_in_lane_of(self, head: Task) -> bool:
        """Return whether a lane has a task of the advance: what is in front of it runs with it."""
        if self._is_own(head):
            return True
        return any(self._is_own(task) for task in self._queue.waiting_in(head.lane))


def _may_cause(cause: Task, task: Task) -> bool:
    return cause.subject is None or task.subject is None or cause.subject == task.subject
