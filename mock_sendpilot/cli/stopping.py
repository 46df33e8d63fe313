"""Reasons to stop, for commands that run on: Ctrl+C, SIGTERM, the end of the parent process."""

import os
import signal
from typing import NoReturn

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
"""SIGBREAK is Ctrl+Break on Windows, and what ends a process group there."""


class StopRequested(BaseException):
    """The process is asked to stop. It comes once: no `except Exception` may swallow it."""


class StopSignal:
    """The first of these signals, which raises `StopRequested` in the main thread.

    Python swallows an exception that it meets in a finalizer, such as those of an import. So a
    loop that waits for long also looks at `is_received`.
    """

    def __init__(self) -> None:
        self.is_received = False
        for number in _SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, *_: object) -> NoReturn:
        # Raising takes no lock, which the interrupted thread may hold.
        self.is_received = True
        for number in _SIGNALS:
            signal.signal(number, _ignore)
        raise StopRequested


def raise_on_stop_signal() -> StopSignal:
    """Have the first of these signals raise `StopRequested` in the main thread."""
    return StopSignal()


def _ignore(*_: object) -> None:
    """Ignore a signal. With SIG_IGN, Python prints a traceback for one that is pending already."""


class Parent:
    """The process that has started this one."""

    def __init__(self) -> None:
        self._pid = os.getppid()

    def is_gone(self) -> bool:
        """Return whether it has ended; always False on Windows, where nobody inherits orphans."""
        return os.getppid() != self._pid
