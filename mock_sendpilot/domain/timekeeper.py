"""The timekeeper: the clock of a workspace and what falls due by it.

While the clock runs, the worker's threads do what is due. While it stands still nothing happens but
by `advance`, which does it in the calling thread, in due order.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from mock_sendpilot.domain.agenda import Agenda, Due
from mock_sendpilot.domain.clock import SystemClock, WorkspaceClock, iso_milliseconds
from mock_sendpilot.domain.errors import InvalidInput

Wake = Callable[[Callable[[], object], datetime, int], None]
"""Has a function called at a time of the system's clock, in another thread, for a task's number."""

FIRST_MOMENT = datetime(1970, 1, 2, tzinfo=timezone.utc)
"""No clock starts earlier: event ids and signatures count the time since 1970."""
LAST_MOMENT = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""No clock goes so far, so that what is planned from there still has a date."""
MOST_ROUNDS = 1000
"""How often what is done may cause more to be done at the same moment, and that more again."""
_LONGEST_SETTLING_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 5.0
_logger = logging.getLogger(__name__)


_ENDLESS = (
    "this never ends: what is done while the clock shows {} causes more to be done at that time, "
    "such as a receiver that answers a webhook with another change; the clock got no further"
)


class Timekeeper:
    """The agenda of a workspace, and the ways to turn its clock.

    Args:
        clock: the workspace's.
        wake: sees to what is due while the clock runs.
        settle: waits so many seconds at most until what has happened is told to all who put
            something on the agenda for it; tells whether that came about in time.
    """

    def __init__(
        self,
        clock: WorkspaceClock,
        wake: Wake | None = None,
        *,
        settle: Callable[[float], bool] = lambda _seconds: True,
    ) -> None:
        self.clock = clock
        self.agenda = Agenda(self._at_due_time)
        self._wake = wake
        self.settle = settle
        self._lock = threading.Lock()
        self._is_turning = False
        self._runs_afterwards = False
        self._is_settling = True

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still, also after it has been advanced if it is just being so."""
        with self._lock:
            return not self._runs_afterwards if self._is_turning else self.clock.is_frozen

    @property
    def stands_still(self) -> bool:
        """Whether nothing happens by itself: it is frozen, and nobody is advancing it."""
        with self._lock:
            return self.clock.is_frozen and not self._is_turning

    def freeze(self) -> None:
        """Stand still; what is at work is finished. While it is being advanced: after that."""
        with self._lock:
            self._runs_afterwards = False
            self.clock.freeze()

    def resume(self) -> None:
        """Run on, with what is due. While it is being advanced: after that."""
        with self._lock:
            self._runs_afterwards = True
            if self._is_turning:
                return
            self.clock.resume()
        self.agenda.wake_all()

    def advance(
        self, duration: timedelta = timedelta(), *, runs_afterwards: bool | None = None
    ) -> int:
        """Let time pass, doing in this thread all that falls due, in due order.

        Args:
            duration: how much.
            runs_afterwards: whether the clock is to run then; None is as before.

        Returns:
            How many tasks ran.

        Raises:
            InvalidInput: beyond what a calendar holds, or the clock is being advanced already, such
                as by a receiver of a webhook that this very advance sends; or it never ends, since
                what is done causes ever more to be done at the same time.
        """
        return self._turn(lambda now: now + duration, runs_afterwards=runs_afterwards)

    def advance_to(self, moment: datetime, *, runs_afterwards: bool | None = None) -> int:
        """The same up to a moment.

        Raises:
            InvalidInput: also when the moment has passed.
        """
        return self._turn(lambda _now: moment, runs_afterwards=runs_afterwards)

    def wait_until_idle(self, *, within_seconds: float) -> bool:
        """Wait until nothing is at work or due; tell whether that came about in time.

        What is due later does not count. A clock that stands still does nothing: then there is no
        waiting but for what is at work already.
        """
        deadline = SystemClock.running_seconds() + within_seconds
        while True:
            self.settle(_until(deadline))
            added = self.agenda.added_count
            if not self._is_idle(deadline):
                return False
            # What was at work may have left what it did to another thread, to be told.
            if self.settle(0) and self.agenda.added_count == added:
                return True
            if not _until(deadline):
                return False

    def _is_idle(self, deadline: float) -> bool:
        if self.stands_still:
            self.agenda.wait_while_busy(within_seconds=_until(deadline))
            deadline = 0.0
        return self.agenda.wait_until_idle(self.clock.now, within_seconds=_until(deadline))

    def _turn(self, target: Callable[[datetime], datetime], *, runs_afterwards: bool | None) -> int:
        moment = self._begin(target)
        try:
            self._wait_for_what_is_at_work()
            if runs_afterwards is not None:
                with self._lock:
                    self._runs_afterwards = runs_afterwards
            return self._run_until(moment)
        finally:
            with self._lock:
                self._is_turning = False
                runs = self._runs_afterwards
                if runs:
                    self.clock.resume()
            if runs:
                self.agenda.wake_all()

    def _begin(self, target: Callable[[datetime], datetime]) -> datetime:
        with self._lock:
            if self._is_turning:
                raise InvalidInput(
                    f"the clock is being advanced already, and shows {_shown(self.clock)}; wait "
                    "until that is over"
                )
            moment = _later(self.clock.now(), target)
            self._runs_afterwards = not self.clock.is_frozen
            self._is_turning = self._is_settling = True
            self.clock.freeze()
            return moment

    def _wait_for_what_is_at_work(self) -> None:
        if not self.agenda.wait_while_busy(within_seconds=_LONGEST_WAIT_SECONDS):
            raise InvalidInput(
                "the clock cannot be advanced while a webhook is being received: its receiver has "
                f"not answered for {_LONGEST_WAIT_SECONDS:g} s"
            )

    def _run_until(self, moment: datetime) -> int:
        count = rounds = 0
        round_end = self.agenda.added_count
        while (due := self._next_due()) is not None and due.at <= moment:
            if due.at > self.clock.now():
                self.clock.move_to(due.at)
                rounds, round_end = 0, self.agenda.added_count
            elif due.number >= round_end:
                rounds, round_end = rounds + 1, self.agenda.added_count
            if rounds > MOST_ROUNDS:
                raise InvalidInput(_ENDLESS.format(_shown(self.clock)))
            count += self._run_one()
        self.clock.move_to(moment)
        return count

    def _next_due(self) -> Due | None:
        """What is due first, of all that has happened by now."""
        if self._is_settling:  # where it does not come about in time, nothing waits for it again
            self._is_settling = self.settle(_LONGEST_SETTLING_SECONDS)
        return self.agenda.next_due()

    def _run_one(self) -> bool:
        try:
            return self.agenda.run_next(self.clock.now())
        except Exception:
            _logger.exception("a task of the agenda failed")
            return True

    def _at_due_time(self, _agenda: Agenda, due_at: datetime, number: int) -> None:
        if self._wake is not None and not self.clock.is_frozen:
            self._wake(self.run_next, self.clock.system_time(due_at), number)

    def run_next(self) -> None:
        """In a thread of the worker: do what is due first, unless the clock stands still by now."""
        self.agenda.run_next(self.clock.now(), unless=lambda: self.clock.is_frozen)


def _until(deadline: float) -> float:
    return max(0.0, deadline - SystemClock.running_seconds())


def _shown(clock: WorkspaceClock) -> str:
    return iso_milliseconds(clock.now())


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
