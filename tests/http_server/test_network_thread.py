"""The network thread answers requests itself, until one of them takes too long."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.http_server.parsing import Parser
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.signals import event_recorded
from tests.http_server.callers import Gate, connect, get, read_all, read_answer, talk
from tests.support import DEMO_KEY, eventually, over_a_socket

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
GET_HOLD = LAST_GET.replace(b"/ ", b"/hold ", 1)


def answers_itself(_request: object) -> bool:
    return True


def threads_of(server: HttpServer) -> list[threading.Thread]:
    name = f"mock-sendpilot-http-{server.port}"
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_requests_that_never_wait_need_no_thread_of_the_pool(gate: Gate) -> None:
    with HttpServer(gate, never_waits=answers_itself, patience_seconds=60) as server:
        assert [get(server, "/") for _ in range(3)] == [(200, b"done")] * 3
        assert server._pool.thread_count == 0


def test_other_requests_are_answered_by_the_pool(gate: Gate) -> None:
    with (
        HttpServer(gate, never_waits=lambda request: request.path != "/hold") as server,
        connect(server, GET_HOLD) as caller,
    ):
        eventually(lambda: gate.held == 1)
        network_thread = server._network_thread
        assert get(server, "/") == (200, b"done")
        assert server._network_thread is network_thread
        gate.opened.set()
        assert read_all(caller).endswith(b"done")


def test_another_thread_takes_the_network_over_from_one_that_is_held_up(gate: Gate) -> None:
    with HttpServer(gate, never_waits=answers_itself, patience_seconds=0.01) as server:
        first = server._network_thread
        with connect(server, GET_HOLD) as caller:
            eventually(lambda: server._network_thread is not first)
            assert get(server, "/") == (200, b"done")
            gate.opened.set()
            assert read_all(caller).endswith(b"done")
        assert first is not None
        first.join(5)
        assert not first.is_alive()


def test_pipelined_requests_are_answered_without_a_pause(gate: Gate) -> None:
    many = LAST_GET.replace(b"Connection: close\r\n", b"") * 50 + LAST_GET
    with HttpServer(gate, never_waits=answers_itself) as server, connect(server, many) as caller:
        before = time.perf_counter()
        assert read_all(caller).count(b"\r\n\r\ndone") == 51
        assert time.perf_counter() - before < 15  # a poll that nothing wakes takes half a second


def test_the_requests_behind_a_slow_one_are_answered_by_the_pool(gate: Gate) -> None:
    with (
        HttpServer(gate, never_waits=answers_itself, patience_seconds=0.2) as server,
        ExitStack() as stack,
    ):
        for _ in range(8):
            stack.enter_context(connect(server, GET_HOLD))
        eventually(lambda: gate.held == 8)
        assert len(threads_of(server)) == 3  # one is held up, one serves, one stands by
        gate.opened.set()


def test_the_network_thread_answers_again_when_no_request_is_slow(gate: Gate) -> None:
    with HttpServer(gate, never_waits=answers_itself, patience_seconds=0.05) as server:
        first = server._network_thread
        with connect(server, GET_HOLD) as caller:
            eventually(lambda: server._network_thread is not first)
            gate.opened.set()
            assert read_all(caller).endswith(b"done")
        eventually(lambda: first not in threads_of(server))
        assert get(server, "/") == (200, b"done")
        assert server._pool.thread_count == 0


def test_the_client_with_the_oldest_answer_is_answered_first(gate: Gate) -> None:
    paths: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        return gate(environ, start_response)

    with (
        HttpServer(app, never_waits=answers_itself, patience_seconds=60) as server,
        connect(server) as early,
        connect(server) as late,
    ):
        for caller in (late, early):
            caller.sendall(GET)
            read_answer(caller)
        with connect(server, GET_HOLD):
            eventually(lambda: gate.held == 1)
            early.sendall(GET.replace(b"/ ", b"/early ", 1))
            late.sendall(GET.replace(b"/ ", b"/late ", 1))
            gate.opened.set()
            read_answer(early)
    assert paths[-2:] == ["/late", "/early"]


def test_requests_do_not_wake_the_thread_that_stands_by_again_and_again(gate: Gate) -> None:
    wake_ups = []

    class CountingEvent(threading.Event):
        def set(self) -> None:
            wake_ups.append(self)
            super().set()

    server = HttpServer(gate, never_waits=answers_itself, patience_seconds=60)
    server._has_work = CountingEvent()
    with server:
        for _ in range(20):
            get(server, "/")
        assert len(wake_ups) == 1


def test_parts_that_a_slow_handler_has_written_are_sent_before_it_ends(gate: Gate) -> None:
    def app(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8")])
        yield b"half"
        gate.opened.wait(20)
        yield b"done"

    with (
        HttpServer(app, never_waits=answers_itself, patience_seconds=0.01) as server,
        connect(server, LAST_GET) as caller,
    ):
        received = b""
        while not received.endswith(b"half"):
            received += caller.recv(65536)
        gate.opened.set()
        assert read_all(caller) == b"done"


def test_a_thread_that_was_held_up_stands_by_when_the_system_has_no_other(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start_no_thread(_target: object) -> None:
        raise RuntimeError("can't start new thread")

    with HttpServer(gate, never_waits=answers_itself, patience_seconds=0.01) as server:
        monkeypatch.setattr(server, "_start_thread", start_no_thread)
        for _ in range(2):
            gate.opened.clear()
            held_up = server._network_thread
            with connect(server, GET_HOLD):
                eventually(lambda held_up=held_up: server._network_thread is not held_up)  # type: ignore[misc]
                assert get(server, "/") == (200, b"done")
                gate.opened.set()
                eventually(lambda: not server._lacks_standby)


def test_the_thread_that_stands_by_ends_with_the_server(gate: Gate) -> None:
    server = HttpServer(gate, never_waits=answers_itself)

    class StoppedMeanwhile(threading.Event):
        def clear(self) -> None:
            server.stop()
            super().clear()

    server._has_work = StoppedMeanwhile()
    server.start()
    eventually(lambda: not threads_of(server))


class Recorder:
    """Background work that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def requests_came(self) -> None:
        self.calls.append("came")

    def requests_answered(self, count: int) -> None:
        self.calls.append(f"answered {count}")

    def requests_ended(self) -> None:
        self.calls.append("ended")


