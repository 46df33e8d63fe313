"""A server with an app that can be held up, once answering in its pool, once by itself."""

from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.http_server.server import HttpServer
from tests.http_server.callers import Gate


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture(
    params=[
        pytest.param({}, id="in the pool"),
        pytest.param({"never_waits": lambda _: True}, id="in the network thread"),
    ]
)
def answering(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options that decide which thread answers."""
    options: dict[str, Any] = request.param
    return options


@pytest.fixture
def server(gate: Gate, answering: dict[str, Any]) -> Iterator[HttpServer]:
    with HttpServer(gate, **answering) as running:
        yield running
        gate.opened.set()
