"""The scheduler of a workspace: it runs the tasks of its queue when they are due by its clock.

While the clock runs, the threads of `Workers` run the tasks that are due. While it is frozen,
tasks run only during an `advance`: the calling thread moves the clock from one due time to the next
and runs the tasks of the world. Attempts of webhooks wait for their receivers, so the workers run
them, those of different endpoints at the same time.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta, timezone
from typing import Protocol

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.advance import Advance
from mock_sendpilot.scheduling.clock import SystemClock, WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from mock_sendpilot.scheduling.task_queue import Task, TaskQueue

FIRST_MOMENT = datetime(1970, 1, 2, tzinfo=timezone.utc)
"""The earliest start of a clock: event ids and signatures count the time since 1970."""
AT_ONCE = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""A time in the past of every system clock: look for a task now."""
LAST_MOMENT = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""The end of every clock, early enough for tasks planned from there to have a date."""
ADVANCE_TIMEOUT_SECONDS = 60.0
MAX_ADVANCE_SECONDS = 3600.0
"""The longest real time that the control API and the command line give an advance."""
MAX_ROUNDS = 1000
MAX_REACTION_DEPTH = 2
MAX_WAIT_SECONDS = 5.0
_logger = logging.getLogger(__name__)


class TaskRunner(Protocol):
    """Threads that run the tasks of schedulers."""

    def wake(self, scheduler: "Scheduler") -> bool:
        """Have a thread look for a task that is due; return whether one will."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """The time of the next task, and its description."""

    at: datetime
    about: str


class Scheduler:
    """The scheduler of one workspace. Every method may be called from any thread.

    Args:
        clock: the clock of the workspace.
        workers: threads for the tasks of a running clock; without them `advance` runs every task.
        max_rounds: how often tasks may cause more tasks at the same moment, and those more again.
        max_reaction_depth: how many reactions of receivers to webhooks, and to the webhooks of
            those reactions, belong to an advance. Deeper ones are left for the next advance.
        max_wait_seconds: how long `advance` waits for tasks that were running before it.
    """

    def __init__(
        self,
        clock: WorkspaceClock,
        workers: TaskRunner | None = None,
        *,
        max_rounds: int = MAX_ROUNDS,
        max_reaction_depth: int = MAX_REACTION_DEPTH,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
    ) -> None:
        self.clock = clock
        self._workers = workers
        self._max_rounds = max_rounds
        self._max_reaction_depth = max_reaction_depth
        self._max_wait_seconds = max_wait_seconds
        self._lock = threading.Lock()
        # Two conditions of one lock, so that a task's end wakes either the threads that wait for
        # idle or the one that advances, and not both.
        self._became_idle = LazyCondition(self._lock)
        self._progressed = LazyCondition(self._lock)
        self._queue = TaskQueue()
        self._running: dict[int, Task] = {}  # by thread id
        self._advance: Advance | None = None
        self._is_watched = True  # until no worker thread could be started
        self._is_closed = False

    def start(self, workers: TaskRunner | None) -> None:
        """Have threads run the tasks from now on that were added before."""
        self._workers = workers
        self._wake()

    def begin_orders_at(self, order: int) -> None:
        """Give the next task that number, or a later one if there are more tasks."""
        with self._lock:
            self._queue.begin_orders_at(order)

    # --- tasks --------------------------------------------------------------------------------

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
        """Queue a task; it runs at `due_at`, or once its lane has room.

        Args:
            run: the work.
            due_at: the time at which it is due, by the clock of the workspace.
            lane: the lane; tasks of one lane wait for each other.
            about: a description for people.
            width: the number of tasks of the lane that may run at the same time from now on.
            is_attempt: whether it waits for a webhook receiver, so that a worker should run it.
            subject: the id of what it concerns; None stands for anything.

        Returns:
            The task; a closed scheduler returns it cancelled.
        """
        task = Task(
            due_at=due_at, run=run, lane=lane, about=about, is_attempt=is_attempt, subject=subject
        )
        with self._lock:
            self._queue.add(task, width=width)
            # Only the first task needs a thread to be woken: the one that takes it looks for more.
            if self._advance is not None:
                self._advance.include(task, self._running)
                is_first = self._next_for_worker() is task
            else:
                is_first = self._queue.first() is task
        if is_first or not self._is_watched:
            self._wake()
        return task

    def cancel(self, task: Task) -> None:
        """Make sure that a task never runs, unless it has begun."""
        with self._lock:
            self._queue.cancel(task)
            self._note_progress()

    def bring_forward(self, task: Task, *, due_at: datetime) -> None:
        """Have a waiting task run earlier; do nothing for any other task or a later time."""
        with self._lock:
            self._queue.bring_forward(task, due_at=due_at)
        self._wake()

    def drop(self, lane: Hashable) -> None:
        """Cancel the waiting tasks of a lane; running tasks finish."""
        with self._lock:
            self._queue.drop(lane)
            self._note_progress()

    def close(self) -> None:
        """Cancel every waiting task, accept no more, and end all waits."""
        with self._lock:
            self._is_closed = True
            self._queue.close()
            self._became_idle.notify_all()
            self._progressed.notify_all()

    @property
    def added_count(self) -> int:
        """The number of tasks ever added."""
        return self._queue.next_order

    def next_due(self) -> Due | None:
        """Return the next task, except those behind a running task of the same lane."""
        with self._lock:
            task = self._queue.first()
            return None if task is None else Due(task.due_at, task.about)

    def upcoming(self, count: int) -> list[Due]:
        """Return the tasks that are due first, in order; those behind a running one included."""
        with self._lock:
            return [Due(task.due_at, task.about) for task in self._queue.upcoming(count)]

    def running(self) -> list[str]:
        """Return descriptions of the running tasks."""
        with self._lock:
            return [task.about for task in self._running.values()]

    # --- the clock ----------------------------------------------------------------------------

    @property
    def is_advancing(self) -> bool:
        """Return whether the clock is being advanced."""
        return self._advance is not None

    @property
    def is_stopped(self) -> bool:
        """Return whether no task can begin: the clock is frozen and is not being advanced."""
        return self.clock.is_frozen and self._advance is None

    def freeze(self) -> None:
        """Freeze the clock, after the current advance if there is one; running tasks finish."""
        with self._lock:
            self.clock.freeze()
            self._note_progress()

    def resume(self) -> None:
        """Let the clock run and its tasks too, after the current advance if there is one."""
        with self._lock:
            self.clock.resume()
        self._wake()

    def advance(
        self,
        duration: timedelta = timedelta(),
        *,
        then_frozen: bool | None = None,
        timeout_seconds: float = ADVANCE_TIMEOUT_SECONDS,
    ) -> int:
        """Move the clock forward, running every task that becomes due, in due order.

        Attempts of different endpoints that are due at the same moment run at the same time. Tasks
        that receivers cause in reaction run too, up to `max_reaction_depth`. Tasks that others add
        after the clock has reached its target are left.

        Args:
            duration: how far to move the clock.
            then_frozen: whether the clock is frozen afterwards; None leaves it as it was.
            timeout_seconds: the time limit, in real time.

        Returns:
            The number of tasks that ran.

        Raises:
            InvalidInput: the time is past the year 9000 or in the past; the clock is being advanced
                already, perhaps by a receiver of one of this advance's webhooks; the caller is
                itself a task of this clock; or tasks cause ever more tasks at the same moment.
            AdvanceTimedOut: the time limit was reached; the error names the tasks left.
        """
        return self._run_advance(
            lambda now: now + duration, then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )

    def advance_to(
        self,
        moment: datetime,
        *,
        then_frozen: bool | None = None,
        timeout_seconds: float = ADVANCE_TIMEOUT_SECONDS,
    ) -> int:
        """Move the clock forward to a moment, as `advance` does."""
        return self._run_advance(
            lambda _now: moment, then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )

    # --- waiting ------------------------------------------------------------------------------

    def wait_until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until no task is running or due; return whether that was so in time.

        Tasks that are due later do not count. With a frozen clock this waits for running tasks
        only, since no other would begin.
        """

        def is_busy() -> bool:
            return bool(self._running) or self._advance is not None

        self._wake()  # in case that no thread could be started for what is due
        with self._lock:
            # While the clock is frozen a task may be due and yet not begin: the wait ends all the
            # same, and the answer is no.
            self._became_idle.wait_for(
                lambda: self._is_closed or not (is_busy() or self._next_for_worker()),
                timeout_seconds,
            )
            return not (is_busy() or self._due_task())

    # --- for worker threads ---------------------------------------------------------------------

    def take(self) -> tuple[Task | None, datetime | None]:
        """Begin a task that is due, for the worker thread that calls.

        Returns:
            The task or None, and the time of the system's clock at which to look again; None stands
            for the next `wake`.
        """
        with self._lock:
            task = self._next_for_worker()
            if task is not None:
                self._begin(task)
            return task, self._look_again_at()

    def look_again_at(self) -> datetime | None:
        """Return the time of the system's clock at which a worker can next take a task, if any."""
        with self._lock:
            return self._look_again_at()

    def run(self, task: Task) -> None:
        """Run a task that was taken, and log its exception."""
        try:
            task.run()
        except Exception:
            _logger.exception("%s failed", task.about)
        finally:
            with self._lock:
                self._queue.finish(task)
                del self._running[threading.get_ident()]
                self._note_progress()

    def _wake(self) -> bool:
        """Have a worker look for a task that is due; return whether one will."""
        self._is_watched = self._workers is not None and self._workers.wake(self)
        return self._is_watched

    def _begin(self, task: Task) -> None:
        if self._advance is not None:
            self._advance.begin(task)
        self._queue.take(task)
        self._running[threading.get_ident()] = task

    def _next_for_worker(self) -> Task | None:
        if self._advance is not None:
            task = self._advance.next_task(is_running=bool(self._running))
            return task if task is not None and task.is_attempt else None
        return None if self.clock.is_frozen else self._due_task()

    def _look_again_at(self) -> datetime | None:
        if self._advance is not None or self.clock.is_frozen:
            return AT_ONCE if self._next_for_worker() is not None else None
        task = self._queue.first()
        return None if task is None else self.clock.system_time(task.due_at)

    def _note_progress(self) -> None:
        """Wake the threads whose condition may hold now."""
        if self._advance is not None:
            if self._next_for_worker() is None:
                self._progressed.notify_all()
        elif not self._running:
            self._became_idle.notify_all()

    def _due_task(self) -> Task | None:
        """Return the next task if it is due, also while the clock is frozen."""
        task = self._queue.first()
        return task if task is not None and task.due_at <= self.clock.now() else None

    # --- advancing ----------------------------------------------------------------------------

    def _run_advance(
        self,
        target: Callable[[datetime], datetime],
        *,
        then_frozen: bool | None,
        timeout_seconds: float,
    ) -> int:
        deadline = SystemClock.running_seconds() + timeout_seconds
        with self._lock:
            if self._advance is not None:
                now = iso_milliseconds(self.clock.now())
                raise InvalidInput(
                    f"the clock is being advanced already, and shows {now}; wait until that is over"
                )
            own = self._running.get(threading.get_ident())
            if own is not None:
                raise InvalidInput(
                    f"the clock cannot be advanced by what runs on it: {own.about} would wait for "
                    "its own end; advance the clock from another thread"
                )
            moment = _checked_target(self.clock.now(), target)
            self.clock.hold()
            # It owns no task until those that were running before have ended.
            advance = self._advance = Advance(
                self.clock,
                self._queue,
                moment,
                deadline=deadline,
                max_rounds=self._max_rounds,
                max_reaction_depth=self._max_reaction_depth,
            )
        try:
            self._wait_for_running_tasks(deadline)
            if then_frozen is not None:
                (self.clock.freeze if then_frozen else self.clock.resume)()
            with self._lock:
                advance.begin_moment()
            while self._take_step(advance):
                pass
            return advance.task_count
        finally:
            with self._lock:
                self._advance = None
                self.clock.release()
                self._note_progress()
            self._wake()

    def _wait_for_running_tasks(self, deadline: float) -> None:
        seconds = min(self._max_wait_seconds, deadline - SystemClock.running_seconds())
        with self._lock:
            if not self._progressed.wait_for(lambda: not self._running, max(0.0, seconds)):
                running = ", ".join(task.about for task in self._running.values())
                raise InvalidInput(
                    f"the clock cannot be advanced while something runs: {running} has not ended "
                    f"for {max(0.0, seconds):.3g} s; try again when it has, or give the endpoint "
                    "that hangs a shorter timeout"
                )

    def _take_step(self, advance: Advance) -> bool:
        """Run one task, or let the workers run theirs; return whether there may be more."""
        with self._lock:
            task = advance.next_task(is_running=bool(self._running))
            advance.check_ends()
            if self._is_closed or (task is None and not self._running):
                if self._is_closed or advance.has_reached_target:
                    return False
                advance.move_to_target()
                return True
            if SystemClock.running_seconds() >= advance.deadline:
                raise advance.timed_out(self._running)
            is_for_workers = task is None or (task.is_attempt and self._workers is not None)
            if task is not None and not is_for_workers:
                self._begin(task)
        if task is not None and not is_for_workers:
            self.run(task)
        elif task is None or self._wake():
            self._wait_for_workers(advance)
        else:
            self._run_attempt_here(task)
        return True

    def _wait_for_workers(self, advance: Advance) -> None:
        """Wait until the next task is one for the calling thread."""

        def is_ours() -> bool:
            task = advance.next_task(is_running=bool(self._running))
            if task is None:
                return self._is_closed or not self._running
            return not task.is_attempt

        with self._lock:
            seconds = advance.deadline - SystemClock.running_seconds()
            self._progressed.wait_for(is_ours, max(0.0, seconds))

    def _run_attempt_here(self, task: Task) -> None:
        """Run an attempt in the calling thread, since no worker thread could be started."""
        with self._lock:
            if task.is_taken or task.is_cancelled:
                return
            self._begin(task)
        self.run(task)


def _checked_target(now: datetime, target: Callable[[datetime], datetime]) -> datetime:
    """Return the target of an advance; refuse one in the past, or later than every clock."""
    try:
        moment = target(now)
    except OverflowError:
        moment = LAST_MOMENT
    if moment >= LAST_MOMENT:
        raise InvalidInput("the clock cannot go so far: expected a time before the year 9000")
    if moment < now:
        expected, found = iso_milliseconds(now), iso_milliseconds(moment)
        raise InvalidInput(f"the clock cannot go back: expected {expected} or later, got {found}")
    return moment
