"""Threads that run what falls due, for every workspace of an emulator whose clock runs.

There are as many threads as tasks run at one time, up to a limit: with one receiver one thread does
all the work, and a receiver that hangs holds one thread and stops nobody else. A thread that has
had nothing to do for a minute ends.
"""

import heapq
import itertools
import logging
import threading
from collections import Counter
from datetime import datetime, timedelta

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.scheduler import AT_ONCE, Scheduler
from mock_sendpilot.scheduling.task_queue import Task

THREAD_NAME = "mock-sendpilot-worker"
"""The beginning of the names of the threads."""
MAX_THREADS = 256
EAGER_THREADS = 2
MAX_IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 0.005
MAX_TURNS = 2
MAX_HELD_SECONDS = 0.02
MAX_TASK_SECONDS = 0.002
MAX_SHARE = 1.75
_MAX_SKIPPED_ROUNDS = 63
_MAX_OUTDATED = 64
# The system's clock may be set, or the machine sleep: look again now and then.
_MAX_WAIT = timedelta(seconds=5)
_logger = logging.getLogger(__name__)


class Workers:
    """Runs the tasks of schedulers. Starts its first thread when the first task is due.

    Workspaces take turns. None may have more threads than are free: so the first may have half of
    all, the next one half of the rest, and there is always one left for somebody new.

    Args:
        clock: the one that the workspaces' clocks run with.
        max_threads: how many tasks can run at one time.
        eager_threads: with so many running, a further one begins only after it has waited for one
            of them: more that do something, and do not just wait, would slow each other.
        patience_seconds: how long it waits then.
        max_idle_seconds: how long a thread waits for something to do.
        max_turns: so many tasks may begin while requests wait to be answered, after those that
            the requests have waited for.
        max_held_seconds: how long a task is held back for them, and they for tasks.
        max_task_seconds: how long a task may take on average if requests are to wait for it.
        max_share: for so many times as long as requests took, tasks may begin before the next ones.
    """

    def __init__(
        self,
        clock: SystemClock,
        *,
        max_threads: int = MAX_THREADS,
        eager_threads: int = EAGER_THREADS,
        patience_seconds: float = PATIENCE_SECONDS,
        max_idle_seconds: float = MAX_IDLE_SECONDS,
        max_turns: int = MAX_TURNS,
        max_held_seconds: float = MAX_HELD_SECONDS,
        max_task_seconds: float = MAX_TASK_SECONDS,
        max_share: float = MAX_SHARE,
    ) -> None:
        self._clock = clock
        self._max_threads = max_threads
        self._eager_threads = eager_threads
        self._patience_seconds = patience_seconds
        self._max_idle_seconds = max_idle_seconds
        self._max_turns = max_turns
        self._max_held_seconds = max_held_seconds
        self._max_task_seconds = max_task_seconds
        self._max_share = max_share
        self._lock = threading.Lock()
        # One thread at a time watches for what is due next; the others run a task or are idle.
        self._watching = threading.Condition(self._lock)
        self._ready: dict[Scheduler, None] = {}  # those that may have something due, in turn
        self._later: list[tuple[datetime, int]] = []  # when, and the number of an entry
        self._entries: dict[int, Scheduler] = {}  # by number; what is not here is outdated
        self._awaited: dict[Scheduler, tuple[datetime, int]] = {}
        self._numbers = itertools.count()
        self._running: Counter[Scheduler] = Counter()
        self._busy_count = 0
        self._threads: set[threading.Thread] = set()
        self._thread_numbers = itertools.count(1)
        self._is_watched = False
        self._is_stranded = False  # there is no thread, since none could be started
        self._watched_until: datetime | None = None
        # What each idle thread waits on. The latest goes on first, so that the others can end.
        self._idle: list[threading.Condition] = []
        self._is_stopping = False
        self._has_requests = False
        self._turns = 0  # how many tasks may begin while there are requests to answer
        self._is_held = False  # the watching thread waits for a turn
        self._watcher_id = 0  # the watching thread
        self._active: set[int] = set()  # the threads that do something or are about to, by id
        self._came_to_rest = threading.Condition(self._lock)  # none is active
        self._requests_came_at = 0.0
        self._turns_end_at = float("inf")
        self._rounds_to_skip = 0  # those in which requests do not wait for tasks
        self._next_rounds_to_skip = 1

    # --- requests ---------------------------------------------------------------------------------
    #
    # Tasks and requests compete for the interpreter and for the caches of the processor, so they
    # take turns in rounds: once the requests that came together have been answered, as many tasks
    # run, and the next requests wait for them. So webhooks keep up with changes, and a request
    # waits for as many attempts as there are requests beside it, or for fewer if those take long.

    def requests_came(self) -> None:
        """Hold back tasks: requests wait to be answered."""
        self._has_requests = True
        self._requests_came_at = self._clock.running_seconds()

    def requests_answered(self, count: int) -> None:
        """Let as many tasks run, and wait for them if several requests came together."""
        with self._lock:
            self._turns = min(self._turns + count, max(count, self._max_turns))
            if self._is_stranded:
                self._alert()
            if self._is_held:
                self._notify_watcher()
            if count > 1 and self._active:
                self._give_way(count)
            self._turns = min(self._turns, self._max_turns)
            self._turns_end_at = float("inf")

    def _give_way(self, count: int) -> None:
        """Wait until so many tasks have run or none is left, unless they take long."""
        if self._rounds_to_skip:
            self._rounds_to_skip -= 1
            return
        now = self._clock.running_seconds()
        self._turns_end_at = now + self._max_share * (now - self._requests_came_at)
        seconds = min(count * self._max_task_seconds, self._max_held_seconds)
        if self._came_to_rest.wait_for(lambda: not self._active, seconds):
            self._next_rounds_to_skip = 1
            if self._is_held:  # for lack of time
                self._turns = 0
            return
        # The receivers are slow, and most of the time is lost. So try again ever less often.
        self._active.clear()
        self._rounds_to_skip = self._next_rounds_to_skip
        self._next_rounds_to_skip = min(2 * self._rounds_to_skip + 1, _MAX_SKIPPED_ROUNDS)

    def requests_ended(self) -> None:
        """Let tasks begin freely again: no request waits."""
        self._has_requests = False
        if self._is_held:
            self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            if self._is_held:
                self._notify_watcher()

    def _has_turn(self) -> bool:
        """Return whether a task may begin now; take the turn if it needs one."""
        if not self._has_requests:
            return True
        if not self._turns or self._clock.running_seconds() >= self._turns_end_at:
            return False
        self._turns -= 1
        return True

    def wake(self, scheduler: Scheduler) -> bool:
        """Have a thread look at what a scheduler has to run; tell whether one will."""
        look_again_at = scheduler.look_again_at()
        with self._lock:
            if self._is_stopping:
                return False
            if look_again_at is not None:
                self._put(scheduler, look_again_at, self._clock.now())
            # A thread of ours looks for its next task anyhow: to wake another would only make the
            # two of them compete for the interpreter.
            return threading.current_thread() in self._threads or self._alert()

    def forget(self, scheduler: Scheduler) -> None:
        """Run nothing of a scheduler any more, and do not keep it alive."""
        with self._lock:
            self._ready.pop(scheduler, None)
            self._unawait(scheduler)
            self._tidy()

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Begin nothing more, and wait at most so long for the tasks that run."""
        with self._lock:
            self._is_stopping = True
            self._watching.notify_all()
            for idle in self._idle:
                idle.notify()
            threads = list(self._threads)
        deadline = self._clock.running_seconds() + timeout_seconds
        for thread in threads:
            thread.join(max(0.0, deadline - self._clock.running_seconds()))

    @property
    def thread_count(self) -> int:
        """The number of threads that exist."""
        return len(self._threads)

    # --- what is due --------------------------------------------------------------------------

    def _put(self, scheduler: Scheduler, at: datetime, now: datetime) -> None:
        """Look at a scheduler at a time of the system's clock, or earlier if that was asked for."""
        if scheduler in self._ready:
            return
        if at <= now:
            self._unawait(scheduler)
            self._ready[scheduler] = None
        elif scheduler not in self._awaited or self._awaited[scheduler][0] > at:
            self._unawait(scheduler)
            number = next(self._numbers)
            self._entries[number] = scheduler
            self._awaited[scheduler] = at, number
            heapq.heappush(self._later, (at, number))
            self._tidy()

    def _unawait(self, scheduler: Scheduler) -> None:
        entry = self._awaited.pop(scheduler, None)
        if entry is not None:
            del self._entries[entry[1]]

    def _tidy(self) -> None:
        """Leave out the outdated entries, once there are many."""
        if len(self._later) > 2 * len(self._awaited) + _MAX_OUTDATED:
            self._later = list(self._awaited.values())
            heapq.heapify(self._later)

    def _collect(self, now: datetime) -> None:
        """Make ready what has fallen due."""
        while self._later and self._later[0][0] <= now:
            _, number = heapq.heappop(self._later)
            scheduler = self._entries.get(number)
            if scheduler is not None:
                self._unawait(scheduler)
                self._ready[scheduler] = None

    def _pick(self) -> tuple[Scheduler, Task] | None:
        """Take a task of the scheduler whose turn it is."""
        now = self._clock.now()
        self._collect(now)
        for _ in range(len(self._ready)):
            scheduler = next(iter(self._ready))
            del self._ready[scheduler]
            if self._running[scheduler] >= self._max_threads - self._busy_count:
                self._ready[scheduler] = None  # others first
                continue
            task, look_again_at = scheduler.take()
            if look_again_at is not None:
                self._put(scheduler, look_again_at, now)
            if task is not None:
                self._busy_count += 1
                self._running[scheduler] += 1
                return scheduler, task
        return None

    # --- threads ------------------------------------------------------------------------------

    def _alert(self) -> bool:
        """Make sure that a thread looks at what is due next; tell whether one will."""
        first = AT_ONCE if self._ready else self._later[0][0] if self._later else None
        if first is None:
            return True
        if self._is_watched:
            if self._watched_until is not None and first < self._watched_until:
                self._watched_until = None
                self._notify_watcher()
            return True
        if self._idle:
            self._is_watched = True
            self._idle.pop().notify()
            return True
        return self._start_thread()

    def _start_thread(self) -> bool:
        if len(self._threads) > self._max_threads:
            return True  # they look when they have ended what they do
        name = f"{THREAD_NAME}-{next(self._thread_numbers)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._threads.add(thread)
        self._is_watched = True
        try:
            thread.start()
        except RuntimeError as error:
            # Nothing is lost: what is due stays where it is, for the threads that there are.
            # Without any, the next task, request or wait tries again: a timer would be a thread.
            self._threads.discard(thread)
            self._is_watched = False
            if not self._is_stranded:  # else the log has it already
                _logger.warning("no further thread for webhooks: %s", error)
            self._is_stranded = not self._threads
            return bool(self._threads)
        self._is_stranded = False
        self._active.add(thread.ident or 0)
        return True

    def _notify_watcher(self) -> None:
        self._active.add(self._watcher_id)  # before it runs, so that requests can wait for it
        self._watching.notify()

    def _serve(self) -> None:
        with self._lock:
            found = self._watch()
        while found is not None:
            scheduler, task = found
            scheduler.run(task)
            del task, found  # what they belong to may be forgotten while this thread waits
            with self._lock:
                self._busy_count -= 1
                self._running[scheduler] -= 1
                if not self._running[scheduler]:
                    del self._running[scheduler]
                self._ready.setdefault(scheduler)  # its lane has room again
                del scheduler
                found = self._next()

    def _next(self) -> tuple[Scheduler, Task] | None:
        """Wait for a task; None when the thread is to end."""
        may_begin = not self._is_stopping and self._has_turn()
        found = self._pick() if may_begin else None
        if found is not None:
            self._alert()
            return found
        if not self._is_watched:
            return self._watch()
        self._alert()  # what its last task has added may be due before the watching thread looks
        if not self._is_stopping:
            is_to_watch = threading.Condition(self._lock)
            self._idle.append(is_to_watch)
            self._rest(is_to_watch, self._max_idle_seconds)
            if is_to_watch not in self._idle:
                return self._watch()
            self._idle.remove(is_to_watch)
        self._end_thread()
        return None

    def _watch(self) -> tuple[Scheduler, Task] | None:
        """Wait for what is due next, as the one thread that does; None when it is to end."""
        self._is_watched = True
        self._watcher_id = threading.get_ident()
        has_been_patient = False
        while not self._is_stopping:
            now = self._clock.now()
            self._collect(now)
            if self._ready and self._busy_count >= self._eager_threads and not has_been_patient:
                has_been_patient = True
                self._rest(self._watching, self._patience_seconds)
                continue
            if self._ready and not self._has_turn():
                self._is_held = True
                has_news = self._rest(self._watching, self._max_held_seconds)
                self._is_held = False
                if has_news or self._is_stopping:
                    continue
            found = self._pick()
            if found is not None:
                self._is_watched = False
                self._alert()
                return found
            has_been_patient = False
            if not self._wait_until_due(now):
                break
        self._is_watched = False
        self._end_thread()
        return None

    def _rest(self, condition: threading.Condition, seconds: float) -> bool:
        """Have this thread wait, and the network thread wait for it no longer."""
        self._note_rest()
        is_notified = condition.wait(seconds)
        self._active.add(threading.get_ident())
        return is_notified

    def _note_rest(self) -> None:
        self._active.discard(threading.get_ident())
        if not self._active:
            self._came_to_rest.notify()

    def _end_thread(self) -> None:
        self._note_rest()
        self._threads.discard(threading.current_thread())

    def _wait_until_due(self, now: datetime) -> bool:
        """Wait for the next task; tell whether to go on waiting."""
        until = now + _MAX_WAIT
        if self._later:
            until = min(until, self._later[0][0])
        elif not self._ready:
            until = now + timedelta(seconds=self._max_idle_seconds)
        self._watched_until = until
        is_notified = self._rest(self._watching, max(0.0, (until - now).total_seconds()))
        self._watched_until = None
        return is_notified or bool(self._later or self._ready)
