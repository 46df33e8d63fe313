"""The thread that forwards: what ends it, and what does not."""

import queue
import threading
from typing import Any, NoReturn

import pytest

from mock_sendpilot.cli import forward
from mock_sendpilot.cli.control import NoAnswer, Refused, Server
from mock_sendpilot.cli.forward import Forwarding, Registration, growing_pauses
from tests.support import eventually

SERVER = Server("http://127.0.0.1:9", "YOUR_API_KEY", None)
REGISTRATION = Registration("log_1", "ep_1")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(Refused("the endpoint is gone"), "the endpoint is gone", id="refused"),
        pytest.param(KeyError("url"), "forwarding: KeyError('url')", id="another version"),
        pytest.param(ValueError("base64"), "forwarding: ValueError('base64')", id="no base64"),
        pytest.param(MemoryError(), "forwarding: MemoryError()", id="no memory"),
    ],
)
def test_what_ends_it_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def ask_for(*_: Any, **__: Any) -> NoReturn:
        raise error

    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(forward, "ask_for", ask_for)
    monkeypatch.setattr(forward, "ask", lambda *_, **__: {"log": REGISTRATION.log})
    Forwarding(SERVER, REGISTRATION, reasons.put)

    assert reasons.get(timeout=5) == reason


@pytest.mark.parametrize(
    ("error", "log"),
    [
        pytest.param(NoAnswer("the server is gone"), "log_1", id="no answer"),
        pytest.param(Refused("no such endpoint"), "log_3", id="restarted"),
    ],
)
def test_a_server_that_is_lost_or_restarted_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, log: str
) -> None:
    asked: list[str] = []

    def ask_for(_server: Server, _method: str, path: str, *_: Any, **__: Any) -> NoReturn:
        asked.append(path)
        raise error

    reasons: list[str] = []
    monkeypatch.setattr(forward, "ask_for", ask_for)
    monkeypatch.setattr(forward, "ask", lambda *_, **__: {"log": log})
    forwarding = Forwarding(SERVER, REGISTRATION, reasons.append)
    eventually(lambda: asked)
    forwarding.resume(Registration("log_2", "ep_2"))
    eventually(lambda: "/endpoints/ep_2/forwarding?waitSeconds=5" in asked)
    forwarding.stop()

    assert reasons == []


def test_its_thread_ends_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "ask_for", lambda *_, **__: None)
    before = threading.active_count()
    forwarding = Forwarding(SERVER, REGISTRATION, lambda _reason: None)
    forwarding.stop()

    eventually(lambda: threading.active_count() == before)


def test_pauses_grow_up_to_ten_seconds() -> None:
    pauses = growing_pauses()

    assert [next(pauses) for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
