"""The stages of a POST, at which somebody else may act: release it, or end its receiver."""

import threading
from typing import Protocol

RELEASE_TIMEOUT_SECONDS = 1.0


class Stages(Protocol):
    """Actions at the stages of a POST, in the thread that makes it."""

    def last_byte(self) -> None:
        """Wait until the last byte of the body may be sent."""

    def body_sent(self) -> None:
        """Note that the body was sent."""

    def response_begun(self) -> bool:
        """Note that the head of the response has come; return True to lose the response."""

    def response_read(self) -> None:
        """Note that the response was read."""

    def ended(self) -> None:
        """Note that the POST is over, whatever came of it."""


class Release:
    """A release of requests that wait with their last byte, so that they arrive at the same time.

    A receiver handles a request once it is complete. Requests that are only begun at the same time
    become complete a few milliseconds apart; a race in the receiver is then rarely met.

    Args:
        count: the number of requests that wait for each other; further ones do not wait.
        timeout_seconds: the longest wait for the others.
    """

    def __init__(self, count: int, *, timeout_seconds: float = RELEASE_TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._changed = threading.Condition()
        self._expected = count
        self._waiting: set[int] = set()
        self._is_open = False

    def last_byte(self) -> None:
        """Wait for the other requests."""
        with self._changed:
            self._waiting.add(threading.get_ident())
            self._open_if_complete()
            self._changed.wait_for(lambda: self._is_open, self._timeout_seconds)
            self._is_open = True  # also after the timeout: nobody else is worth waiting for
            self._changed.notify_all()

    def body_sent(self) -> None:
        """Do nothing."""

    def response_begun(self) -> bool:
        """Keep the response."""
        return False

    def response_read(self) -> None:
        """Do nothing."""

    def ended(self) -> None:
        """Let nobody wait for a request that ended before its last byte."""
        with self._changed:
            if threading.get_ident() not in self._waiting:
                self._expected -= 1
                self._open_if_complete()

    def _open_if_complete(self) -> None:
        if len(self._waiting) >= self._expected:
            self._is_open = True
            self._changed.notify_all()
