"""The timekeeper: the clock of a workspace and what falls due by it.

While the clock runs, the worker's threads do what is due. While it stands still nothing happens but
by `advance`, which does it in the calling thread, in due order.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from mock_sendpilot.domain.agenda import Agenda
from mock_sendpilot.domain.clock import WorkspaceClock, iso_milliseconds
from mock_sendpilot.domain.errors import InvalidInput

Wake = Callable[[Callable[[], object], datetime, int], None]
"""Has a function called at a time of the system's clock, in another thread, for a task's number."""

LAST_MOMENT = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""No clock goes so far, so that what is planned from there still has a date."""
MOST_ADDED_AT_ONCE = 100_000
_LONGEST_WAIT_SECONDS = 5.0
_logger = logging.getLogger(__name__)


_ENDLESS = (
    "this never ends: more than {} tasks were added while the clock showed {}, such as by a "
    "receiver that answers a webhook with another change; the clock stays there"
)


class Timekeeper:
    """The agenda of a workspace, and the ways to turn its clock.

    Args:
        clock: the workspace's.
        wake: sees to what is due while the clock runs.
        settle: waits until what has happened is told to all who put something on the agenda for it.
    """

    def __init__(
        self,
        clock: WorkspaceClock,
        wake: Wake | None = None,
        *,
        settle: Callable[[], object] = lambda: None,
    ) -> None:
        self.clock = clock
        self.agenda = Agenda(self._at_due_time)
        self._wake = wake
        self._settle = settle
        self._lock = threading.Lock()
        self._is_turning = False
        self._runs_afterwards = False

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
        self._settle()
        if self.stands_still:
            self.agenda.wait_while_busy(within_seconds=within_seconds)
            within_seconds = 0
        return self.agenda.wait_until_idle(self.clock.now, within_seconds=within_seconds)

    def _turn(self, target: Callable[[datetime], datetime], *, runs_afterwards: bool | None) -> int:
        moment = self._begin(target, runs_afterwards=runs_afterwards)
        try:
            self._wait_for_what_is_at_work()
            return self._run_until(moment)
        finally:
            with self._lock:
                self._is_turning = False
                runs = self._runs_afterwards
                if runs:
                    self.clock.resume()
            if runs:
                self.agenda.wake_all()

    def _begin(
        self, target: Callable[[datetime], datetime], *, runs_afterwards: bool | None
    ) -> datetime:
        with self._lock:
            if self._is_turning:
                raise InvalidInput(
                    f"the clock is being advanced already, and shows {_shown(self.clock)}; wait "
                    "until that is over"
                )
            moment = _later(self.clock.now(), target)
            was_running = not self.clock.is_frozen
            self._runs_afterwards = was_running if runs_afterwards is None else runs_afterwards
            self._is_turning = True
            self.clock.freeze()
            return moment

    def _wait_for_what_is_at_work(self) -> None:
        if not self.agenda.wait_while_busy(within_seconds=_LONGEST_WAIT_SECONDS):
            raise InvalidInput(
                "the clock cannot be advanced while a webhook is being received: its receiver has "
                f"not answered for {_LONGEST_WAIT_SECONDS:g} s"
            )

    def _run_until(self, moment: datetime) -> int:
        count, added = 0, self.agenda.added_count
        self._settle()
        while (due_at := self.agenda.next_due_at()) is not None and due_at <= moment:
            if due_at > self.clock.now():
                self.clock.move_to(due_at)
                added = self.agenda.added_count
            elif self.agenda.added_count - added > MOST_ADDED_AT_ONCE:
                raise InvalidInput(_ENDLESS.format(MOST_ADDED_AT_ONCE, _shown(self.clock)))
            count += self._run_one()
            self._settle()
        self.clock.move_to(moment)
        return count

    def _run_one(self) -> bool:
        try:
            return self.agenda.run_next(self.clock.now())
        except Exception:
            _logger.exception("a task of the agenda failed")
            return True

    def _at_due_time(self, _agenda: Agenda, due_at: datetime, number: int) -> None:
        if self._wake is not None and not self.clock.is_frozen:
            self._wake(self._run_next, self.clock.system_time(due_at), number)

    def _run_next(self) -> None:
        """In a thread of the worker: what is due, unless the clock stands still by now."""
        self.agenda.run_next(self.clock.now(), unless=lambda: self.clock.is_frozen)


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
