"""Responses as they go over the wire: the same bytes as those of waitress."""

import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waitress.task import WSGITask

from mock_sendpilot.http_server.connections import ConnectionLimits, Listener
from mock_sendpilot.http_server.direct import DirectCall
from mock_sendpilot.http_server.tasks import AppTask, DateHeader
from mock_sendpilot.network import listening_socket

SECONDS = 1_780_304_400.5


class OurTask(AppTask):
    def start(self) -> None:
        self.start_time = SECONDS


class WaitressTask(WSGITask):  # type: ignore[misc]
    def start(self) -> None:
        self.start_time = SECONDS


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener(
        None,
        limits=ConnectionLimits(),
        map={},
        _sock=listening_socket(("127.0.0.1", 0), family=socket.AF_INET, backlog=1),
        bind_socket=False,
        sockinfo=(socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", 0)),
    )
    yield made
    made.close()


def response(task_class: Any, listener: Listener, request: bytes) -> tuple[list[bytes], bool]:
    call = DirectCall(listener, 50_000)
    call.request.received(request)
    task = task_class(call, call.request)
    task.service()
    return call._written, task.close_on_finish


names = st.sampled_from(
    ["Content-Type", "content-type", "X-Request-Id", "X-Emulator-Hint", "Date", "Server", "X-a"]
)
heads = st.lists(st.tuples(names, st.sampled_from(["a", "b; c", "\xe9"])), max_size=4)


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(
    request_line=st.sampled_from(["GET / HTTP/1.1", "HEAD / HTTP/1.1", "GET / HTTP/1.0"]),
    connection=st.sampled_from(["", "Connection: close\r\n", "Connection: keep-alive\r\n"]),
    status=st.sampled_from(["200 OK", "201 Created", "204 No Content", "304 Not Modified"]),
    headers=heads,
    length=st.sampled_from(["its own", "its own", "none", "0", "3", "003"]),
    chunks=st.lists(st.sampled_from([b"", b"abc", b"{}" * 5000]), max_size=3),
)
def test_any_response_is_the_same(
    *,
    listener: Listener,
    request_line: str,
    connection: str,
    status: str,
    headers: list[tuple[str, str]],
    length: str,
    chunks: list[bytes],
) -> None:
    own_length = str(sum(map(len, chunks)))
    lengths = {"none": [], "its own": [("Content-Length", own_length)]}
    all_headers = [*headers, *lengths.get(length, [("Content-Length", length)])]

    def app(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, all_headers)
        return chunks

    listener.application = app
    request = f"{request_line}\r\nHost: x\r\n{connection}\r\n".encode()
    ours, ours_closes = response(OurTask, listener, request)
    theirs, theirs_closes = response(WaitressTask, listener, request)

    assert (b"".join(ours), ours_closes) == (b"".join(theirs), theirs_closes)


def test_a_response_with_a_length_is_written_in_one_piece(listener: Listener) -> None:
    def app(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    listener.application = app
    written, _ = response(OurTask, listener, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert [one[-6:] for one in written] == [b"\r\n\r\nok"]


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        pytest.param(0.0, "Thu, 01 Jan 1970 00:00:00 GMT", id="first second"),
        pytest.param(-0.5, "Wed, 31 Dec 1969 23:59:59 GMT", id="before 1970"),
        pytest.param(SECONDS, "Mon, 01 Jun 2026 09:00:00 GMT", id="later"),
    ],
)
def test_the_date_follows_the_time(seconds: float, date: str) -> None:
    header = DateHeader()
    header.at(SECONDS - 1)

    assert header.at(seconds) == header.at(seconds) == date
