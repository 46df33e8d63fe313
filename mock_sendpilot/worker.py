"""Threads that run what falls due, for every workspace whose clock runs.

There are as many threads as tasks have ever run at one time, up to a limit: with one receiver one
thread does all the work, and a receiver that hangs holds one thread and stops nobody else.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from mock_sendpilot.domain.clock import SystemClock

_MOST_THREADS = 128
_MOST_OUTDATED = 64
_LONGEST_WAIT = timedelta(
    seconds=5
)  # the wall clock may be set, or the machine sleep: look again now and then
_logger = logging.getLogger(__name__)


class Worker:
    """Starts its first thread when the first task is added, and none before.

    Args:
        clock: what `due_at` is compared with.
        most_threads: how many tasks can run at one time.
    """

    def __init__(self, clock: SystemClock, *, most_threads: int = _MOST_THREADS) -> None:
        self._clock = clock
        self._most_threads = most_threads
        self._changed = threading.Condition()
        self._due: list[tuple[datetime, int, int, Callable[[], object]]] = []
        self._awaited: dict[tuple[Callable[[], object], int], datetime] = {}
        self._orders = itertools.count()
        self._threads: list[threading.Thread] = []
        self._watched_until: list[datetime] = []  # one for each waiting thread
        self._is_stopping = False

    def wake(self, run: Callable[[], object], due_at: datetime, number: int) -> None:
        """Call `run` at `due_at`, system time: the hook that a `Timekeeper` is made with.

        For the same task, by its number, the latest time that is asked for counts.
        """
        with self._changed:
            if self._is_stopping or self._awaited.get((run, number)) == due_at:
                return
            self._awaited[run, number] = due_at
            heapq.heappush(self._due, (due_at, next(self._orders), number, run))
            if len(self._due) > 2 * len(self._awaited) + _MOST_OUTDATED:
                self._tidy()
            # A thread of ours is about to look for its next task: to wake another would only make
            # the two of them compete for the interpreter.
            if threading.current_thread() not in self._threads:
                self._see_to_the_first()

    def forget(self, run: Callable[[], object]) -> None:
        """Call it no more: what it belongs to is gone, and must not be kept alive."""
        with self._changed:
            for key in [key for key in self._awaited if key[0] == run]:
                del self._awaited[key]
            self._tidy()

    def _tidy(self) -> None:
        """Leave out what is due at another time by now, or not at all."""
        found = [(due_at, number, run) for (run, number), due_at in self._awaited.items()]
        self._due = [(due_at, next(self._orders), number, run) for due_at, number, run in found]
        heapq.heapify(self._due)

    def stop(self, *, within_seconds: float = 1.0) -> None:
        """Start nothing more, and wait at most so long for the tasks at work."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        deadline = self._clock.running_seconds() + within_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.running_seconds()))

    def _see_to_the_first(self) -> None:
        """Have a thread wait for what is due first, unless one already does."""
        if not self._due or any(until <= self._due[0][0] for until in self._watched_until):
            return
        if self._watched_until:
            self._changed.notify()
        elif len(self._threads) < self._most_threads:
            name = f"mock-sendpilot-worker-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (run := self._next_due()) is not None:
            try:
                run()
            except Exception:
                _logger.exception("a task of the agenda failed")
            del run  # what it belongs to may be forgotten while this thread waits

    def _next_due(self) -> Callable[[], object] | None:
        """Wait for what is due; None when the worker stops."""
        with self._changed:
            while not self._is_stopping:
                now = self._clock.now()
                if self._due and self._due[0][0] <= now:
                    due_at, _, number, run = heapq.heappop(self._due)
                    if self._awaited.get((run, number)) != due_at:
                        continue
                    del self._awaited[run, number]
                    self._see_to_the_first()
                    return run
                self._wait_from(now)
            return None

    def _wait_from(self, now: datetime) -> None:
        until = now + _LONGEST_WAIT
        if self._due:
            until = min(until, self._due[0][0])
        self._watched_until.append(until)
        self._changed.wait((until - now).total_seconds())
        self._watched_until.remove(until)
