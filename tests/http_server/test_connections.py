"""The connections of the HTTP server: what clients may hold, how long, and who makes room."""

import errno
import logging
import resource
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from waitress import wasyncore
from waitress.channel import ClientDisconnected

from mock_sendpilot.http_server.connections import Channel, ConnectionLimits
from mock_sendpilot.http_server.server import HttpServer
from tests.cli.commands import ServerProcess
from tests.http_server.callers import LARGE, Gate, connect, get, read_all, read_answer, talk
from tests.support import eventually

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_LARGE = GET.replace(b"/ ", b"/large ", 1)
LAST_GET = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HALF = b"GET / HTTP/1.1\r\nHost: 127"

Serve = Callable[..., HttpServer]


@pytest.fixture
def serve(gate: Gate, answering: dict[str, Any]) -> Iterator[Serve]:
    """Serve the gate under limits."""
    with ExitStack() as running:

        def begin(**limits: Any) -> HttpServer:
            limited = HttpServer(gate, limits=ConnectionLimits(**limits), **answering)
            return running.enter_context(limited)

        yield begin
        gate.opened.set()


@pytest.fixture
def open_many() -> Iterator[Callable[..., list[socket.socket]]]:
    """Open connections that send some bytes and no more; they are closed at the end."""
    with ExitStack() as opened:

        def begin(server: HttpServer, count: int, sent: bytes) -> list[socket.socket]:
            return [opened.enter_context(connect(server, sent)) for _ in range(count)]

        yield begin


def connections(server: HttpServer) -> int:
    return len(server._listener.active_channels)


def waiting_bytes(server: HttpServer) -> int:
    return sum(one.waiting_bytes for one in list(server._listener.active_channels.values()))


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"Content-Length: 2000000", b"x" * 2_000_000, id="with a length"),
        pytest.param(
            b"Transfer-Encoding: chunked",
            b"1e8480\r\n" + b"x" * 2_000_000 + b"\r\n0\r\n\r\n",
            id="chunked",
        ),
    ],
)
def test_large_bodies_and_answers_need_no_temporary_file(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, head: bytes, body: bytes
) -> None:
    def no_file(*_: object, **__: object) -> None:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    post = b"POST /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n\r\n"
    answer = talk(server, post + body)
    assert (answer[:15], answer[-len(LARGE) :] == LARGE) == (b"HTTP/1.1 200 OK", True)


def test_the_largest_are_cut_when_clients_hold_too_much_memory(
    serve: Serve, gate: Gate, open_many: Callable[..., list[socket.socket]]
) -> None:
    server = serve(max_waiting_bytes=12_000_000, grace_seconds=0.05)
    open_many(server, 6, GET_LARGE)
    (small,) = open_many(server, 1, HALF)
    eventually(lambda: gate.calls == 6)
    eventually(lambda: waiting_bytes(server) <= 12_000_000)
    small.sendall(b".0.0.1\r\nConnection: close\r\n\r\n")
    assert read_all(small).endswith(b"done")


# --- large bodies ---------------------------------------------------------------------------------


def limit_of(path: str) -> int:
    return 2_000_000 if path == "/large" else 1_000_000


def post(path: str, size: int, *, headers: bytes = b"") -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\n%b" % (path.encode(), headers)
    return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        pytest.param("/", 1_000_000, 200, id="the usual limit"),
        pytest.param("/", 1_000_001, 413, id="beyond the usual limit"),
        pytest.param("/large", 2_000_000, 200, id="a limit of the path"),
        pytest.param("/large", 2_000_001, 413, id="beyond that of the path"),
    ],
)
def test_a_path_has_a_limit_of_its_own(serve: Serve, path: str, size: int, status: int) -> None:
    server = serve(max_body_bytes=limit_of)
    assert talk(server, post(path, size) + b"x" * size).split()[1] == b"%d" % status


def test_a_body_that_is_too_large_is_read_to_its_end_and_kept_nowhere(serve: Serve) -> None:
    server = serve(max_body_bytes=limit_of, max_waiting_bytes=1_000_000, grace_seconds=0.0)
    size = 30_000_000  # more than the buffers of the system: a client that is cut would notice
    with connect(server, post("/", size)) as connection:
        connection.sendall(b"x" * (size - 1))
        assert waiting_bytes(server) < 1_000_000
        connection.sendall(b"x")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"expected at most 1000000 bytes" in answer


def test_a_client_that_asks_before_it_sends_is_refused_at_once(serve: Serve) -> None:
    server = serve(max_body_bytes=limit_of)
    head = post("/", 1_000_001, headers=b"Expect: 100-continue\r\n")
    assert talk(server, head).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_has_the_limit_too(serve: Serve) -> None:
    server = serve(max_body_bytes=limit_of)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % 1_000_001 + b"x" * 1_000_001
    assert talk(server, head + chunk).startswith(b"HTTP/1.1 413 ")


