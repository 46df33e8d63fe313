"""Responses that come late, slowly, in part or not at all, as their app asks."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from mock_sendpilot.http_server.connections import ConnectionLimits
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.http_server.transmission import TRANSMIT, Transmission
from tests.http_server.callers import connect, get, read_all
from tests.support import eventually

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"0123456789" * 10
PATHS = {
    "/late": Transmission(delay_seconds=0.2),
    "/slow": Transmission(bytes_per_second=1000),
    "/hang": Transmission(ending="hang"),
    "/reset": Transmission(part="nothing", ending="reset"),
    "/reset-half": Transmission(part="half", ending="reset"),
    "/empty": Transmission(part="nothing", ending="close"),
    "/half": Transmission(part="half", ending="close"),
}


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    transmission = PATHS.get(environ["PATH_INFO"])
    if transmission is not None:
        environ[TRANSMIT](transmission)
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]


@pytest.fixture
def server(answering: dict[str, Any]) -> Iterator[HttpServer]:
    with HttpServer(app, **answering) as running:
        yield running


def asked(path: str, *, then: bytes = b"") -> bytes:
    return GET.replace(b"/ ", path.encode() + b" ", 1) + then


def test_a_late_response_comes_after_its_delay(server: HttpServer) -> None:
    began_at = time.perf_counter()
    assert get(server, "/late") == (200, BODY)
    assert time.perf_counter() - began_at >= 0.2


def test_a_slow_response_comes_in_parts(server: HttpServer) -> None:
    began_at = time.perf_counter()
    assert get(server, "/slow") == (200, BODY)
    assert time.perf_counter() - began_at >= 0.1


def test_a_connection_goes_on_after_a_late_response(server: HttpServer) -> None:
    last = asked("/", then=b"").replace(b"Host: x", b"Host: x\r\nConnection: close")
    with connect(server, asked("/late", then=last)) as caller:
        assert read_all(caller).count(BODY) == 2


def test_a_response_can_be_cut_off(server: HttpServer) -> None:
    with connect(server, asked("/half")) as caller:
        head, _, body = read_all(caller).partition(b"\r\n\r\n")
    assert b"Content-Length: 100" in head
    assert body == BODY[:50]


def test_a_response_can_be_empty(server: HttpServer) -> None:
    with connect(server, asked("/empty")) as caller:
        assert read_all(caller) == b""


@pytest.mark.parametrize("path", ["/reset", "/reset-half"])
def test_a_connection_can_be_reset(server: HttpServer, path: str) -> None:
    with connect(server, asked(path)) as caller, pytest.raises(ConnectionResetError):
        read_all(caller)


def test_a_hung_response_ends_when_the_client_gives_up(server: HttpServer) -> None:
    with connect(server, asked("/hang")) as caller:
        eventually(lambda: len(server._listener.held) == 1)
        caller.settimeout(0.05)
        with pytest.raises(TimeoutError):
            caller.recv(1)
    eventually(lambda: not server._listener.held)


@pytest.mark.parametrize("path", ["/hang", "/late"])
def test_200_held_responses_occupy_no_thread(server: HttpServer, path: str) -> None:
    callers = [connect(server, asked("/hang")) for _ in range(200)]
    eventually(lambda: len(server._listener.held) == 200)

    assert [get(server, "/") for _ in range(20)] == [(200, BODY)] * 20
    eventually(lambda: server._pool.thread_count == server._pool.idle_count)
    for caller in callers:
        caller.close()


def test_a_hung_response_ends_where_its_place_is_needed() -> None:
    limits = ConnectionLimits(max_connections=8)
    with HttpServer(app, limits=limits, never_waits=lambda _: True) as server:
        callers = [connect(server, asked("/hang")) for _ in range(12)]
        assert get(server, "/") == (200, BODY)
        for caller in callers:
            caller.close()


def test_a_server_with_held_responses_stops_at_once(server: HttpServer) -> None:
    with connect(server, asked("/hang")) as caller:
        eventually(lambda: server._listener.held)
        began_at = time.perf_counter()
        server.stop(timeout_seconds=60)
        assert time.perf_counter() - began_at < 20
        assert read_all(caller) == b""
