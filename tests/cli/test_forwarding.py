"""The thread that forwards: what ends it, and what does not."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mock_sendpilot.cli.client import Client, Reply, RequestFailed, RequestRefused
from mock_sendpilot.cli.listener import Forwarder, Registration, growing_pauses
from tests.support import eventually


@dataclass(frozen=True)
class FakeClient(Client):
    """A client whose requests for forwarded webhooks raise an error, or return nothing."""

    url: str = "http://127.0.0.1:9"
    api_key: str = "YOUR_API_KEY"
    error: Exception | None = None
    log: str = "log_1"
    paths: list[str] = field(default_factory=list)

    def request_or_none(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        self.paths.append(path)
        if self.error is not None:
            raise self.error

    def request(self, *_: Any, **__: Any) -> Reply:
        return Reply(self.url, {"log": self.log})


REGISTRATION = Registration("log_1", "ep_1")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(RequestRefused("the endpoint is gone"), "the endpoint is gone", id="refused"),
        pytest.param(KeyError("url"), "forwarding: KeyError('url')", id="another version"),
        pytest.param(ValueError("base64"), "forwarding: ValueError('base64')", id="no base64"),
        pytest.param(MemoryError(), "forwarding: MemoryError()", id="no memory"),
    ],
)
def test_an_error_ends_it_with_a_reason(error: Exception, reason: str) -> None:
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    Forwarder(FakeClient(error=error), REGISTRATION, reasons.put)

    assert reasons.get(timeout=5) == reason


@pytest.mark.parametrize(
    ("error", "log"),
    [
        pytest.param(RequestFailed("the server is gone"), "log_1", id="no answer"),
        pytest.param(RequestRefused("no such endpoint"), "log_3", id="restarted"),
    ],
)
def test_a_server_that_is_lost_or_restarted_does_not_end_it(error: Exception, log: str) -> None:
    client = FakeClient(error=error, log=log)
    reasons: list[str] = []
    forwarder = Forwarder(client, REGISTRATION, reasons.append)
    eventually(lambda: client.paths)
    forwarder.resume(Registration("log_2", "ep_2"))
    eventually(lambda: "/endpoints/ep_2/forwarding?waitSeconds=5" in client.paths)
    forwarder.stop()

    assert reasons == []


def test_its_thread_ends_when_it_is_stopped() -> None:
    before = threading.active_count()
    forwarder = Forwarder(FakeClient(), REGISTRATION, lambda _reason: None)
    forwarder.stop()

    eventually(lambda: threading.active_count() == before)


def test_pauses_grow_up_to_ten_seconds() -> None:
    pauses = growing_pauses()

    assert [next(pauses) for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
