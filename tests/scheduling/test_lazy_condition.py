"""A lazy condition wakes and waits as one of the standard library does."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.scheduling.lazy_condition import LazyCondition
from tests.support import eventually


class Counter:
    """A number that threads wait for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.changed = LazyCondition(self.lock)
        self.value = 0
        self.waiting = 0

    def add(self, count: int) -> None:
        with self.lock:
            self.value += count
            self.changed.notify_all()

    def wait_for(self, value: int, timeout_seconds: float = 10) -> bool:
        with self.lock:
            self.waiting += 1
            return self.changed.wait_for(lambda: self.value >= value, timeout_seconds)


def test_a_change_wakes_every_thread_that_waits() -> None:
    counter = Counter()
    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(counter.wait_for, 1) for _ in range(8)]
        eventually(lambda: counter.waiting == 8)
        counter.add(1)
        assert all(one.result(5) for one in waits)


def test_a_change_that_nobody_waits_for_is_seen_by_a_later_wait() -> None:
    counter = Counter()
    counter.add(1)
    assert counter.wait_for(1, timeout_seconds=0)


def test_no_condition_is_made_for_what_holds_already(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter()
    monkeypatch.delattr(threading, "Condition")
    assert counter.wait_for(0)


def test_a_wait_ends_after_its_timeout() -> None:
    counter = Counter()
    began = SystemClock.running_seconds()
    with counter.lock:
        assert not counter.changed.wait(0.01)
    assert not counter.wait_for(1, timeout_seconds=0.01)
    assert SystemClock.running_seconds() - began < 5


def test_no_change_is_missed_while_many_threads_wait_and_change() -> None:
    counter, count = Counter(), 500

    def add() -> None:
        for _ in range(count):
            counter.add(1)

    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(counter.wait_for, number * count) for number in range(1, 5)]
        for _ in range(4):
            pool.submit(add)
        assert all(one.result(10) for one in waits)
