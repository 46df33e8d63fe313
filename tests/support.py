"""What tests share: a reply, two ways to ask, and the only waiting loop."""

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from flask.testing import FlaskClient

DEMO_KEY = "YOUR_API_KEY"
OTHER_KEY = "YOUR_OTHER_API_KEY"
SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


@dataclass(frozen=True)
class Reply:
    """An HTTP reply. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Api(Protocol):
    """Asks the emulator, with the demo key unless `key` says otherwise (None: without a key)."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        key: str | None = DEMO_KEY,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply: ...


def _request(
    key: str | None, json: object, body: bytes | None, headers: Mapping[str, str] | None
) -> tuple[dict[str, str], bytes | None]:
    sent = {} if key is None else {"X-API-Key": key}
    if json is not None:
        body = orjson.dumps(json)
        sent["Content-Type"] = "application/json"
    return {**sent, **(headers or {})}, body


def in_process(client: FlaskClient) -> Api:
    """Ask the Flask app itself."""

    def ask(
        method: str,
        path: str,
        *,
        key: str | None = DEMO_KEY,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent, content = _request(key, json, body, headers)
        reply = client.open(path, method=method, headers=sent, data=content)
        found = {name.lower(): value for name, value in reply.headers.items()}
        return Reply(reply.status_code, found, reply.get_data())

    return ask


def over_a_socket(origin: str) -> Api:
    """Ask a server; the path goes over the wire as it is written."""

    def ask(
        method: str,
        path: str,
        *,
        key: str | None = DEMO_KEY,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent, content = _request(key, json, body, headers)
        connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=10)
        try:
            connection.request(method, path, content, sent)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, found, reply.read())
        finally:
            connection.close()

    return ask


def eventually(condition: Callable[[], object], *, within: float = 5.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.perf_counter() + within
    while not condition():
        assert time.perf_counter() < deadline, f"not within {within} s: {condition}"
        time.sleep(0.005)
