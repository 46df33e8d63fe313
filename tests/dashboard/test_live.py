"""The stream of changes, over a socket."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from threading import active_count

import orjson
import pytest
from flask import Flask

from mock_sendpilot.changes import ALL, CLOCK, ENDPOINTS, EVENTS, LEADS, REQUESTS, TOPICS, Changes
from mock_sendpilot.dashboard.live import MAX_INTERVAL_SECONDS, TopicStream
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.api.expect import LEAD
from tests.support import Api, eventually, in_process, over_a_socket

PATH = "/dashboard/ws_demo/changes"


class Tab:
    """The stream of a tab, read line by line."""

    def __init__(self, server: EmulatorServer, headers: str = "") -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=5)
        changes = server.emulator.changes("ws_demo")
        path = f"{PATH}?since={changes.id}-{changes.latest}"
        request = f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n{headers}\r\n"
        self._socket.sendall(request.encode())
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\n")
        while self._lines.readline() != "retry: 1000\n":
            pass

    def topics(self) -> set[str]:
        """The topics of the next message."""
        for line in self._lines:
            if line.startswith("data: "):
                return set(orjson.loads(line.removeprefix("data: "))["topics"])
        return set()

    def read_to_end(self) -> str:
        return self._lines.read()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@contextmanager
def open_tabs(server: EmulatorServer, count: int = 1) -> Iterator[list[Tab]]:
    tabs = [Tab(server) for _ in range(count)]
    try:
        yield tabs
    finally:
        for tab in tabs:
            tab.close()


@pytest.fixture
def api(server: EmulatorServer) -> Api:
    return over_a_socket(server.origin)


def held_count(server: EmulatorServer) -> int:
    return len(server._http._listener.held)


@pytest.mark.parametrize(
    ("request_line", "body", "topics"),
    [
        pytest.param(f"GET {LEAD}", None, {REQUESTS}, id="a request"),
        pytest.param(
            f"PATCH {LEAD}/status", {"status": "DONE"}, {LEADS, EVENTS, REQUESTS}, id="a change"
        ),
        pytest.param("POST /_emulate/clock", {"freeze": True}, {CLOCK}, id="the clock"),
        pytest.param(
            "POST /_emulate/endpoints",
            {"url": "http://127.0.0.1:9/"},
            {ENDPOINTS},
            id="endpoint",
        ),
        pytest.param("POST /_emulate/reset", {}, {ALL}, id="a reset"),
        pytest.param("POST /_emulate/credits", {"used": 1}, {ALL}, id="contents"),
    ],
)
def test_a_tab_hears_the_topics_of_a_change(
    server: EmulatorServer, api: Api, request_line: str, body: object, topics: set[str]
) -> None:
    with open_tabs(server) as (tab,):
        assert api(*request_line.split(" "), json=body).status < 300
        found: set[str] = set()
        while not topics <= found:
            found |= tab.topics()
        assert found <= set(TOPICS)


def test_a_tab_hears_of_a_request_without_a_known_key(server: EmulatorServer, api: Api) -> None:
    with open_tabs(server) as (tab,):
        assert api("PATCH", f"{LEAD}/status", key="unknown", json={}).status == 401
        assert tab.topics() == {REQUESTS}


def test_a_page_of_an_earlier_server_is_to_be_drawn_again(app: Flask) -> None:
    reply = in_process(app.test_client())("GET", PATH, headers={"Last-Event-ID": "earlier-3"})
    assert b'data: {"topics":["all"]}' in reply.body


def test_another_server_answers_what_has_changed_and_ends(emulator: Emulator, app: Flask) -> None:
    changes = emulator.changes("ws_demo")
    since = f"{changes.id}-{changes.latest}"
    changes.note(CLOCK)
    reply = in_process(app.test_client())("GET", f"{PATH}?since={since}")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert b'data: {"topics":["clock"]}' in reply.body


def test_twenty_tabs_occupy_no_thread(server: EmulatorServer, api: Api) -> None:
    api("GET", "/_emulate/clock")
    threads = active_count()
    with open_tabs(server, 20) as tabs:
        api("GET", LEAD)
        assert all(REQUESTS in tab.topics() for tab in tabs)
        assert active_count() <= threads + 2
        assert held_count(server) == 20
    eventually(lambda: held_count(server) == 0)
    assert server.emulator.changes("ws_demo")._watchers == ()


def test_a_server_with_open_tabs_stops_at_once(server: EmulatorServer) -> None:
    with open_tabs(server, 5) as tabs:
        eventually(lambda: held_count(server) == 5)
        started_at = time.perf_counter()
        server.stop(timeout_seconds=60)
        assert time.perf_counter() - started_at < 20
        assert [tab.read_to_end().endswith("0\r\n\r\n") for tab in tabs] == [True] * 5


# --- how often ----------------------------------------------------------------------------------


def test_changes_in_a_row_are_sent_together_at_longer_and_longer_intervals() -> None:
    changes = Changes()
    stream = TopicStream(changes, 0)
    now, sent_at = 100.0, []
    stream._sent_at = 0.0
    while now < 110.0:
        changes.note(LEADS)
        if stream.due_at() <= now:
            assert b"leads" in stream.take(now)
            sent_at.append(now)
        now += 0.01
    intervals = [later - earlier for earlier, later in pairwise(sent_at)]
    assert intervals[0] == pytest.approx(0.1, abs=0.02)
    assert intervals[-1] == pytest.approx(MAX_INTERVAL_SECONDS, abs=0.02)
    assert len(sent_at) < 20


def test_many_streams_share_the_messages_of_a_second() -> None:
    changes = Changes()
    streams = [TopicStream(changes, 0) for _ in range(30)]
    for stream in streams:
        stream.connect(lambda: None)
    changes.note(LEADS)
    streams[0].take(100.0)
    changes.note(LEADS)

    assert streams[0].due_at() == pytest.approx(103.0)


def test_a_change_after_a_pause_is_sent_at_once() -> None:
    changes = Changes()
    stream = TopicStream(changes, 0)
    stream._sent_at = 0.0
    changes.note(LEADS)
    stream.take(100.0)
    assert stream.due_at() > 110.0  # nothing but the heartbeat
    changes.note(LEADS)
    assert stream.due_at() < 101.0


def test_a_stream_wakes_the_server_once_for_many_changes() -> None:
    changes = Changes()
    stream = TopicStream(changes, 0)
    calls: list[int] = []
    stream.connect(lambda: calls.append(1))
    changes.note(LEADS)
    changes.note(LEADS)
    assert len(calls) == 1
    stream.take(100.0)
    changes.note(LEADS)
    assert len(calls) == 2
    stream.close()
    stream.take(101.0)
    changes.note(LEADS)
    assert len(calls) == 2
