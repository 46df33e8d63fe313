"""The HTTP server: hanging callers, stopping, and what never reaches the app."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_sendpilot.http_server.server import HttpServer
from tests.http_server.callers import Gate, get, talk
from tests.support import eventually


def test_32_callers_that_hang_do_not_stop_another(server: HttpServer, gate: Gate) -> None:
    with ThreadPoolExecutor(32) as callers:
        waiting = [callers.submit(get, server, "/hold") for _ in range(32)]
        eventually(lambda: gate.held == 32)
        assert get(server, "/") == (200, b"done")
        gate.opened.set()
        assert [one.result() for one in waiting] == [(200, b"done")] * 32


def test_32_clients_that_send_half_a_request_do_not_stop_another(server: HttpServer) -> None:
    address = ("127.0.0.1", server.port)
    slow = [socket.create_connection(address) for _ in range(32)]
    try:
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert get(server, "/") == (200, b"done")
    finally:
        for connection in slow:
            connection.close()


def test_a_connection_serves_several_requests(server: HttpServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"done"
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1


def test_stopping_finishes_what_is_in_flight(gate: Gate, answering: dict[str, Any]) -> None:
    server = HttpServer(gate, **answering)
    server.start()
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(get, server, "/hold")
        eventually(lambda: gate.held == 1)
        threading.Timer(0.1, gate.opened.set).start()
        server.stop()
        assert waiting.result() == (200, b"done")


def test_stopping_does_not_wait_longer_than_it_may(gate: Gate, answering: dict[str, Any]) -> None:
    server = HttpServer(gate, **answering)
    server.start()
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(get, server, "/hold")
        eventually(lambda: gate.held == 1)
        before = time.perf_counter()
        server.stop(timeout_seconds=0.1)
        assert time.perf_counter() - before < 10  # the request ends after 20
        try:
            error = waiting.exception(timeout=10)
        finally:
            gate.opened.set()
        assert isinstance(error, http.client.HTTPException | OSError)


def test_a_stopped_server_refuses_connections(gate: Gate) -> None:
    server = HttpServer(gate)
    server.start()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        get(server, "/")


def test_a_server_can_be_stopped_twice_and_before_it_was_started(gate: Gate) -> None:
    HttpServer(gate).stop()
    server = HttpServer(gate)
    server.start()
    server.stop()
    server.stop()


def test_a_server_that_was_stopped_does_not_start_again(gate: Gate) -> None:
    server = HttpServer(gate)
    server.stop()
    with pytest.raises(RuntimeError, match="was stopped; make a new one to listen again"):
        server.start()


def test_a_server_that_ran_does_not_start_again(gate: Gate) -> None:
    with HttpServer(gate) as server:
        pass
    with pytest.raises(RuntimeError, match="was stopped; make a new one to listen again"):
        server.start()


def test_a_running_server_does_not_start_twice(server: HttpServer) -> None:
    with pytest.raises(RuntimeError, match="is running already; start it once"):
        server.start()
    assert get(server, "/") == (200, b"done")


@pytest.mark.parametrize("host", ["::", "[::]"])
def test_the_ipv6_wildcard_takes_ipv4_callers_as_well(gate: Gate, host: str) -> None:
    with HttpServer(gate, host=host) as server:
        assert server.origin == f"http://[::1]:{server.port}"
        assert get(server, "/") == (200, b"done")


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_address_may_stand_in_brackets(gate: Gate, host: str) -> None:
    with HttpServer(gate, host=host) as server:
        assert server.origin == f"http://[::1]:{server.port}"
        assert get(server, "/", host="::1") == (200, b"done")


def test_a_port_that_is_taken_is_an_error(server: HttpServer, gate: Gate) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        HttpServer(gate, port=server.port)


def test_a_name_with_several_addresses_gets_one_server(gate: Gate) -> None:
    with HttpServer(gate, host="localhost") as server:
        assert get(server, "/") == (200, b"done")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request line"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400, id="encoding"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, id="huge"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 262_150 + b"\r\n\r\n", 431, id="header"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, id="negative length"
        ),
    ],
)
def test_a_request_that_the_app_never_sees_is_answered_in_the_vendors_envelope(
    gate: Gate, sent: bytes, status: int
) -> None:
    with HttpServer(gate, speaks_for_vendor=True) as server:
        head, _, body = talk(server, sent).partition(b"\r\n\r\n")
    assert head.split()[1] == str(status).encode()
    assert b"application/json" in head
    assert list(json.loads(body)) == ["statusCode", "message", "error"]
    assert json.loads(body)["statusCode"] == status


@pytest.mark.parametrize(
    ("speaks_for_vendor", "status"),
    [
        pytest.param(True, 400, id="the emulator"),
        pytest.param(False, 500, id="somebody else's app"),
    ],
)
def test_only_the_emulator_hides_a_crash_behind_a_400(
    *,
    speaks_for_vendor: bool,
    status: int,
) -> None:
    def app(_environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
        raise RuntimeError("a bug of the app")

    with HttpServer(app, speaks_for_vendor=speaks_for_vendor) as server:
        found, _ = get(server, "/")
    assert found == status
