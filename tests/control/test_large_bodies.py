"""The bodies with a seed or a state: larger than others, and one at a time."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response

from mock_sendpilot.control.body_limits import MAX_SEED_BYTES
from mock_sendpilot.control.large_bodies import allow_large_bodies, takes_large_body
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.http_server.callers import connect
from tests.support import DEMO_KEY, eventually, over_a_socket

LARGE_BODY = b" " * 1_100_000


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.mark.parametrize(
    ("request_line", "size", "status"),
    [
        pytest.param(b"PUT /_emulate/state", MAX_SEED_BYTES, b"100", id="a state"),
        pytest.param(b"POST /_emulate/seed", MAX_SEED_BYTES, b"100", id="a seed"),
        pytest.param(b"POST /_emulate/workspaces", MAX_SEED_BYTES, b"100", id="a workspace"),
        pytest.param(b"PUT /_emulate/state", MAX_SEED_BYTES + 1, b"413", id="too large a state"),
        pytest.param(b"POST /_emulate/leads", MAX_SEED_BYTES, b"413", id="a lead"),
        pytest.param(b"PATCH /v1/leads/x/status", MAX_SEED_BYTES, b"413", id="the vendor's API"),
    ],
)
def test_only_seeds_and_states_are_as_large(
    server: EmulatorServer, request_line: bytes, size: int, status: bytes
) -> None:
    head = b"%b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with connect(server._http, head % (request_line, size)) as connection:
        assert connection.recv(65536).split()[1] == status


def test_a_state_of_100_000_leads_is_read(server: EmulatorServer) -> None:
    body = b'{"format": 0}' + b" " * 113_000_000
    headers = {"Content-Type": "application/json"}
    reply = over_a_socket(server.origin)("PUT", "/_emulate/state", body=body, headers=headers)
    assert (reply.status, "$" in reply.json["message"]) == (400, True)


def test_the_largest_body_of_a_seed_is_named(server: EmulatorServer) -> None:
    body = b" " * (MAX_SEED_BYTES + 1)
    reply = over_a_socket(server.origin)("POST", "/_emulate/seed", key=DEMO_KEY, body=body)
    assert reply.status == 413
    assert reply.json["message"] == "request entity too large: expected at most 160000000 bytes"


def test_large_bodies_are_loaded_one_at_a_time() -> None:
    app, may_end, entered = Flask("large"), threading.Event(), []
    allow_large_bodies(app)

    @app.post("/<name>")
    @takes_large_body
    def load(name: str) -> Response:
        entered.append(name)
        assert name == "small" or may_end.wait(5)
        return Response()

    def post(name: str, body: bytes) -> None:
        app.test_client().post(f"/{name}", data=body)

    threads = [threading.Thread(target=post, args=("large", LARGE_BODY)) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: entered == ["large"])
    post("small", b"{}")
    assert entered == ["large", "small"]
    may_end.set()
    for thread in threads:
        thread.join(5)
    assert entered == ["large", "small", "large"]