# --- malformed requests ---------------------------------------------------------------------------


def test_a_tls_handshake_is_closed_at_once_and_logged(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLError, match=r"(?i)version|record layer"):
            context.wrap_socket(connection, server_hostname="localhost")
    assert caplog.messages == [
        "this port speaks plain HTTP, and got a TLS handshake: use http://, not https://"
    ]


@pytest.mark.parametrize("sent", [b"\x16", b"\x80\x2e\x01", b"\x00", b" GET / HTTP/1.1\r\n", b"{"])
def test_bytes_that_begin_like_no_request_are_refused_at_once(
    server: HttpServer, sent: bytes
) -> None:
    assert talk(server, sent).startswith(b"HTTP/1.0 400 Bad Request\r\n")


@pytest.mark.parametrize(
    "sent",
    [pytest.param(b"", id="alone"), pytest.param(HALF, id="in a request")],
)
def test_urgent_data_ends_the_connection(server: HttpServer, sent: bytes) -> None:
    with connect(server, sent) as connection:
        eventually(lambda: connections(server) == 1)
        connection.send(b"!", socket.MSG_OOB)  # poll would report it again and again
        eventually(lambda: connections(server) == 0)


def test_blank_lines_before_a_request_are_passed_over(server: HttpServer) -> None:
    assert talk(server, b"\r\n\r\n" + LAST_GET).endswith(b"\r\n\r\ndone")


# --- Expect: 100-continue -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(b"", 200, id="no body"),
        pytest.param(b"Content-Length: 0\r\n", 200, id="an empty body"),
        pytest.param(b"Content-Length: 99999999999\r\n", 413, id="too large a body"),
        pytest.param(b"Content-Length: -1\r\n", 400, id="a length that is none"),
        pytest.param(b"Transfer-Encoding: gzip\r\n", 501, id="an unknown encoding"),
    ],
)
def test_a_client_that_expects_100_for_no_body_gets_the_response(
    server: HttpServer, headers: bytes, status: int
) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
    answer = talk(server, post + headers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)


def test_a_client_that_expects_100_is_asked_for_its_body(server: HttpServer) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
    with connect(server, post + b"Content-Length: 3\r\n\r\n") as connection:
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert read_all(connection).endswith(b"\r\n\r\ndone")


# --- pipelining -----------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    answer = talk(server, GET + post + GET_LARGE + post + LAST_GET)
    sizes = [line for line in answer.split(b"\r\n") if line.startswith(b"Content-Length")]
    assert [int(line.split()[1]) for line in sizes] == [4, 4, len(LARGE), 4, 4]


def test_a_pipelined_request_waits_until_the_answer_before_is_taken(
    server: HttpServer, gate: Gate
) -> None:
    with connect(server, GET_LARGE * 3 + LAST_GET) as connection:
        eventually(lambda: gate.calls == 1)
        assert get(server, "/") == (200, b"done")
        assert gate.calls == 2  # of the four pipelined requests the first alone
        assert read_all(connection).count(LARGE) == 3
        assert gate.calls == 5


def test_the_end_of_a_pipelined_request_is_read_after_its_beginning(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = GET.replace(b"/ ", b"/hold ", 1)
    with HttpServer(gate) as server, connect(server, hold + LAST_GET[:20]) as connection:
        eventually(lambda: gate.held == 1)
        (channel,) = server._listener.active_channels.values()
        take_pipelined = server._listener.take_pipelined

        def take_pipelined_and_wait() -> None:
            take_pipelined()
            gate.opened.set()  # so that a response ends just before the next poll
            eventually(lambda: not channel.requests)

        monkeypatch.setattr(server._listener, "take_pipelined", take_pipelined_and_wait)
        connection.sendall(LAST_GET[20:])
        assert read_all(connection).count(b"\r\n\r\ndone") == 2


# --- making room ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET, id="a request, and is idle"),
        pytest.param(HALF, id="half a request"),
        pytest.param(GET_LARGE, id="a request, and does not read"),
        pytest.param(GET_LARGE * 100, id="a hundred requests, and does not read"),
    ],
)
def test_a_client_that_keeps_the_server_waiting_makes_room_for_a_new_one(
    serve: Serve, open_many: Callable[..., list[socket.socket]], sent: bytes
) -> None:
    server = serve(max_connections=8, grace_seconds=0.05)
    open_many(server, 30, sent)
    before = time.perf_counter()
    assert get(server, "/") == (200, b"done")
    assert time.perf_counter() - before < 5
    assert connections(server) <= 8


