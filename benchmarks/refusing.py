"""PATCHes while every webhook is refused by each of 20 endpoints, beside PATCHes without endpoints.

Nobody listens on the endpoints' port, so that each attempt fails at once, and none is retried.
"""

import json
import socket
import urllib.request
from collections.abc import Iterator

from benchmarks import load
from benchmarks.processes import Started
from benchmarks.report import Finding, Row, Settings
from benchmarks.world import KEY, emulator, patches

_ENDPOINTS = 20
_CONNECTIONS = 8
_MAX_RATIO = 3.0


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    ours: list[load.Replies] = []
    alone: list[load.Replies] = []
    streams = [patches(number) for number in range(_CONNECTIONS)]
    with emulator("--log-level", "error") as refused, emulator() as quiet:
        _add_endpoints(refused)
        for number in range(settings.rounds):
            for server in (refused, quiet) if number % 2 else (quiet, refused):
                replies = load.for_seconds(server.port, streams, settings.seconds)
                (ours if server is refused else alone).append(replies)
    for percent, most in ((50, None), (99, _MAX_RATIO)):
        yield Row(
            name=f"PATCH with {_ENDPOINTS} refusing endpoints, p{percent}",
            unit="ms",
            ours=[replies.latency_ms(percent) for replies in ours],
            baseline_name="no endpoint",
            baseline=[replies.latency_ms(percent) for replies in alone],
            max_ratio=most,
        )


def _add_endpoints(server: Started) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for number in range(_ENDPOINTS):
        body = {"url": f"http://127.0.0.1:{port}/{number}", "retryDelaysSeconds": []}
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/_emulate/endpoints",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-API-Key": KEY},
        )
        urllib.request.urlopen(request, timeout=10).close()
