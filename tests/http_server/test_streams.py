"""Responses that stay open, over a socket."""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from mock_sendpilot.http_server.connections import ConnectionLimits
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.http_server.streams import OPEN_STREAM
from tests.support import eventually

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


class Words:
    """A source of the words that a test puts into it."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.is_closed = False
        self._wake: Callable[[], None] | None = None

    def connect(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def due_at(self) -> float:
        return 0.0 if self.waiting else float("inf")

    def take(self, now: float) -> bytes:
        return self.waiting.pop(0)

    def close(self) -> None:
        self.is_closed = True

    def put(self, *words: bytes) -> None:
        self.waiting.extend(words)
        assert self._wake is not None
        self._wake()


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def server(words: Words) -> Iterator[HttpServer]:
    def app(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        environ[OPEN_STREAM](words)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter((b"begin",))  # without a length

    with HttpServer(app, limits=ConnectionLimits(client_seconds=0.2)) as running:
        yield running


@pytest.fixture
def stream(server: HttpServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_until(connection, b"5\r\nbegin\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        yield connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        part = connection.recv(1000)
        assert part, found
        found += part
    return found


def test_words_of_another_thread_are_sent_as_chunks(stream: socket.socket, words: Words) -> None:
    for word in (b"one", b"a longer word"):
        words.put(word)
        assert read_until(stream, word + b"\r\n") == b"%x\r\n%b\r\n" % (len(word), word)


def test_a_client_of_http_1_0_gets_no_chunks(server: HttpServer, words: Words) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        read_until(connection, b"\r\n\r\nbegin")
        words.put(b"one")
        assert read_until(connection, b"one") == b"one"


def test_an_open_response_occupies_no_thread(server: HttpServer, stream: socket.socket) -> None:
    eventually(lambda: server._pool.thread_count == server._pool.idle_count)


def test_the_source_is_closed_when_the_client_goes(
    server: HttpServer, stream: socket.socket, words: Words
) -> None:
    assert not words.is_closed
    stream.close()
    eventually(lambda: words.is_closed)
    eventually(lambda: not server._listener.held)


def test_an_open_response_outlives_the_limit_of_silent_clients(
    stream: socket.socket, words: Words
) -> None:
    started_at = time.perf_counter()
    eventually(lambda: time.perf_counter() - started_at > 0.5)  # twice the limit
    words.put(b"one")
    read_until(stream, b"one\r\n")


def test_a_client_that_reads_nothing_is_cut(stream: socket.socket, words: Words) -> None:
    words.put(*[b"x" * 1_000_000] * 100)
    eventually(lambda: words.is_closed)
    assert words.waiting  # no more is taken than can be sent


def test_an_open_response_is_complete_when_the_server_stops(
    server: HttpServer, stream: socket.socket, words: Words
) -> None:
    started_at = time.perf_counter()
    server.stop(timeout_seconds=60)
    assert time.perf_counter() - started_at < 20
    read_until(stream, b"0\r\n\r\n")
    assert stream.recv(10) == b""
    assert words.is_closed