def test_a_server_that_stops_holds_nothing_back(gate: Gate) -> None:
    background = Recorder()
    server = HttpServer(gate, never_waits=answers_itself, background=background)
    server.stop()
    assert background.calls == ["ended"]


def test_a_request_that_holds_up_its_thread_holds_back_nothing_else(gate: Gate) -> None:
    background = Recorder()
    with (
        HttpServer(
            gate, never_waits=answers_itself, background=background, patience_seconds=0.01
        ) as server,
        connect(server, GET_HOLD) as caller,
    ):
        eventually(lambda: background.calls == ["came", "ended"])
        gate.opened.set()
        assert read_all(caller).endswith(b"done")


def test_a_pipelined_request_that_fails_before_its_handler_ends_only_its_connection(
    gate: Gate,
) -> None:
    def fails_at_hold(request: Parser) -> bool:
        if request.path == "/hold":
            raise ValueError(request.path)
        return True

    with HttpServer(gate, never_waits=fails_at_hold) as server:
        assert talk(server, LAST_GET.replace(b"Connection: close\r\n", b"") + GET_HOLD).endswith(
            b"done"
        )
        assert get(server, "/") == (200, b"done")


def test_a_handler_that_ends_its_thread_ends_only_its_connection(
    answering: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/exit":
            raise SystemExit
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    with HttpServer(app, **answering) as server:
        leaving = LAST_GET.replace(b"/ ", b"/exit ", 1)
        with connect(server, leaving) as caller:
            assert read_all(caller) == b""
        assert get(server, "/") == (200, b"done")
    assert "a request could not be answered" in caplog.text


def test_the_pool_answers_when_the_body_is_large(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        api = over_a_socket(server.origin)
        assert api("GET", "/v1/leads/lead_1").status == 404
        assert server._http._pool.thread_count == 0
        body = b'{"status": "' + b"x" * 100_000 + b'"}'
        assert api("PATCH", "/v1/leads/lead_1/status", body=body).status == 400
        assert server._http._pool.thread_count == 1


def test_a_signal_receiver_may_call_the_api_over_http(
    make_emulator: Callable[..., Emulator],
) -> None:
    emulator = make_emulator()
    with EmulatorServer(emulator) as server:
        api = over_a_socket(server.origin)
        workspace = emulator.keys.open(DEMO_KEY).workspace
        statuses = []
        has_called = threading.Event()

        def call_again(_workspace: object, **_: object) -> None:
            if not has_called.is_set():
                has_called.set()
                reply = api("PATCH", "/v1/leads/lead_az4fr5/status", json={"status": "DONE"})
                statuses.append(reply.status)

        event_recorded.connect(call_again, sender=workspace)
        before = time.perf_counter()
        reply = api("PATCH", "/v1/leads/lead_abc123/status", json={"status": "OPPORTUNITY"})
        assert time.perf_counter() - before < 8  # a caller gives up after 10 s
    assert (reply.status, statuses) == (200, [200])
