"""The pool of threads for requests that may wait: as many threads as there are such requests."""

import logging
import threading
from collections import deque
from typing import Protocol

from mock_sendpilot.scheduling.clock import SystemClock

MAX_THREADS = 256
MAX_IDLE_SECONDS = 60.0
_logger = logging.getLogger(__name__)


class Service(Protocol):
    """A connection whose request is complete."""

    def service(self) -> None:
        """Answer the request."""

    def cancel(self) -> None:
        """Drop the request."""


class HandlerPool:
    """Threads that start when a request would have to wait, and end when they are idle for long.

    Args:
        max_threads: the number of requests that are answered at the same time.
        max_idle_seconds: seconds a thread waits for the next request before it ends.
    """

    def __init__(
        self, *, max_threads: int = MAX_THREADS, max_idle_seconds: float = MAX_IDLE_SECONDS
    ) -> None:
        self._max_threads = max_threads
        self._max_idle_seconds = max_idle_seconds
        self._changed = threading.Condition()
        self._queue: deque[Service] = deque()
        self._thread_count = 0
        self._idle_count = 0  # those that have yet to begin included
        self._is_stopping = False

    @property
    def thread_count(self) -> int:
        """The number of threads that exist."""
        return self._thread_count

    @property
    def idle_count(self) -> int:
        """The number of threads that wait for a request."""
        return self._idle_count

    def add_task(self, task: Service) -> bool:
        """Queue a request for an idle thread or a new one. Return False if there is no thread."""
        with self._changed:
            self._queue.append(task)
            if len(self._queue) <= self._idle_count:
                self._changed.notify()
            elif self._thread_count < self._max_threads:
                self._start_thread()
            if not self._thread_count:
                self._queue.pop()
            return self._thread_count > 0

    def shutdown(self, *, timeout_seconds: float) -> None:
        """End the threads, wait for them until the timeout, and cancel what has not begun."""
        deadline = SystemClock.running_seconds() + timeout_seconds
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
            while self._thread_count:
                remaining = deadline - SystemClock.running_seconds()
                if remaining <= 0:
                    _logger.debug("%d requests are still being answered", self._thread_count)
                    break
                self._changed.wait(remaining)
            while self._queue:
                self._queue.popleft().cancel()

    def _start_thread(self) -> None:
        name = "mock-sendpilot-http-handler"
        try:
            # A daemon, since an app that hangs must not keep the process from ending.
            threading.Thread(target=self._serve, name=name, daemon=True).start()
        except RuntimeError as error:
            # Nothing is lost: the request waits for one of the existing threads.
            _logger.warning("no further thread to answer requests: %s", error)
            return
        self._thread_count += 1
        self._idle_count += 1

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            try:
                task.service()
            except BaseException:
                _logger.exception("a request could not be answered")
            with self._changed:
                self._idle_count += 1

    def _next(self) -> Service | None:
        """Wait for the next request. Return None when the thread has to end."""
        with self._changed:
            is_in_time = True
            while not self._queue and not self._is_stopping and is_in_time:
                is_in_time = self._changed.wait(self._max_idle_seconds)
            self._idle_count -= 1
            if self._queue and not self._is_stopping:
                return self._queue.popleft()
            self._thread_count -= 1
            self._changed.notify_all()
            return None
