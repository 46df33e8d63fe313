"""The scheduler of a workspace: its clock, its queue of tasks, and who runs what falls due.

While the clock runs, the threads of `Workers` run what is due. While it is frozen nothing runs but
in `advance`: the calling thread then moves the clock from one due time to the next and runs what
the world does; attempts of webhooks, which wait for their receivers, are run by the workers, those
of different endpoints at the same time.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.advance import Advance
from mock_sendpilot.scheduling.clock import SystemClock, WorkspaceClock, iso_milliseconds
from mock_sendpilot.scheduling.task_queue import Task, TaskQueue

FIRST_MOMENT = datetime(1970, 1, 2, tzinfo=timezone.utc)
"""No clock starts earlier: event ids and signatures count the time since 1970."""
AT_ONCE = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""A time of the system's clock that has passed: what can run then can run now."""
LAST_MOMENT = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""No clock goes so far, so that what is planned from there still has a date."""
ADVANCE_TIMEOUT_SECONDS = 60.0
MAX_ADVANCE_SECONDS = 3600.0
"""How long the control API and the command line let an advance take, in real time."""
MAX_ROUNDS = 1000
MAX_REACTION_DEPTH = 2
MAX_WAIT_SECONDS = 5.0
_logger = logging.getLogger(__name__)


class TaskRunner(Protocol):
    """Threads that run what a scheduler has to run."""

    def wake(self, scheduler: "Scheduler") -> bool:
        """Have a thread look at what is due; tell whether one will."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A task that can run next, and when."""

    at: datetime
    about: str


