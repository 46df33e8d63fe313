"""PATCHes while 32 callers wait for an event that does not come, beside PATCHes without them.

Half of the callers wait for an event of another type, and half for one of the same type with other
values, which has to be looked into.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks import load
from benchmarks.processes import Started
from benchmarks.report import Finding, Row, Settings
from benchmarks.world import KEY, emulator, message, patches

_WAITERS = 32
_CONNECTIONS = 8
_MAX_RATIO = 1 / 0.9
_WAIT_SECONDS = 60
_PATTERNS = (
    {"eventType": "campaign.paused"},
    {"eventType": "lead.status.changed", "match": {"newStatus": "DONE"}},
)


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    ours: list[float] = []
    alone: list[float] = []
    with emulator() as busy, emulator() as quiet:
        for number in range(settings.rounds):
            for server in (busy, quiet) if number % 2 else (quiet, busy):
                seen = _round(server, _WAITERS if server is busy else 0, settings)
                (ours if server is busy else alone).append(seen)
    yield Row(
        name=f"PATCH beside {_WAITERS} who wait",
        unit="us/request",
        ours=ours,
        baseline_name="nobody waits",
        baseline=alone,
        most_ratio=_MAX_RATIO,
    )


def _round(server: Started, waiter_count: int, settings: Settings) -> float:
    with ExitStack() as stack:
        for number in range(waiter_count):
            wanted = json.dumps(
                {**_PATTERNS[number % len(_PATTERNS)], "timeoutSeconds": _WAIT_SECONDS}
            )
            headers = f"Content-Type: application/json\r\nX-API-Key: {KEY}"
            waiter = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            waiter.sendall(message("POST", "/_emulate/wait", wanted, headers).encode())
        seen = load.for_seconds(
            server.port, [patches(number) for number in range(_CONNECTIONS)], settings.seconds
        )
    return 1_000_000 / seen.per_second
