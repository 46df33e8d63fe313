"""The pace of the threads of a soak, and their end."""

import random
import threading
import time

MAX_PENDING = 600
"""With so many under way nobody adds more, so that a busy machine does not fall behind for ever."""
_BACKLOG_POLL_SECONDS = 0.05


class Pace:
    """Pauses between calls, longer while deliveries pile up."""

    def __init__(self) -> None:
        self.pending_count = 0
        """Deliveries that are not over, as the log of events was last read."""
        self._is_over = threading.Event()

    @property
    def is_over(self) -> bool:
        """Return whether all threads have to stop."""
        return self._is_over.is_set()

    def end(self) -> None:
        """Have everybody stop."""
        self._is_over.set()

    def rest(self, seconds: float) -> None:
        """Pause for so long, or until the end."""
        self._is_over.wait(seconds)

    def rest_about(self, seconds: float, chance: random.Random) -> None:
        """Pause for about so long, and then until the backlog is worked off."""
        self.rest(seconds * chance.uniform(0.3, 1.7))
        while self.pending_count > MAX_PENDING and not self.is_over:
            self.rest(_BACKLOG_POLL_SECONDS)


class Deadline:
    """A limit for a loop.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Return whether the time is up."""
        return self.left <= 0

    @property
    def left(self) -> float:
        """Return the number of seconds left, 0 at least."""
        return max(0.0, self._at - time.monotonic())
