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
    streams = [patches(number) for number in range(_CONNECTIONS)]
    with emulator() as busy, emulator() as quiet, ExitStack() as stack:
        for number in range(_WAITERS):
            stack.enter_context(_waiter(busy, number))
        for number in range(settings.rounds):
            for server in (busy, quiet) if number % 2 else (quiet, busy):
                replies = load.for_seconds(server.port, streams, settings.seconds)
                (ours if server is busy else alone).append(1_000_000 / replies.per_second)
    yield Row(
        name=f"PATCH beside {_WAITERS} who wait",
        unit="us/request",
        ours=ours,
        baseline_name="nobody waits",
        baseline=alone,
        max_ratio=_MAX_RATIO,
    )


def _waiter(server: Started, number: int) -> socket.socket:
    """A connection that waits; the server would wait on if it were closed."""
    wanted = {**_PATTERNS[number % len(_PATTERNS)], "timeoutSeconds": _WAIT_SECONDS}
    headers = f"Content-Type: application/json\r\nX-API-Key: {KEY}"
    waiter = socket.create_connection(("127.0.0.1", server.port))
    waiter.sendall(message("POST", "/_emulate/wait", json.dumps(wanted), headers).encode())
    return waiter
