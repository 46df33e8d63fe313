"""A server with an app that can be held up."""

from collections.abc import Iterator

import pytest

from mock_sendpilot.http_server import HttpServer
from tests.server.callers import Gate


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def server(gate: Gate) -> Iterator[HttpServer]:
    with HttpServer(gate) as running:
        yield running
        gate.opened.set()
