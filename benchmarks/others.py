"""Throughput of a comparable request on other packages' servers, where they are installed.

pytest-httpserver answers the same PATCH with fixed JSON; localstripe updates a customer with a key.
Neither sends an event, so the emulator has no endpoint here. Each round runs all of them in turn.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from benchmarks import load
from benchmarks.processes import Started, started
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import emulator, message, patches

_CONNECTIONS = (1, 8)
_FORM = "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Bearer sk_benchmark"

Streams = Sequence[Sequence[str]]
Runner = tuple[Started, Callable[[int], Streams]]
"""A server, and the requests of so many connections to it."""


def run(settings: Settings) -> Iterator[Finding]:
    """Measure those that are installed."""
    packages = {"pytest-httpserver": "pytest_httpserver", "localstripe": "localstripe"}
    missing = [name for name, package in packages.items() if find_spec(package) is None]
    yield from (Skipped(f"requests per second vs {name}", "not installed") for name in missing)
    if len(missing) == len(packages):
        return
    with ExitStack() as stack:
        runners: dict[str, Runner] = {"ours": (stack.enter_context(emulator()), _patches)}
        for name in packages.keys() - set(missing):
            runners[name] = _start(stack, name)
        for count in _CONNECTIONS:
            yield from _at(count, runners, settings)


def _at(count: int, runners: dict[str, Runner], settings: Settings) -> Iterator[Finding]:
    found: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(settings.rounds):
        for name, (server, streams) in runners.items():
            replies = load.for_seconds(server.port, streams(count), settings.seconds)
            found[name].append(replies.per_second)
    for name in sorted(runners.keys() - {"ours"}):
        yield Row(
            name=f"PATCH, {count} conn., per second",
            unit="requests/s",
            ours=found["ours"],
            baseline_name=name,
            baseline=found[name],
            note="more is better",
        )


def _start(stack: ExitStack, name: str) -> Runner:
    child = name.removeprefix("pytest-")
    server = stack.enter_context(started("-m", "benchmarks.comparable", child))
    if name == "pytest-httpserver":
        return server, lambda count: [patches(0)] * count
    customers = [_customer(server.port) for _ in range(max(_CONNECTIONS))]
    return server, lambda count: [_updates(customer) for customer in customers[:count]]


def _patches(count: int) -> Streams:
    return [patches(number) for number in range(count)]


def _updates(customer_id: str) -> list[str]:
    path = f"/v1/customers/{customer_id}"
    return [message("POST", path, f"description={text}", _FORM) for text in ("one", "two")]


def _customer(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = dict(line.split(": ") for line in _FORM.split("\r\n"))
    try:
        connection.request("POST", "/v1/customers", "email=benchmark@example.com", headers)
        return str(json.loads(connection.getresponse().read())["id"])
    finally:
        connection.close()
