"""The announcer: numbers the events of a workspace, and announces them in their order."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

from mock_sendpilot.domain.events import PLAINLY, Change, Event, Telling
from mock_sendpilot.domain.ids import Ids


class Announcer:
    """What has happened and is not yet told.

    Args:
        lock: held by whoever records; never held while announcing.
        announce: called with each event, in order.
    """

    def __init__(
        self,
        lock: threading.Lock,
        *,
        workspace_id: str,
        ids: Ids,
        announce: Callable[[Event], None],
    ) -> None:
        self._lock = lock
        self._workspace_id = workspace_id
        self._ids = ids
        self._announce = announce
        self._sequence = 0
        self._unannounced: deque[Event] = deque()
        self._is_announcing = False
        self._announcing_thread: int | None = None
        self._told_sequence = 0
        self._told = threading.Condition()
        self._waiting_count = 0

    @property
    def recorded_count(self) -> int:
        """How many events were ever recorded."""
        return self._sequence

    def record(self, change: Change, *, at: datetime, telling: Telling = PLAINLY) -> Event:
        """Make an event of a change. The caller holds the lock."""
        self._sequence += 1
        event = Event(
            id=self._ids.event_id(at),
            message_id=self._ids.webhook_message_id(),
            sequence=self._sequence,
            occurred_at=at,
            workspace_id=self._workspace_id,
            change=change,
            telling=telling,
        )
        self._unannounced.append(event)
        return event

    def announce_recorded(self) -> None:
        """Announce what is committed, in order, with no lock held.

        One thread at a time announces. Who comes meanwhile, be it another thread or a receiver that
        changes the store in turn, leaves its event to that thread and goes on.
        """
        with self._lock:
            if self._is_announcing:
                return
            self._is_announcing = True
            self._announcing_thread = threading.get_ident()
        try:
            while (event := self._next()) is not None:
                self._tell(event)
        except BaseException:  # such as Ctrl+C: the next change announces what is left
            self._is_announcing = False
            raise
        finally:
            self._announcing_thread = None

    def wait_until_told(self, *, within_seconds: float = 5.0) -> bool:
        """Wait until all that is committed by now is announced; tell whether it was so in time.

        For a receiver, which is being told, there is no waiting.
        """
        committed = self._sequence
        if self._told_sequence >= committed or self._announcing_thread == threading.get_ident():
            return True
        with self._told:
            self._waiting_count += 1
            try:
                return self._told.wait_for(lambda: self._told_sequence >= committed, within_seconds)
            finally:
                self._waiting_count -= 1

    def _tell(self, event: Event) -> None:
        try:
            self._announce(event)
        finally:
            self._told_sequence = event.sequence
            if self._waiting_count:
                with self._told:
                    self._told.notify_all()

    def _next(self) -> Event | None:
        with self._lock:
            self._is_announcing = bool(self._unannounced)
            return self._unannounced.popleft() if self._unannounced else None
