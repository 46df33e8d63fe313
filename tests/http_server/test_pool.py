"""The pool: as many threads as there are requests that wait, and no request lost."""

import threading
from collections.abc import Callable, Iterator

import pytest

from mock_sendpilot.http_server.pool import HandlerPool
from tests.support import eventually

Make = Callable[..., HandlerPool]


class Handling:
    """A request that is answered when it may be."""

    def __init__(self, *, may_end: bool = True) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.is_cancelled = False
        if may_end:
            self.may_end.set()

    def service(self) -> None:
        self.has_begun.set()
        self.may_end.wait(10)

    def cancel(self) -> None:
        self.is_cancelled = True


class Failing(Handling):
    def service(self) -> None:
        super().service()
        raise SystemExit


@pytest.fixture
def make() -> Iterator[Make]:
    """Make a pool that ends after the test."""
    made: list[HandlerPool] = []

    def make(**options: float) -> HandlerPool:
        made.append(HandlerPool(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for pool in made:
        pool.shutdown(timeout_seconds=5)


def test_requests_one_after_the_other_need_one_thread(make: Make) -> None:
    pool = make()
    for _ in range(20):
        request = Handling()
        assert pool.add_task(request)
        assert request.has_begun.wait(5)
        eventually(lambda: pool.idle_count == 1)

    assert pool.thread_count == 1


def test_each_request_that_waits_has_a_thread(make: Make) -> None:
    pool, requests = make(), [Handling(may_end=False) for _ in range(20)]
    for request in requests:
        pool.add_task(request)

    assert all(request.has_begun.wait(5) for request in requests)
    assert pool.thread_count == 20
    for request in requests:
        request.may_end.set()


def test_a_full_pool_answers_later(make: Make) -> None:
    pool = make(max_threads=2)
    held, late = [Handling(may_end=False) for _ in range(2)], Handling()
    for request in (*held, late):
        pool.add_task(request)
    assert all(request.has_begun.wait(5) for request in held)
    assert not late.has_begun.is_set()
    for request in held:
        request.may_end.set()

    assert late.has_begun.wait(5)


def test_idle_threads_of_the_pool_end(make: Make) -> None:
    pool = make(max_idle_seconds=0.01)
    pool.add_task(Handling())

    eventually(lambda: pool.thread_count == 0)


def test_a_request_that_fails_ends_no_thread(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    pool, request = make(), Handling()
    pool.add_task(Failing())
    pool.add_task(request)

    assert request.has_begun.wait(5)
    eventually(lambda: pool.idle_count == pool.thread_count)
    assert "a request could not be answered" in caplog.text


def test_a_request_without_a_thread_is_handed_back(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert not make().add_task(Handling())
    assert "no further thread to answer requests: can't start new thread" in caplog.text


def test_a_pool_that_ends_drops_what_has_not_begun(make: Make) -> None:
    pool = make(max_threads=1)
    held, late = Handling(may_end=False), Handling()
    pool.add_task(held)
    pool.add_task(late)
    assert held.has_begun.wait(5)
    pool.shutdown(timeout_seconds=0.01)
    held.may_end.set()

    eventually(lambda: pool.thread_count == 0)
    assert late.is_cancelled
    assert not late.has_begun.is_set()
