"""The event publisher: in order, no thread works for others, and nobody waits for itself."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.world.event_publisher import EventPublisher
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.sample_events import sample_change
from tests.support import eventually

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
CHANGE = sample_change("lead.updated", NOW)


class Publishing:
    """A publisher with the lock of a store, and what it has published, by which thread."""

    def __init__(self, **options: Any) -> None:
        self.lock = threading.Lock()
        self.published: list[int] = []
        self.threads: list[int] = []
        self.on_event: Callable[[Event], None] = lambda _event: None
        self.publisher = EventPublisher(
            workspace_id="ws_1",
            ids=Ids("1"),
            publish=self._publish,
            **{"max_stall_seconds": 10.0, **options},
        )

    def _publish(self, event: Event) -> None:
        self.on_event(event)
        self.published.append(event.sequence)
        self.threads.append(threading.get_ident())

    def change(self, *, at: datetime = NOW) -> int:
        """Record an event and publish it, as a transaction does."""
        with self.lock:
            number = self.publisher.record(CHANGE, at=at).sequence
        self.publisher.publish(number)
        return number


class Slow:
    """A receiver that takes its time with one event."""

    def __init__(self, publishing: Publishing, number: int) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self._number = number
        publishing.on_event = self._hear

    def _hear(self, event: Event) -> None:
        if event.sequence == self._number:
            self.has_begun.set()
            assert self.may_end.wait(10)


@contextmanager
def in_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(count, thread_name_prefix="changes") as pool:
        yield pool


def test_a_change_returns_when_its_event_is_published() -> None:
    publishing = Publishing()
    slow = Slow(publishing, 1)
    with in_threads(2) as pool:
        first = pool.submit(publishing.change)
        assert slow.has_begun.wait(5)
        second = pool.submit(publishing.change)
        eventually(lambda: publishing.publisher._waiting_count == 1)
        assert not second.done()
        slow.may_end.set()
        assert [first.result(5), second.result(5)] == [1, 2]

    assert publishing.published == [1, 2]


def test_no_thread_publishes_more_than_what_came_before_its_own_event() -> None:
    publishing = Publishing()
    slow = Slow(publishing, 1)
    with in_threads(8) as pool:
        first = pool.submit(publishing.change)
        assert slow.has_begun.wait(5)
        others = [pool.submit(publishing.change) for _ in range(7)]
        eventually(lambda: publishing.publisher._waiting_count == 7)
        slow.may_end.set()
        first.result(5)
        for other in others:
            other.result(5)

    assert publishing.published == list(range(1, 9))
    first_thread = publishing.threads[0]
    assert first_thread not in publishing.threads[1:]


def test_a_receiver_that_changes_something_does_not_wait_and_is_served_in_order() -> None:
    publishing = Publishing()
    seen: list[list[int]] = []

    def hear(event: Event) -> None:
        if event.sequence == 1:
            publishing.change()
            seen.append(list(publishing.published))

    publishing.on_event = hear
    publishing.change()

    assert seen == [[]]
    assert publishing.published == [1, 2]


def test_a_thread_that_waits_for_a_receiver_that_waits_for_it_goes_on_after_a_while() -> None:
    """As when a receiver of the signal asks the API over HTTP, which another thread answers."""
    publishing = Publishing(max_stall_seconds=0.05)
    changed: list[int] = []
    with in_threads(1) as pool:

        def hear(event: Event) -> None:
            if event.sequence == 1:
                changed.append(pool.submit(publishing.change).result(10))

        publishing.on_event = hear
        publishing.change()

    assert changed == [2]
    assert publishing.published == [1, 2]


def test_a_busy_machine_does_not_let_a_change_return_before_its_event_is_published() -> None:
    """Nothing that publishing does here waits for the thread: it takes as long as it takes."""
    publishing = Publishing(may_wait_for_us=lambda: False, max_stall_seconds=0.01)
    slow = Slow(publishing, 1)
    with in_threads(2) as pool:
        first = pool.submit(publishing.change)
        assert slow.has_begun.wait(5)
        second = pool.submit(publishing.change)
        assert wait([second], timeout=0.2).done == set()
        slow.may_end.set()
        assert [first.result(5), second.result(5)] == [1, 2]

    assert publishing.published == [1, 2]


def test_what_is_left_to_a_thread_that_has_just_looked_is_published() -> None:
    """A thread that ends must not wipe out the mark of the next one."""
    publishing = Publishing()
    first, second = publishing.change(), publishing.change()
    publishing.publisher.publish(second)

    assert publishing.published == [first, second]
    assert publishing.change() == 3


def test_a_receiver_that_is_interrupted_leaves_the_rest_to_the_next_change() -> None:
    publishing = Publishing()

    def interrupt(event: Event) -> None:
        if event.sequence == 1:
            raise KeyboardInterrupt

    publishing.on_event = interrupt
    with pytest.raises(KeyboardInterrupt):
        publishing.change()
    publishing.change()

    assert publishing.published == [2]


@settings(deadline=None, max_examples=15)
@given(
    counts=st.lists(st.integers(1, 20), min_size=16, max_size=16),
    nested=st.sets(st.integers(1, 100), max_size=10),
)
def test_sixteen_threads_publish_each_event_once_in_order_and_before_the_change_returns(
    counts: list[int], nested: set[int]
) -> None:
    publishing = Publishing()
    late: list[int] = []

    def hear(event: Event) -> None:
        if event.sequence in nested:
            publishing.change()

    publishing.on_event = hear
    start = threading.Barrier(len(counts))

    def change_often(count: int) -> None:
        start.wait(5)
        for _ in range(count):
            number = publishing.change()
            if number > publishing.publisher._published:
                late.append(number)

    with in_threads(len(counts)) as pool:
        for future in [pool.submit(change_often, count) for count in counts]:
            future.result(20)

    total = publishing.publisher.last_recorded
    assert total >= sum(counts)
    assert publishing.published == list(range(1, total + 1))
    assert late == []


# --- times ----------------------------------------------------------------------------------------


@given(st.lists(st.integers(-5_000_000, 5_000_000), min_size=1, max_size=50))
def test_every_event_is_later_than_the_one_before_by_a_millisecond_on_any_clock(
    microseconds: list[int],
) -> None:
    publishing = Publishing()
    times: list[datetime] = []
    publishing.on_event = lambda event: times.append(event.occurred_at)
    for one in microseconds:
        publishing.change(at=NOW + timedelta(microseconds=one))

    assert all(later - time >= timedelta(milliseconds=1) for time, later in pairwise(times))
    assert all(time.microsecond % 1000 == 0 for time in times)
