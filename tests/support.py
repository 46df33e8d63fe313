"""Parts that tests share: a reply, two ways to send requests, and the only waiting loop."""

import http.client
import socket
import time
import tracemalloc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask.testing import FlaskClient

from mock_sendpilot.cli.options import EXAMPLE_SECRET

DEMO_KEY = "YOUR_API_KEY"
OTHER_KEY = "YOUR_OTHER_API_KEY"
SECRET = EXAMPLE_SECRET


@dataclass(frozen=True)
class Reply:
    """An HTTP reply. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


Send = Callable[[str, str, dict[str, str], bytes | None], Reply]
"""Method, path, headers and body to the reply."""


class Api:
    """Asks the emulator, with the demo key unless `key` says otherwise (None: without a key)."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def __call__(
        self,
        method: str,
        path: str,
        *,
        key: str | None = DEMO_KEY,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {} if key is None else {"X-API-Key": key}
        if json is not None:
            body = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        return self._send(method, path, {**sent, **(headers or {})}, body)


ApiUnder = Callable[..., Api]
"""The fixture `api_under`: a contract and its options to requests under them."""


def in_process(client: FlaskClient) -> Api:
    """Ask the Flask app itself."""

    def send(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        reply = client.open(path, method=method, headers=headers, data=body)
        found = {name.lower(): value for name, value in reply.headers.items()}
        content = reply.get_data()
        reply.close()
        return Reply(reply.status_code, found, content)

    return Api(send)


def over_a_socket(origin: str) -> Api:
    """Ask a server; the path goes over the wire as it is written."""

    def send(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, found, reply.read())
        finally:
            connection.close()

    return Api(send)


def eventually(condition: Callable[[], object], *, timeout: float = 30.0) -> None:
    """Wait until the condition holds; fail when it does not in time, also on a busy machine."""
    deadline = time.perf_counter() + timeout
    while not condition():
        assert time.perf_counter() < deadline, f"not within {timeout} s: {condition}"
        time.sleep(0.005)


def occupied_bytes(make: Callable[[], object]) -> int:
    """Return the number of bytes that what `make` returns occupies."""
    make()  # what is imported, compiled or cached at the first call does not count
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = make()
        after, _ = tracemalloc.get_traced_memory()
        del made
    finally:
        tracemalloc.stop()
    return after - before


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port on which only those can listen who are told it, until the end of the context.

    One that is looked up and let go may be taken by another process.
    """
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so that it can be listened on
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def read_request(connection: socket.socket) -> None:
    """All of it: to close a connection with something unread resets it."""
    with connection.makefile("rb") as request:
        length = 0
        while line := request.readline().strip():
            name, _, value = line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
        request.read(length)


def without_plugins(*, beside: Collection[str]) -> list[str]:
    """Return pytest's options to block its cache and every plugin but those entry points.

    Importing all plugins that happen to be installed takes three times as long as a short test.
    """
    names = {point.name for point in entry_points(group="pytest11")} | {"cacheprovider"}
    return [word for name in sorted(names - {*beside}) for word in ("-p", f"no:{name}")]
