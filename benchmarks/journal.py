"""The cost of the request journal: the CPU of a PATCH with and without it.

Both servers are the same but for the number of requests that the journal keeps. Run as a module it
is such a server: `python -m benchmarks.journal 2000`.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timezone

from benchmarks import load
from benchmarks.processes import NEEDS_PROC, Started, cpu_seconds, started
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import patches, seed_text
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.traffic.journal import MAX_ENTRIES

_CONNECTIONS = 8
_MAX_RATIO = 1.08
_NAME = f"PATCH with a journal, {_CONNECTIONS} conn., CPU"


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it, with a journal that is full."""
    with _server(MAX_ENTRIES) as ours, _server(0) as without:
        for server in (ours, without):
            _cpu_us(server, settings.seconds)
        ours_us: list[float | None] = []
        without_us: list[float | None] = []
        for number in range(settings.rounds):
            for server in (ours, without) if number % 2 else (without, ours):
                spent = _cpu_us(server, settings.seconds)
                (ours_us if server is ours else without_us).append(spent)
    if None in ours_us or None in without_us:
        yield Skipped(_NAME, NEEDS_PROC)
        return
    yield Row(
        name=_NAME,
        unit="us/request",
        ours=[one for one in ours_us if one is not None],
        baseline_name="no journal",
        baseline=[one for one in without_us if one is not None],
        max_ratio=_MAX_RATIO,
    )


def _server(max_requests: int) -> AbstractContextManager[Started]:
    return started("-m", "benchmarks.journal", str(max_requests))


def _cpu_us(server: Started, seconds: float) -> float | None:
    streams = [patches(number) for number in range(_CONNECTIONS)]
    before = cpu_seconds(server.pid)
    replies = load.for_seconds(server.port, streams, seconds)
    after = cpu_seconds(server.pid)
    return None if before is None or after is None else (after - before) / replies.count * 1e6


def serve(max_requests: int) -> None:
    """Serve until the process is ended."""
    emulator = Emulator(max_requests=max_requests)
    emulator.load(parse_seed(seed_text().encode(), now=datetime.now(timezone.utc)))
    with EmulatorServer(emulator) as server:
        print(json.dumps({"origin": server.origin}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