def test_a_client_that_trickles_makes_room_although_it_keeps_sending(
    serve: Serve, open_many: Callable[..., list[socket.socket]]
) -> None:
    server = serve(max_connections=8, grace_seconds=0.05)
    (trickling,) = open_many(server, 1, HALF)
    eventually(lambda: connections(server) == 1)
    (idle,) = open_many(server, 1, GET)
    read_answer(idle)

    def is_cut() -> bool:
        with ExitStack() as others:
            for _ in range(6):
                read_answer(others.enter_context(connect(server, GET)))
            try:
                trickling.sendall(b"x")
                return trickling.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True

    eventually(is_cut)
    assert get(server, "/") == (200, b"done")


def test_a_running_request_makes_no_room(
    serve: Serve, gate: Gate, open_many: Callable[..., list[socket.socket]]
) -> None:
    server = serve(max_connections=2, grace_seconds=0.05)
    hold = LAST_GET.replace(b"/ ", b"/hold ", 1)
    working = open_many(server, 2, hold)
    eventually(lambda: gate.held == 2)
    (waiting,) = open_many(server, 1, LAST_GET)
    gate.opened.set()
    assert [read_all(one)[-4:] for one in (*working, waiting)] == [b"done"] * 3


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET, id="a request, and is idle"),
        pytest.param(HALF, id="half a request"),
        pytest.param(GET_LARGE, id="a request, and does not read"),
    ],
)
def test_a_client_that_keeps_the_server_waiting_is_cut_after_a_while(
    serve: Serve, open_many: Callable[..., list[socket.socket]], sent: bytes
) -> None:
    server = serve(client_seconds=0.2)
    open_many(server, 1, sent)
    eventually(lambda: connections(server) == 1)
    eventually(lambda: connections(server) == 0)


def test_a_client_that_trickles_is_cut_after_a_while(
    serve: Serve, open_many: Callable[..., list[socket.socket]]
) -> None:
    server = serve(client_seconds=0.2)
    (trickling,) = open_many(server, 1, HALF)

    def is_cut() -> bool:
        try:
            trickling.sendall(b"x")
        except OSError:
            return True
        return False

    eventually(is_cut)


def test_the_time_of_the_app_is_not_the_clients(serve: Serve, gate: Gate) -> None:
    server = serve(client_seconds=0.01)
    with connect(server, LAST_GET.replace(b"/ ", b"/hold ", 1)) as held:
        eventually(lambda: gate.held == 1)
        with connect(server) as silent:
            assert silent.recv(1) == b""  # cut, while the running request goes on
        gate.opened.set()
        assert read_all(held).endswith(b"done")


# --- descriptors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("descriptors", "expected"),
    [(64, 32), (256, 128), (1024, 512), (1_000_000, 1000), (resource.RLIM_INFINITY, 1000), (4, 8)],
)
def test_the_number_of_connections_follows_the_descriptors_of_the_process(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert ConnectionLimits().connections == expected


def test_without_a_descriptor_it_makes_room_and_tries_again(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    accept = wasyncore.dispatcher.accept
    failures = iter([OSError(errno.EMFILE, "Too many open files")])

    def short_of_descriptors(self: Any) -> Any:
        for error in failures:
            raise error
        return accept(self)

    with connect(server, GET) as idle:
        read_answer(idle)
        monkeypatch.setattr(wasyncore.dispatcher, "accept", short_of_descriptors)
        assert get(server, "/") == (200, b"done")
        assert idle.recv(1) == b""
    assert caplog.messages == ["cannot accept a connection: Too many open files; trying again"]


def test_a_hundred_idle_connections_stop_no_server_of_64_descriptors(tmp_path: Path) -> None:
    limited = ("bash", "-c", 'ulimit -n 64; exec "$@"', "bash")
    running = ServerProcess(cwd=tmp_path, prefix=limited)
    with ExitStack() as opened:
        opened.callback(running.kill)
        port = int(running.facts["origin"].rpartition(":")[2])
        for _ in range(100):
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        assert running.request("GET", "/health").status == 200
        code, errors = running.end()
    assert (code, len(errors.splitlines()) < 10) == (0, True), errors


# --- disconnected clients -------------------------------------------------------------------------


def test_a_client_that_is_gone_while_an_error_is_written_leaves_no_traceback(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def is_gone(*_: object) -> None:
        raise ClientDisconnected

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(Channel, "write_soon", is_gone)
    assert talk(server, b"nonsense\r\n\r\n") == b""
    eventually(lambda: caplog.records)
    assert [record.levelname for record in caplog.records] == ["INFO"]
