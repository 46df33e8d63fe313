"""Clocks, passed in as arguments: only `SystemClock` asks the operating system for the time."""

import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?(Z|[+-]\d\d:\d\d)")


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""
        ...


def _real(name: str) -> Callable[[], float]:
    """Return a function of `time`, the real one even if time is frozen during this import."""
    freezer = sys.modules.get("freezegun.api")
    function: Callable[[], float] = getattr(freezer, f"real_{name}", None) or getattr(time, name)
    return function


class SystemClock:
    """The real time, also while a test freezes time or travels in it."""

    # freezegun replaces `time.time` in modules but not in classes; time-machine changes the
    # function itself, and offers the real one through its escape hatch.

    _wall_seconds = staticmethod(_real("time"))
    _running_seconds = staticmethod(_real("perf_counter"))

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.seconds(), tz=timezone.utc)

    def seconds(self) -> float:
        """Return the time in seconds since 1970."""
        travel = sys.modules.get("time_machine")
        while travel is not None:
            if travel.escape_hatch.is_travelling():
                with suppress(ValueError):  # it ended between the two calls
                    return float(travel.escape_hatch.time.time())
            seconds = self._wall_seconds()
            if not travel.escape_hatch.is_travelling():  # nor did one begin meanwhile
                return seconds
        return self._wall_seconds()

    @classmethod
    def running_seconds(cls) -> float:
        """Return a counter that never goes back, for durations and deadlines in real time."""
        return cls._running_seconds()


class ProcessClock(SystemClock):
    """The time of this process, frozen or moved whenever a test does so.

    A receiver in the same process compares the time of a signature with this clock.
    """

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""
        return datetime.now(timezone.utc)


class SteadyClock(SystemClock):
    """The real time, except that it never goes back.

    When the machine's clock is set back, this one runs on and stays ahead by as much. So queued
    tasks keep their order, and a task that is due does not wait for its time to come again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = super().now()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""
        with self._lock:
            moment = super().now() + self._ahead
            if moment < self._latest:
                self._ahead += self._latest - moment
                return self._latest
            self._latest = moment
            return moment


class WorkspaceClock:
    """The clock of a workspace: it runs with the system's clock or is frozen, and never goes back.

    Args:
        system: the clock it runs with.
        starts_at: the time it shows at first; by default that of the system's clock.
        is_frozen: whether it starts frozen.
    """

    __slots__ = ("_is_frozen", "_is_held", "_lock", "_offset", "_stopped_at", "_system")

    def __init__(
        self, system: Clock, *, starts_at: datetime | None = None, is_frozen: bool = False
    ) -> None:
        self._system = system
        self._lock = threading.Lock()
        now = system.now()
        start = now if starts_at is None else starts_at.astimezone(timezone.utc)
        self._offset = start - now
        self._is_frozen = is_frozen
        self._is_held = False
        self._stopped_at = start if is_frozen else None  # None while it runs

    @property
    def is_frozen(self) -> bool:
        """Return whether the clock is frozen, or will be once the current advance has ended."""
        return self._is_frozen

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""
        # Unlocked, `freeze` could run while this thread adds up the time, and stop at an earlier
        # one: then the next caller would see time go back.
        with self._lock:
            return self._now()

    def start_at(self, moment: datetime) -> None:
        """Show `moment`, even an earlier one, and run or stay frozen as before.

        The caller makes sure that nothing has happened yet after `moment`.
        """
        with self._lock:
            moment = moment.astimezone(timezone.utc)
            self._offset = moment - self._system.now()
            if self._stopped_at is not None:
                self._stopped_at = moment

    def run_with(self, system: Clock) -> None:
        """Run with another system clock from now on, starting from the time that it shows."""
        with self._lock:
            now = self._now()
            self._system = system
            self._offset = now - system.now()

    def freeze(self) -> None:
        """Stop at the present time of the clock."""
        with self._lock:
            self._is_frozen = True
            self._stopped_at = self._now()

    def resume(self) -> None:
        """Run on from the time that it shows; a clock that is held does so when it is released."""
        with self._lock:
            self._is_frozen = False
            self._run_on()

    def hold(self) -> None:
        """Stop, frozen or not, so that only `move_to` moves the clock."""
        with self._lock:
            self._is_held = True
            self._stopped_at = self._now()

    def release(self) -> None:
        """End `hold`: run on, unless it is frozen."""
        with self._lock:
            self._is_held = False
            self._run_on()

    def move_to(self, moment: datetime) -> None:
        """Show `moment`, and run or stay stopped as before; a moment in the past is ignored."""
        with self._lock:
            further = moment - self._now()
            if further <= timedelta():
                return
            if self._stopped_at is None:
                self._offset += further
            else:
                self._stopped_at = moment

    def system_time(self, moment: datetime) -> datetime:
        """Return the time of the system's clock at which this clock, running, shows `moment`."""
        return moment - self._offset

    def _now(self) -> datetime:
        return self._stopped_at or self._system.now() + self._offset

    def _run_on(self) -> None:
        if self._stopped_at is not None and not self._is_frozen and not self._is_held:
            self._offset = self._stopped_at - self._system.now()
            self._stopped_at = None


class ManualClock(WorkspaceClock):
    """A clock that is frozen at `start` until it is moved."""

    def __init__(self, start: datetime) -> None:
        super().__init__(SystemClock(), starts_at=start, is_frozen=True)


def iso_milliseconds(moment: datetime) -> str:
    """Write a time as the vendor does: ISO 8601 in UTC, with milliseconds and `Z`."""
    in_utc = moment if moment.tzinfo is timezone.utc else moment.astimezone(timezone.utc)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_moment(text: str) -> datetime | None:
    """Parse an ISO 8601 time with an offset or `Z` into UTC; return None for anything else.

    A fraction of a second has three or six digits, the only ones that Python 3.10 reads.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def epoch_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970, as in the vendor's event ids."""
    return (moment - _EPOCH) // _MILLISECOND
