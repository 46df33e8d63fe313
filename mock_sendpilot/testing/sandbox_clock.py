"""The clock of a sandbox: `sendpilot.clock`."""

from datetime import datetime, timedelta

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import parse_moment
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.scheduling.scheduler import ADVANCE_TIMEOUT_SECONDS
from mock_sendpilot.testing.event_loop import refuse_in_event_loop
from mock_sendpilot.testing.sandbox_checks import check_seconds
from mock_sendpilot.world.workspace import Workspace

_DATE = "2030-01-31"
_MOMENT = f"a datetime with a time zone, or a text such as {_DATE}T09:00:00Z or {_DATE}"


class SandboxClock:
    """Turns the clock of a test's workspace; the time of the test itself goes on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._scheduler = workspace.scheduler

    def __repr__(self) -> str:
        return f"<SandboxClock {self.now.isoformat()}, {'frozen' if self.is_frozen else 'running'}>"

    @property
    def now(self) -> datetime:
        """The time of the workspace, in UTC."""
        return self._scheduler.clock.now()

    @property
    def is_frozen(self) -> bool:
        """True while the clock is frozen: then `advance` alone sends webhooks."""
        return self._scheduler.clock.is_frozen

    def freeze(self) -> None:
        """Stand still."""
        self._scheduler.freeze()

    def resume(self) -> None:
        """Run on from what it shows."""
        self._scheduler.resume()

    def advance(
        self,
        duration: timedelta | str = timedelta(),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        timeout: float = ADVANCE_TIMEOUT_SECONDS,
    ) -> int:
        """Let time pass, running at once all that falls due in it; return when it has run.

        Webhooks go to different endpoints at the same time, and to each in their order. What
        receivers change about the same lead in reaction is sent as well, two reactions deep.

        Args:
            duration: a `timedelta`, or a text such as `1h30m`; the rest is added to it.
            days: further days.
            hours: further hours.
            minutes: further minutes.
            seconds: further seconds.
            timeout: how long it may take, in seconds of real time.

        Returns:
            How many tasks were done: attempts, steps of campaigns and of jobs.

        Raises:
            InvalidInput: no duration, no number of seconds as `timeout`, or the clock is being
                advanced already.
            AdvanceTimedOut: it was not over in time; it says what is left and what held it up.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.clock.advance` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.clock.advance")
        check_seconds("timeout", timeout)
        span = _duration(duration)
        try:
            more = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            whole = span + more
        except (TypeError, ValueError, OverflowError) as error:
            problem = (
                f"days, hours, minutes and seconds must be numbers that a timedelta takes: {error}"
            )
            raise InvalidInput(problem) from error
        return self._scheduler.advance(whole, timeout_seconds=timeout)

    def set(self, moment: datetime | str) -> int:
        """Let the time up to a moment pass; otherwise as `advance`.

        As long as nothing has happened in the workspace, the moment may have passed. Existing
        leads and campaigns keep their dates.

        Args:
            moment: a `datetime` with a time zone, or a text such as `2030-01-31T09:00:00Z`, or the
                date alone, which is its midnight in UTC.

        Raises:
            InvalidInput: it is none of these; it has passed, and events were recorded or tasks
                scheduled; or the clock is being advanced.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.clock.set` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.clock.set")
        return self._workspace.set_clock(moment_of(moment, "moment"))


def moment_of(value: object, name: str) -> datetime:
    """Read a time with a zone, from a `datetime` or a text; a date alone is its midnight in UTC.

    Raises:
        InvalidInput: it is none; the message calls it by this name.
    """
    moment = _read(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{name} must be {_MOMENT}; it was {value!r}")
    if moment.tzinfo is None:
        raise InvalidInput(
            f"{name} must have a time zone, such as tzinfo=timezone.utc, or Z at the end of a "
            f"text; it was {value!r}"
        )
    return moment


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, str):
            return parse_duration(value)
    except InvalidInput as error:
        raise InvalidInput(f"duration {error}") from error
    expected = "duration must be a text such as '1h30m', or a timedelta"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    instead = f"; for seconds write seconds={value!r}" if number else ""
    raise InvalidInput(f"{expected}; it was {value!r}{instead}")


def _read(text: str) -> datetime | None:
    """A time; a date alone is midnight, and what lacks a zone alone is told so."""
    if len(text) == len(_DATE):
        return parse_moment(f"{text}T00:00:00Z")
    found = parse_moment(text) or parse_moment(f"{text}Z")
    return found if found is None or parse_moment(text) else found.replace(tzinfo=None)
