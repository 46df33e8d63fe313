"""Time, passed in as an argument: nobody but `SystemClock` asks the operating system."""

import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Protocol

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?(Z|[+-]\d\d:\d\d)")


class Clock(Protocol):
    """Tells the time."""

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

    _wall_seconds = staticmethod(_real("time"))
    _running_seconds = staticmethod(_real("perf_counter"))

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        return datetime.fromtimestamp(self._real_seconds(), tz=timezone.utc)

    def _real_seconds(self) -> float:
        travel = sys.modules.get("time_machine")
        while travel is not None:
            if travel.escape_hatch.is_travelling():
                with suppress(ValueError):  # the journey ended just now
                    return float(travel.escape_hatch.time.time())
            seconds = self._wall_seconds()
            if not travel.escape_hatch.is_travelling():  # nor has a journey begun just now
                return seconds
        return self._wall_seconds()

    @classmethod
    def running_seconds(cls) -> float:
        """A counter that never goes back, for durations and deadlines of real time."""
        return cls._running_seconds()


class ProcessClock(SystemClock):
    """The time that this process shows, also while a test freezes it or travels.

    A receiver in the same process compares the time of a signature with this.
    """

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        return datetime.now(timezone.utc)


class SteadyClock(SystemClock):
    """The same, but that it never goes back: where the machine's clock is set back, it runs on.

    From then on it is ahead by as much; so what is queued stays in its order, and what is due does
    not have to wait for the time to come again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = super().now()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        with self._lock:
            moment = super().now() + self._ahead
            if moment < self._latest:
                self._ahead += self._latest - moment
                return self._latest
            self._latest = moment
            return moment


class WorkspaceClock:
    """The clock of a workspace: runs with the system's, or is frozen; time never goes back.

    Args:
        system: what it runs with.
        starts_at: what it shows at first; by default what the system shows.
        is_frozen: whether it is frozen from the beginning.
    """

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
        self._shows = start if is_frozen else None  # while it is frozen or held

    @property
    def is_frozen(self) -> bool:
        """Return whether it stays as it is until it is advanced or resumed.

        While it is being advanced: whether it will be so afterwards.
        """
        return self._is_frozen

    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""
        with self._lock:  # else it could be frozen between two steps, at an earlier time
            return self._now()

    def start_at(self, moment: datetime) -> None:
        """Show `moment`, also an earlier one, and run or stand still as before.

        Nothing that has happened yet may be later than `moment`.
        """
        with self._lock:
            moment = moment.astimezone(timezone.utc)
            self._offset = moment - self._system.now()
            if self._shows is not None:
                self._shows = moment

    def run_with(self, system: Clock) -> None:
        """Run with another clock from now on, from what it shows."""
        with self._lock:
            now = self._now()
            self._system = system
            self._offset = now - system.now()

    def freeze(self) -> None:
        """Stop at what it shows."""
        with self._lock:
            self._is_frozen = True
            self._shows = self._now()

    def resume(self) -> None:
        """Run on from what it shows; one that is held runs on when it is released."""
        with self._lock:
            self._is_frozen = False
            self._run_on()

    def hold(self) -> None:
        """Stop, frozen or not, so that only `move_to` moves it."""
        with self._lock:
            self._is_held = True
            self._shows = self._now()

    def release(self) -> None:
        """End `hold`: run on, unless it is frozen."""
        with self._lock:
            self._is_held = False
            self._run_on()

    def move_to(self, moment: datetime) -> None:
        """Show `moment`, and run or stand as before; one that has passed changes nothing."""
        with self._lock:
            further = moment - self._now()
            if further <= timedelta():
                return
            if self._shows is None:
                self._offset += further
            else:
                self._shows = moment

    def system_time(self, moment: datetime) -> datetime:
        """Return what the system shows when this clock, running, shows `moment`."""
        return moment - self._offset

    def _now(self) -> datetime:
        return self._shows or self._system.now() + self._offset

    def _run_on(self) -> None:
        if self._shows is not None and not self._is_frozen and not self._is_held:
            self._offset = self._shows - self._system.now()
            self._shows = None


class ManualClock(WorkspaceClock):
    """Stands still at `start` until it is moved."""

    def __init__(self, start: datetime) -> None:
        super().__init__(SystemClock(), starts_at=start, is_frozen=True)


def iso_milliseconds(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, the vendor's way to write a time."""
    in_utc = moment if moment.tzinfo is timezone.utc else moment.astimezone(timezone.utc)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_moment(text: str) -> datetime | None:
    """A time with an offset or `Z`, in UTC; None for anything else.

    What every Python from 3.10 reads: no, three or six digits of a second's fraction.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, as in the vendor's event ids."""
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
