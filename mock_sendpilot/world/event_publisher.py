"""The event publisher: it numbers the events of a workspace and publishes them in order.

A thread publishes the events up to its own last one, and then hands over to the next thread: no
request works for others, and a change returns when its events are published.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from mock_sendpilot.world.causes import Causes
from mock_sendpilot.world.events import DEFAULT_OPTIONS, Change, Event, EventOptions
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.state import PublisherState

MAX_STALL_SECONDS = 1.0
MAX_WAIT_SECONDS = 60.0
_MILLISECOND = timedelta(milliseconds=1)


class EventPublisher:
    """The recorded events of a workspace that are not yet published.

    Args:
        causes: the causes of what is recorded.
        publish: a function called with each event, in order, while no lock is held.
        may_wait_for_us: a function that returns whether `publish` may wait for a thread that waits
            for its turn, as does a receiver of a signal that calls the API over HTTP.
        max_stall_seconds: how long a thread waits without any progress if that may be so.
        max_wait_seconds: how long it waits otherwise; then only a busy machine can be the reason.
    """

    def __init__(
        self,
        *,
        workspace_id: str,
        ids: Ids,
        causes: Causes,
        publish: Callable[[Event], None],
        may_wait_for_us: Callable[[], bool] = lambda: True,
        max_stall_seconds: float = MAX_STALL_SECONDS,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
    ) -> None:
        self._workspace_id = workspace_id
        self._ids = ids
        self._causes = causes
        self._publish = publish
        self._may_wait_for_us = may_wait_for_us
        self._max_stall_seconds = max_stall_seconds
        self._max_wait_seconds = max_wait_seconds
        self._unpublished: list[Event] = []  # there are few
        self._latest_at: datetime | None = None
        self.last_recorded = 0
        self._published = 0
        # Not the lock of the store: a thread that waits for its turn must let others make changes.
        self._lock = threading.Lock()
        self._turn = LazyCondition(self._lock)
        self._publishing_thread: int | None = None
        self._up_to = 0  # the last event for the publishing thread
        self._waiting_count = 0

    def state(self) -> PublisherState:
        """Return the numbering and the unpublished events, within `paused`."""
        return PublisherState(
            latest_at=self._latest_at,
            last_recorded=self.last_recorded,
            unpublished=tuple(self._unpublished),
        )

    def load(self, state: PublisherState) -> None:
        """Go on with another numbering; `publish` publishes what is unpublished."""
        self._latest_at = state.latest_at
        self.last_recorded = state.last_recorded
        self._unpublished = list(state.unpublished)
        self._published = state.last_recorded - len(state.unpublished)

    @contextmanager
    def paused(self, *, timeout_seconds: float) -> Iterator[None]:
        """Let nobody publish meanwhile, once the event that is being published is out.

        Raises:
            InvalidInput: that takes too long, or the caller is itself a receiver of the event.
        """
        this_thread = threading.get_ident()
        with self._lock:
            is_own = self._publishing_thread == this_thread
            if is_own or not self._turn.wait_for(
                lambda: self._publishing_thread is None, timeout_seconds
            ):
                reason = "by the caller itself" if is_own else f"for {timeout_seconds:g} s"
                raise InvalidInput(f"events are being published {reason}; try again afterwards")
            self._publishing_thread = this_thread
            self._up_to = 0
        try:
            yield
        finally:
            with self._lock:
                self._publishing_thread = None
                up_to = self._up_to
                self._turn.notify_all()
            self.publish(up_to)  # events that others have left to this thread

    def record(
        self, change: Change, *, at: datetime, options: EventOptions = DEFAULT_OPTIONS
    ) -> Event:
        """Make an event of a change. The caller holds the lock of the store."""
        # Each event is at least a millisecond later than the one before, even on a frozen clock:
        # receivers may order by `timestamp`, which has no finer unit.
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if self._latest_at is not None and at <= self._latest_at:
            at = self._latest_at + _MILLISECOND
        self._latest_at = at
        self.last_recorded += 1
        work = self._causes.current()
        event = Event(
            id=self._ids.event_id(at),
            message_id=self._ids.webhook_message_id(),
            sequence=self.last_recorded,
            occurred_at=at,
            workspace_id=self._workspace_id,
            change=change,
            options=options,
            cause=None if work is None else work.cause,
        )
        self._unpublished.append(event)
        if work is not None:
            work.event_ids.append(event.id)
        return event

    def publish(self, up_to: int) -> None:
        """Publish the events up to a number, or wait until another thread has done so.

        It returns at once if a receiver of a signal calls it: the events of the receiver's changes
        are published after the event that it is receiving.
        """
        if self._published >= up_to or not self._is_my_turn(up_to):
            return
        while (event := self._next()) is not None:
            try:
                self._publish(event)
            except BaseException:  # Ctrl+C, for example; the next change publishes the rest
                self._hand_over(event)
                raise
            self._note_published(event)

    def _is_my_turn(self, up_to: int) -> bool:
        """Wait for the turn of this thread; return whether it then has events to publish."""
        this_thread = threading.get_ident()
        with self._lock:
            while self._published < up_to:
                if self._publishing_thread is None:
                    self._publishing_thread = this_thread
                    self._up_to = up_to
                    return True
                if self._publishing_thread == this_thread or not self._has_progressed():
                    self._up_to = max(self._up_to, up_to)  # the publishing thread does it
                    return False
            return False

    def _has_progressed(self) -> bool:
        is_at_risk = self._may_wait_for_us()
        self._waiting_count += 1
        try:
            return self._turn.wait(
                self._max_stall_seconds if is_at_risk else self._max_wait_seconds
            )
        finally:
            self._waiting_count -= 1

    def _next(self) -> Event | None:
        """Return the next event for this thread; if there is none, hand over."""
        # Both under one lock: another thread that saw this one publishing relies on it.
        with self._lock:
            if self._unpublished and self._unpublished[0].sequence <= self._up_to:
                return self._unpublished.pop(0)
            self._publishing_thread = None
            self._turn.notify_all()
            return None

    def _note_published(self, event: Event) -> None:
        with self._lock:
            self._published = event.sequence
            if self._waiting_count:  # usually nobody waits, and the call would cost each change
                self._turn.notify_all()

    def _hand_over(self, event: Event) -> None:
        with self._lock:
            self._published = event.sequence
            self._publishing_thread = None
            self._turn.notify_all()
