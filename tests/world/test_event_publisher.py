"""The event publisher: events in order, no work for others, and no thread that waits for itself."""

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

from mock_sendpilot.world.causes import Causes
from mock_sendpilot.world.event_publisher import EventPublisher
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.ids import Ids
from mock_sendpilot.world.samples import sample_change
from tests.support import eventually

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
CHANGE = sample_change("lead.updated", NOW)


class Publishing:
    """A publisher with the lock of a store, the events published, and their threads."""

    def __init__(self, **options: Any) -> None:
        self.lock = threading.Lock()
        self.published: list[int] = []
        self.threads: list[int] = []
        self.on_event: Callable[[Event], None] = lambda _event: None
        self.publisher = EventPublisher(
            workspace_id="ws_1",
            ids=Ids("1"),
            causes=Causes(),
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
    """A receiver that holds one event until `may_end` is set."""

    def __init__(self, publishing: Publishing, number: int) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self._number = number
        publishing.on_event = self._receive

    def _receive(self, event: Event) -> None:
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


def test_a_thread_publishes_no_event_after_its_own() -> None:
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


def test_a_change_of_a_receiver_returns_at_once_and_is_published_in_order() -> None:
    publishing = Publishing()
    published_by_then: list[list[int]] = []

    def receive(event: Event) -> None:
        if event.sequence == 1:
            publishing.change()
            published_by_then.append(list(publishing.published))

    publishing.on_event = receive
    publishing.change()

    assert published_by_then == [[]]
    assert publishing.published == [1, 2]


def test_a_thread_that_a_receiver_waits_for_goes_on_after_a_while() -> None:
    """The receiver of a signal calls the API over HTTP, and another thread answers."""
    publishing = Publishing(max_stall_seconds=0.05)
    changed: list[int] = []
    with in_threads(1) as pool:

        def receive(event: Event) -> None:
            if event.sequence == 1:
                changed.append(pool.submit(publishing.change).result(10))

        publishing.on_event = receive
        publishing.change()

    assert changed == [2]
    assert publishing.published == [1, 2]


def test_a_busy_machine_does_not_let_a_change_return_before_its_event_is_published() -> None:
    """Nothing in this publisher can wait for the thread, so the thread waits longer."""
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


def test_an_event_is_published_though_the_last_thread_has_just_ended() -> None:
    """A thread that hands over must not clear the mark of the next one."""
    publishing = Publishing()
    first, second = publishing.change(), publishing.change()
    publishing.publisher.publish(second)

    assert publishing.published == [first, second]
    assert publishing.change() == 3


def test_an_interrupted_receiver_leaves_the_rest_to_the_next_change() -> None:
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
def test_many_threads_publish_each_event_once_in_order_before_returning(
    counts: list[int], nested: set[int]
) -> None:
    publishing = Publishing()
    late: list[int] = []

    def receive(event: Event) -> None:
        if event.sequence in nested:
            publishing.change()

    publishing.on_event = receive
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
def test_every_event_is_a_millisecond_later_than_the_one_before(
    microseconds: list[int],
) -> None:
    publishing = Publishing()
    times: list[datetime] = []
    publishing.on_event = lambda event: times.append(event.occurred_at)
    for one in microseconds:
        publishing.change(at=NOW + timedelta(microseconds=one))

    assert all(later - time >= timedelta(milliseconds=1) for time, later in pairwise(times))
    assert all(time.microsecond % 1000 == 0 for time in times)