class Scheduler:
    """Runs the tasks of one workspace. Every method may be called from any thread.

    Args:
        clock: the workspace's.
        workers: run what falls due while the clock runs; without them `advance` runs everything.
        max_rounds: how often tasks may cause more tasks at the same moment, and those more again.
        max_reaction_depth: how many reactions of receivers to webhooks, and to the webhooks of
            those reactions, belong to an advance. What is deeper is left for the next one.
        max_wait_seconds: how long `advance` waits for what ran before it.
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
        # Two groups wait on the one lock: those who wait for idle, and the thread that advances.
        self._became_idle = threading.Condition(self._lock)
        self._progressed = threading.Condition(self._lock)
        self._queue = TaskQueue()
        self._running: dict[int, Task] = {}  # by the thread that runs it
        self._advance: Advance | None = None
        self._is_closed = False

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
        """Run `run` at `due_at`, or as soon after it as its lane has room. See `TaskQueue.add`."""
        with self._lock:
            task = self._queue.add(
                run,
                due_at=due_at,
                lane=lane,
                about=about,
                width=width,
                is_attempt=is_attempt,
                subject=subject,
            )
            # The thread that takes an earlier task looks for the next one then.
            if self._advance is not None:
                self._advance.include(task, self._running)
                is_first = self._next_for_worker() is task
            else:
                is_first = self._queue.first() is task
        if is_first:
            self._wake()
        return task

    def cancel(self, task: Task) -> None:
        """Make sure that a task never runs, unless it has begun."""
        with self._lock:
            self._queue.cancel(task)
            self._note_progress()

    def bring_forward(self, task: Task, *, due_at: datetime) -> None:
        """Have a waiting task run earlier, before those that came after it; else do nothing."""
        with self._lock:
            self._queue.bring_forward(task, due_at=due_at)
        self._wake()

    def drop(self, lane: Hashable) -> None:
        """Cancel the waiting tasks of a lane; those that run go on."""
        with self._lock:
            self._queue.drop(lane)
            self._note_progress()

    def close(self) -> None:
        """Cancel everything, take nothing more, and let nobody wait any longer."""
        with self._lock:
            self._is_closed = True
            self._queue.close()
            self._became_idle.notify_all()
            self._progressed.notify_all()

    @property
    def added_count(self) -> int:
        """The number of tasks that were ever added."""
        return self._queue.next_order

    def next_due(self) -> Due | None:
        """Return what can run next; tasks behind one that runs in the same lane do not count."""
        with self._lock:
            task = self._queue.first()
            return None if task is None else Due(task.due_at, task.about)

    def running(self) -> list[str]:
        """Return what runs just now, for people to read."""
        with self._lock:
            return [task.about for task in self._running.values()]

    # --- the clock ----------------------------------------------------------------------------

    @property
    def is_frozen(self) -> bool:
        """Return whether the clock is frozen, or will be when the current advance has ended."""
        return self.clock.is_frozen

    @property
    def is_advancing(self) -> bool:
        """Return whether some thread is in `advance`."""
        return self._advance is not None

    @property
    def stands_still(self) -> bool:
        """Return whether nothing happens by itself: the clock is frozen, and nobody advances it."""
        return self.clock.is_frozen and self._advance is None

    def freeze(self) -> None:
        """Freeze the clock; what runs is finished. During an advance it counts when that ends."""
        with self._lock:
            self.clock.freeze()
            self._note_progress()

    def resume(self) -> None:
        """Let the clock run, with what is due. During an advance it counts when that ends."""
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
        """Let time pass, running all that falls due in it, in due order.

        Attempts of different endpoints that are due at the same moment run at the same time. What
        receivers change in reaction is run as well, up to `max_reaction_depth`; what others record
        after the clock has reached its target is left to them.

        Args:
            duration: how much.
            then_frozen: whether the clock is to be frozen afterwards; None is as before.
            timeout_seconds: how long it may take, in real time.

        Returns:
            How many tasks ran.

        Raises:
            InvalidInput: beyond what a calendar holds; the clock is being advanced already, such as
                by a receiver of a webhook that this very advance sends; a task that runs asks for
                it; or it never ends, since tasks cause ever more tasks at the same moment.
            AdvanceTimedOut: it was not over in time; it says what is left.
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
        """Let the time up to a moment pass; otherwise as `advance`.

        Raises:
            InvalidInput: also when the moment has passed.
        """
        return self._run_advance(
            lambda _now: moment, then_frozen=then_frozen, timeout_seconds=timeout_seconds
        )

    # --- waiting ------------------------------------------------------------------------------

    def wait_until_idle(self, *, timeout_seconds: float) -> bool:
        """Wait until nothing runs or is due; tell whether that came about in time.

        What is due later does not count. A frozen clock runs nothing: then there is no waiting but
        for what runs already.
        """
        with self._lock:
            self._became_idle.wait_for(self._is_quiet, timeout_seconds)
            return self._is_idle()

    # --- for the threads that run tasks ---------------------------------------------------------

    def take(self) -> tuple[Task | None, datetime | None]:
        """Begin, for a thread of the workers, with a task that is due.

        Returns:
            The task, if there is one, and when to look again, by the system's clock: None is not
            before `wake`.
        """
        with self._lock:
            task = self._next_for_worker()
            if task is not None:
                self._begin(task)
            return task, self._look_again_at()

    def look_again_at(self) -> datetime | None:
        """Return when a thread of the workers can run something next, by the system's clock."""
        with self._lock:
            return self._look_again_at()

    def run(self, task: Task) -> None:
        """Run a task that was taken, and log what it raises."""
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
        return self._workers is not None and self._workers.wake(self)

    def _begin(self, task: Task) -> None:
        if self._advance is not None:
            self._advance.begin(task)
        self._queue.take(task)
        self._running[threading.get_ident()] = task

    def _next_for_worker(self) -> Task | None:
        if self._advance is not None:
            task = self._advance.next_task(is_running=bool(self._running))
            return task if task is not None and task.is_attempt else None
        if self.clock.is_frozen:
            return None
        task = self._queue.first()
        return task if task is not None and task.due_at <= self.clock.now() else None

    def _look_again_at(self) -> datetime | None:
        if self._advance is not None or self.clock.is_frozen:
            return AT_ONCE if self._next_for_worker() is not None else None
        task = self._queue.first()
        return None if task is None else self.clock.system_time(task.due_at)

    def _note_progress(self) -> None:
        """Let those go on who wait for what has become so; the next thread of the workers may."""
        if self._advance is not None:
            if self._next_for_worker() is None:
                self._progressed.notify_all()
        elif not self._running:
            self._became_idle.notify_all()

    def _is_quiet(self) -> bool:
        """Return whether nothing is going to happen by itself now."""
        if self._is_closed:
            return True
        if self._running or self._advance is not None:
            return False
        return self.clock.is_frozen or self._is_idle()

    def _is_idle(self) -> bool:
        if self._running or self._advance is not None:
            return False
        task = self._queue.first()
        return task is None or task.due_at > self.clock.now()

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
            moment = _later(self.clock.now(), target)
            self.clock.hold()
            # Until what ran before has ended nothing belongs to it.
            advance = self._advance = Advance(
                self.clock,
                self._queue,
                moment,
                deadline=deadline,
                max_rounds=self._max_rounds,
                max_reaction_depth=self._max_reaction_depth,
            )
        try:
            self._wait_for_what_runs(deadline)
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

    def _wait_for_what_runs(self, deadline: float) -> None:
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
        """Run one task, or let the workers run theirs; tell whether there may be more."""
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
        """Wait until it is the calling thread's turn."""

        def is_ours() -> bool:
            task = advance.next_task(is_running=bool(self._running))
            if task is None:
                return self._is_closed or not self._running
            return not task.is_attempt

        with self._lock:
            seconds = advance.deadline - SystemClock.running_seconds()
            self._progressed.wait_for(is_ours, max(0.0, seconds))

    def _run_attempt_here(self, task: Task) -> None:
        """Run an attempt in the calling thread, since no other thread can be had."""
        with self._lock:
            if task.is_taken or task.is_cancelled:
                return
            self._begin(task)
        self.run(task)


def _later(now: datetime, target: Callable[[datetime], datetime]) -> datetime:
    try:
        moment = target(now)
    except OverflowError:
        moment = LAST_MOMENT
    if moment >= LAST_MOMENT:
        raise InvalidInput("the clock must stay before the year 9000")
    if moment < now:
        expected, found = iso_milliseconds(now), iso_milliseconds(moment)
        raise InvalidInput(f"the clock must not go back: it shows {expected}; it was {found}")
    return moment
