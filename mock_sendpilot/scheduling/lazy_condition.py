"""A condition that is made when a thread first waits on it."""

import threading
from collections.abc import Callable


class LazyCondition:
    """A condition of a lock, as `threading.Condition`.

    One of the standard library occupies 1.1 kB, and a workspace has several that hardly any thread
    ever waits on. Whoever calls a method holds the lock, so it is made once.
    """

    __slots__ = ("_condition", "_lock")

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._condition: threading.Condition | None = None

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the condition is notified; return False after the timeout."""
        return self._make().wait(timeout_seconds)

    def wait_for(self, predicate: Callable[[], bool], timeout_seconds: float | None = None) -> bool:
        """Wait until a predicate holds; return whether it does."""
        return predicate() or self._make().wait_for(predicate, timeout_seconds)

    def notify_all(self) -> None:
        """Wake all threads that wait."""
        if self._condition is not None:
            self._condition.notify_all()

    def _make(self) -> threading.Condition:
        if self._condition is None:
            self._condition = threading.Condition(self._lock)
        return self._condition
