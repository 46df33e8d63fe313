"""Libraries that tests replace the network with, each as a context, and what each has recorded.

Imports nothing of the project: `python -m tests.testing.network_mocks NAME` sends a webhook with
everything imported for the first time while the library is active.
"""

# what is imported when is the point
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

Recorded = Callable[[], list[Any]]
"""The calls that a library takes for those of the app under test."""


@contextmanager
def _responses() -> Iterator[Recorded]:
    import responses

    with responses.RequestsMock() as mock:
        yield lambda: list(mock.calls)


@contextmanager
def _requests_mock() -> Iterator[Recorded]:
    import requests_mock

    with requests_mock.Mocker() as mock:
        yield lambda: list(mock.request_history)


@contextmanager
def _vcrpy() -> Iterator[Recorded]:
    import vcr

    with tempfile.TemporaryDirectory() as folder:
        cassette_path = str(Path(folder) / "cassette.yaml")
        with vcr.VCR(record_mode=vcr.mode.ALL).use_cassette(cassette_path) as cassette:
            yield lambda: list(cassette.requests)


@contextmanager
def _pook() -> Iterator[Recorded]:
    import pook

    with pook.use():
        yield lambda: list(pook.unmatched_requests())


@contextmanager
def _pytest_socket() -> Iterator[Recorded]:
    import pytest_socket

    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    try:
        yield list
    finally:
        pytest_socket._remove_restrictions()


@contextmanager
def _httpretty() -> Iterator[Recorded]:
    import httpretty

    with httpretty.enabled(allow_net_connect=False):
        yield lambda: list(httpretty.latest_requests())


MOCKS: Mapping[str, Callable[[], AbstractContextManager[Recorded]]] = {
    "responses": _responses,
    "requests-mock": _requests_mock,
    "vcrpy": _vcrpy,
    "pook": _pook,
    "pytest-socket": _pytest_socket,
    "httpretty": _httpretty,
}


def main(name: str) -> None:
    """Import the project while a library is active, send a webhook, and print what came of it."""
    with MOCKS[name]() as recorded:
        assert not [one for one in sys.modules if one.startswith("mock_sendpilot")]
        from mock_sendpilot.emulator import Emulator
        from mock_sendpilot.testing.receiver import WebhookReceiver
        from mock_sendpilot.webhooks.triggers import send_test_event
        from mock_sendpilot.world.seed import WorkspaceSeed

        emulator = Emulator()
        workspace = emulator.add_workspace(WorkspaceSeed(id="ws_1", name="One", api_keys=()))
        outbox = emulator.outbox(workspace)
        with WebhookReceiver() as receiver:
            endpoint = outbox.endpoints.add(receiver.url)
            send_test_event(workspace, outbox, endpoint.id, None)
            receiver.wait_for(count=1, timeout=10)
        emulator.close()
        print(f"received 1, recorded {len(recorded())}")  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(sys.argv[1])
