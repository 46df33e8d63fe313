"""The price of isolation for a test: making and closing a sandbox on a running server.

Baselines: a whole server of ours for each test; where pytest-httpserver is installed, starting and
stopping its server, and clearing a running one, which is what its own fixture does for each test.
"""

import importlib
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from benchmarks.report import Finding, Row, Settings, Skipped
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import sandbox_options

_SANDBOX_COUNT = 1000
_SERVER_COUNT = 20
_SLOW_COUNT = 6  # stopping that server takes half a second
_MAX_MS = 1.0


def run(_settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    sandboxes = _sandboxes()
    yield _row(sandboxes, "a server for each test", _timed(_whole_server, _SERVER_COUNT))
    if find_spec("pytest_httpserver") is None:
        yield Skipped("sandbox vs pytest-httpserver", "not installed")
        return
    module = importlib.import_module("pytest_httpserver")
    yield _row(sandboxes, "pytest-httpserver start/stop", _other_starts(module))
    yield _row(sandboxes, "pytest-httpserver clear()", _other_clears(module))


def _row(sandboxes: list[float], baseline_name: str, baseline: list[float]) -> Row:
    return Row(
        name="sandbox made and closed",
        unit="ms",
        ours=sandboxes,
        baseline_name=baseline_name,
        baseline=baseline,
        max_value=_MAX_MS,
        is_paired=False,
    )


def _timed(action: Callable[[], None], count: int) -> list[float]:
    """Milliseconds of each of `count` times."""
    durations = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        durations.append((time.perf_counter() - began) * 1000)
    return durations


def _sandboxes() -> list[float]:
    emulator = Emulator()
    options = sandbox_options("documented")
    try:
        with EmulatorServer(emulator) as server:
            host = LocalHost(server)
            return _timed(lambda: Sandbox(host, options).close(), _SANDBOX_COUNT)
    finally:
        emulator.close()


def _whole_server() -> None:
    emulator = Emulator()
    with EmulatorServer(emulator):
        pass
    emulator.close()


def _other_starts(module: Any) -> list[float]:
    def start_and_stop() -> None:
        server = module.HTTPServer(host="127.0.0.1", port=0)
        server.start()
        server.stop()

    return _timed(start_and_stop, _SLOW_COUNT)


def _other_clears(module: Any) -> list[float]:
    with module.HTTPServer(host="127.0.0.1", port=0) as server:
        return _timed(server.clear, _SANDBOX_COUNT)
