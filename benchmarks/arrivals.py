"""The client of the receiver's process: the arrivals it noted, and the status it returns."""

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager

from benchmarks.processes import Started, started

_MAX_SECONDS = 120.0
_PAUSE_SECONDS = 0.05  # asking more often would take time from what is measured


def receiver() -> AbstractContextManager[Started]:
    """A receiver in a process of its own."""
    return started("-m", "benchmarks.receiver")


def arrivals(port: int, count: int) -> list[float]:
    """Return when each of `count` events arrived, after the last; the receiver forgets them.

    Raises:
        RuntimeError: there were fewer in time.
    """
    deadline = time.monotonic() + _MAX_SECONDS
    while (found := int(get(port, "/count"))) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{found} of {count} events within {_MAX_SECONDS:g} s")
        time.sleep(_PAUSE_SECONDS)
    times: list[float] = json.loads(get(port, "/arrivals"))
    return times


def answer_with(port: int, status: int) -> None:
    """Make the receiver respond with this status to every event from now on."""
    request(port, "PUT", f"/status/{status}")


def get(port: int, path: str) -> bytes:
    """The body of a GET."""
    return request(port, "GET", path)


def request(
    port: int,
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 5,
) -> bytes:
    """The body of a reply, which must be a 200 and come within so many seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        if reply.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path} returned {reply.status}: {reply.read(300)!r}")
        return reply.read()
    finally:
        connection.close()
