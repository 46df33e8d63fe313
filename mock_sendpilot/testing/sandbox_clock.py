"""The clock of a sandbox: `sendpilot.clock`."""

from datetime import datetime, timedelta

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.clock import parse_moment
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.scheduling.scheduler import ADVANCE_TIMEOUT_SECONDS
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import check_seconds
from mock_sendpilot.testing.backends.protocol import Backend

_DATE = "2030-01-31"
_MOMENT = f"a datetime with a time zone, or a text such as {_DATE}T09:00:00Z or {_DATE}"


class SandboxClock:
    """The clock of a test's workspace, to be turned; the time of the test itself goes on."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __repr__(self) -> str:
        return f"<SandboxClock {self.now.isoformat()}, {'frozen' if self.is_frozen else 'running'}>"

    @property
    def now(self) -> datetime:
        """The time that it shows, in UTC."""
        return self._backend.now()

    @property
    def is_frozen(self) -> bool:
        """True if the clock is frozen; webhooks are then sent by `advance` alone."""
        return self._backend.is_frozen()

    def freeze(self) -> None:
        """Stop the clock at the time that it shows."""
        self._backend.freeze()

    def resume(self) -> None:
        """Let the clock run on from the time that it shows."""
        self._backend.resume()

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
        """Let time pass, run every task that falls due in it, and return when they have run.

        Webhooks go to different endpoints at the same time, and to each in their order. Changes
        that receivers make to the same lead in reaction are sent as well, two reactions deep.

        Args:
            duration: a `timedelta`, or a text such as `1h30m`.
            days: days to add to it.
            hours: hours to add to it.
            minutes: minutes to add to it.
            seconds: seconds to add to it.
            timeout: seconds of real time to wait.

        Returns:
            The number of tasks that have run: attempts, steps of campaigns and of jobs.

        Raises:
            InvalidInput: an invalid duration or `timeout`, or the clock is being advanced already.
            AdvanceTimedOut: it took too long; it says what is left and what held it up.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.clock.advance` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.clock.advance")
        check_seconds("timeout", timeout)
        total = _duration(duration)
        try:
            total += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidInput(
                f"days, hours, minutes, seconds: expected numbers that a timedelta takes: {error}"
            ) from error
        return self._backend.advance(total, timeout_seconds=timeout)

    def set(self, moment: datetime | str) -> int:
        """Let the time up to a moment pass, as `advance` does.

        The moment may be in the past as long as nothing has happened in the workspace. Leads and
        other objects keep their dates.

        Args:
            moment: a `datetime` with a time zone, or a text such as `2030-01-31T09:00:00Z`, or the
                date alone, which is its midnight in UTC.

        Raises:
            InvalidInput: it is none of these; it is in the past, and events were recorded or tasks
                scheduled; or the clock is being advanced.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio.clock.set` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.clock.set")
        return self._backend.set_clock(moment_of(moment, "moment"))


def moment_of(value: object, name: str) -> datetime:
    """Return a time with a zone, from a `datetime` or a text; a date alone is its midnight in UTC.

    Raises:
        InvalidInput: it is neither; the message calls it by this name.
    """
    moment = _parse(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{name}: expected {_MOMENT}, got {value!r}")
    if moment.tzinfo is None:
        raise InvalidInput(
            f"{name}: expected a time with a zone, such as tzinfo=timezone.utc, or Z at the end of "
            f"a text, got {value!r}"
        )
    return moment


def _parse(text: str) -> datetime | None:
    """Return the time that a text names, without a zone if it names none, or None."""
    if len(text) == len(_DATE):
        return parse_moment(f"{text}T00:00:00Z")
    moment = parse_moment(text)
    # A time without a zone is recognized, so that the error can say what is missing.
    if moment is None and (without_zone := parse_moment(f"{text}Z")):
        return without_zone.replace(tzinfo=None)
    return moment


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, str):
            return parse_duration(value)
    except InvalidInput as error:
        raise InvalidInput(f"duration: {error}") from error
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Guessing the unit of a bare number would be wrong half of the time.
    remedy = f"; for seconds write seconds={value!r}" if is_number else ""
    raise InvalidInput(
        f"duration: expected a timedelta or a text such as '1h30m', got {value!r}{remedy}"
    )
