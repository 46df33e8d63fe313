"""Counts of what a workspace has sent, and what of it fell into a span of time."""

import threading
from collections import Counter


class Counters:
    """Events by their names on the wire; attempts by `succeeded`, `failed` and `exhausted`.

    An attempt that failed and was the last one counts as both failed and exhausted. Any thread may
    call any method.
    """

    def __init__(
        self, events: Counter[str] | None = None, attempts: Counter[str] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self.events: Counter[str] = Counter(events)
        self.attempts: Counter[str] = Counter(attempts)

    def count_event(self, name: str) -> None:
        """An event of this name was sent."""
        with self._lock:
            self.events[name] += 1

    def count_attempt(self, outcome: str) -> None:
        """An attempt has ended so."""
        with self._lock:
            self.attempts[outcome] += 1

    def copy(self) -> "Counters":
        """What has been counted until now."""
        with self._lock:
            return Counters(self.events, self.attempts)

    def since(self, earlier: "Counters") -> "Counters":
        """What has come since an earlier copy."""
        now = self.copy()
        return Counters(now.events - earlier.events, now.attempts - earlier.attempts)
