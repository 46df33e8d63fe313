"""Time, passed in as an argument: nobody but `SystemClock` asks the operating system."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """Tells the time; `is_manual` says that it moves only when it is told to."""

    @property
    def is_manual(self) -> bool:
        """Whether time passes only by `ManualClock.move_to`."""
        ...

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        ...


def _real(name: str) -> Callable[[], float]:
    """A function of `time`, real even if this module is first imported in frozen time."""
    freezer = sys.modules.get("freezegun.api")
    function: Callable[[], float] = getattr(freezer, f"real_{name}", None) or getattr(time, name)
    return function


class SystemClock:
    """Wall time, real even while a test of the user's freezes or travels in time.

    freezegun replaces `time.time` where modules hold it (not where classes do); time-machine
    changes the function itself and offers the real one through its escape hatch.
    """

    is_manual = False
    _wall_seconds = staticmethod(_real("time"))
    _running_seconds = staticmethod(_real("perf_counter"))

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        return datetime.fromtimestamp(self._real_seconds(), tz=timezone.utc)

    def _real_seconds(self) -> float:
        travel = sys.modules.get("time_machine")
        if travel is not None and travel.escape_hatch.is_travelling():
            with suppress(ValueError):  # the journey ended just now
                return float(travel.escape_hatch.time.time())
        return self._wall_seconds()

    @classmethod
    def running_seconds(cls) -> float:
        """A counter that never goes back, for durations and deadlines of real time."""
        return cls._running_seconds()


class ManualClock:
    """Stands still until it is moved."""

    is_manual = True

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(timezone.utc)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Set the time to `moment`; a moment that has passed changes nothing."""
        with self._lock:
            self._now = max(self._now, moment)


def iso_milliseconds(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, the vendor's way to write a time."""
    in_utc = moment if moment.tzinfo is timezone.utc else moment.astimezone(timezone.utc)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, as in the vendor's event ids."""
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
