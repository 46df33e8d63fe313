"""Commands that run until they are told to end: by Ctrl+C or SIGTERM."""

import signal
from typing import NoReturn


class Told(BaseException):
    """Somebody asked the process to end; no `except Exception` is to swallow the only one."""


_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
"""SIGBREAK is Ctrl+Break on Windows, and what ends a process group there."""


def raise_when_told() -> None:
    """Have the first of these signals raise `Told` in the main thread."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def _stop(*_: object) -> NoReturn:
    """Handles signals by raising: it takes no lock that the interrupted thread may hold."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Told
