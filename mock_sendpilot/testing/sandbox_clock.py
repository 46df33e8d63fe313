"""The clock of a sandbox: `sendpilot.clock`."""

from datetime import datetime, timedelta

from mock_sendpilot.domain.durations import parse_duration
from mock_sendpilot.domain.timekeeper import Timekeeper


class SandboxClock:
    """Turns the clock of a test's workspace; the time of the test itself goes on."""

    def __init__(self, keeper: Timekeeper) -> None:
        self._keeper = keeper

    def __repr__(self) -> str:
        return f"<SandboxClock {self.now.isoformat()}, {'frozen' if self.is_frozen else 'running'}>"

    @property
    def now(self) -> datetime:
        """What it shows, in UTC."""
        return self._keeper.clock.now()

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still: then nothing is sent but by `advance`."""
        return self._keeper.is_frozen

    def freeze(self) -> None:
        """Stand still."""
        self._keeper.freeze()

    def resume(self) -> None:
        """Run on from what it shows."""
        self._keeper.resume()

    def advance(
        self,
        duration: timedelta | str = timedelta(),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> int:
        """Let time pass, doing at once all that falls due in it; returns when it is quiet.

        Args:
            duration: a `timedelta`, or a text such as `1h30m`; the rest is added to it.
            days: further days.
            hours: further hours.
            minutes: further minutes.
            seconds: further seconds.

        Returns:
            How many tasks were done: attempts, steps of campaigns and of jobs.

        Raises:
            InvalidInput: no duration, or the clock is being advanced already.
        """
        given = parse_duration(duration) if isinstance(duration, str) else duration
        more = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._keeper.advance(given + more)

    def set(self, moment: datetime) -> int:
        """Let the time up to a moment pass, which must be aware; otherwise as `advance`."""
        return self._keeper.advance_to(moment)
