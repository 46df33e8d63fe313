"""The timekeeper: the clock of a workspace and what falls due by it.

While the clock runs, the worker's threads do what is due. While it stands still nothing happens but
by `advance`, which does it in the calling thread, in due order.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from mock_sendpilot.domain.agenda import Agenda
from mock_sendpilot.domain.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.domain.errors import InvalidInput

Wake = Callable[[Callable[[], object], datetime], None]
"""Has a function called at a time of the system's clock, in another thread."""

LAST_MOMENT = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""No clock goes so far, so that what is planned from there still has a date."""
_LONGEST_WAIT_SECONDS = 5.0


class Timekeeper:
    """The agenda of a workspace, and the ways to turn its clock.

    Args:
        clock: the workspace's.
        wake: sees to what is due while the clock runs.
    """

    def __init__(self, clock: WorkspaceClock, wake: Wake | None = None) -> None:
        self.clock = clock
        self.agenda = Agenda(self._at_due_time)
        self._wake = wake
        self._turning = threading.Lock()

    def freeze(self) -> None:
        """Stand still; what is at work is finished."""
        self.clock.freeze()

    def resume(self) -> None:
        """Run on, with what is due."""
        self.clock.resume()
        self.agenda.wake_all()

    def advance(self, duration: timedelta = timedelta()) -> int:
        """Let time pass, doing in this thread all that falls due, in due order.

        Returns:
            How many tasks ran; a clock that ran goes on afterwards.

        Raises:
            InvalidInput: beyond what a calendar holds, or the clock is being advanced already, such
                as by a receiver of a webhook that this very advance sends.
        """
        return self._turn(lambda now: now + duration)

    def advance_to(self, moment: datetime) -> int:
        """The same up to a moment.

        Raises:
            InvalidInput: the moment has passed, or the clock is being advanced already.
        """
        return self._turn(lambda _now: moment)

    def wait_until_idle(self, *, within_seconds: float) -> bool:
        """Wait until nothing is at work or due; tell whether that came about in time.

        What is due later does not count. A clock that stands still does nothing: then there is no
        waiting but for what is at work already.
        """
        if self.clock.is_frozen:
            self.agenda.wait_while_busy(within_seconds=within_seconds)
            within_seconds = 0
        return self.agenda.wait_until_idle(self.clock.now, within_seconds=within_seconds)

    def _turn(self, target: Callable[[datetime], datetime]) -> int:
        if not self._turning.acquire(blocking=False):
            raise InvalidInput("the clock is being advanced already; wait until that is over")
        was_running = not self.clock.is_frozen
        try:
            self.clock.freeze()
            self._wait_for_what_is_at_work()
            return self._run_until(_later(self.clock.now(), target))
        finally:
            self._turning.release()
            if was_running:
                self.resume()

    def _wait_for_what_is_at_work(self) -> None:
        if not self.agenda.wait_while_busy(within_seconds=_LONGEST_WAIT_SECONDS):
            raise InvalidInput(
                "the clock cannot be advanced while a webhook is being received: its receiver has "
                f"not answered for {_LONGEST_WAIT_SECONDS:g} s"
            )

    def _run_until(self, moment: datetime) -> int:
        count = 0
        while (due_at := self.agenda.next_due_at()) is not None and due_at <= moment:
            self.clock.move_to(due_at)
            count += self.agenda.run_next(self.clock.now())
        self.clock.move_to(moment)
        return count

    def _at_due_time(self, _agenda: Agenda, due_at: datetime) -> None:
        if self._wake is not None and not self.clock.is_frozen:
            self._wake(self._run_next, self.clock.system_time(due_at))

    def _run_next(self) -> None:
        if not self.clock.is_frozen:
            self.agenda.run_next(self.clock.now())


def _later(now: datetime, target: Callable[[datetime], datetime]) -> datetime:
    try:
        moment = target(now)
    except OverflowError:
        moment = LAST_MOMENT
    if moment >= LAST_MOMENT:
        raise InvalidInput("the clock must stay before the year 9000")
    if moment < now:
        shown, wanted = iso_milliseconds(now), iso_milliseconds(moment)
        raise InvalidInput(f"the clock must not go back: it shows {shown}; it was {wanted}")
    return moment
