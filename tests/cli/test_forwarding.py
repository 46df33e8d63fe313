"""The thread that forwards: whatever ends it is told, and ends the process."""

import os
import signal
from typing import Any, NoReturn

import pytest

from mock_sendpilot.cli import forward
from mock_sendpilot.cli.control import NoAnswer, Server
from tests.support import eventually

SERVER = Server("http://127.0.0.1:9", "YOUR_API_KEY", None)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The signals that were sent, in place of this process getting them."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(NoAnswer("the server is gone"), "the server is gone", id="no answer"),
        pytest.param(KeyError("url"), "forwarding: KeyError('url')", id="another version"),
        pytest.param(ValueError("base64"), "forwarding: ValueError('base64')", id="no base64"),
        pytest.param(MemoryError(), "forwarding: MemoryError()", id="no memory"),
    ],
)
def test_whatever_ends_it_is_told_and_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
    told: list[tuple[int, int]],
    error: Exception,
    reason: str,
) -> None:
    def ask_for(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(forward, "ask_for", ask_for)
    forwarding = forward.Forwarding(SERVER, "ep_1")
    eventually(lambda: told)

    assert (forwarding.end_reason, told) == (reason, [(os.getpid(), signal.SIGTERM)])
