"""Resident memory after start and after many requests, against a Flask app that says hello.

The emulator has one endpoint, and all events have arrived when its memory is read. One round: what
a process occupies hardly differs between runs.
"""

from collections.abc import Iterator

from benchmarks import load
from benchmarks.arrivals import arrivals, get, receiver
from benchmarks.processes import NEEDS_PROC, resident_megabytes
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import HELLO, bare_flask, emulator, patches

_REQUEST_COUNT = 20_000
_NAMES = ("after start", f"after {_REQUEST_COUNT:,} requests")


def run(_settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    ours = _emulator()
    bare = _bare_flask()
    for name, our_size, bare_size in zip(_NAMES, ours, bare, strict=True):
        if our_size is None or bare_size is None:
            yield Skipped(f"resident memory {name}", NEEDS_PROC)
        else:
            yield Row(
                name=f"resident memory {name}",
                unit="MB",
                ours=[our_size],
                baseline_name="bare Flask hello",
                baseline=[bare_size],
            )


def _emulator() -> list[float | None]:
    with receiver() as target, emulator("--webhook", f"{target.facts['origin']}/") as server:
        get(server.port, "/readyz")
        sizes = [resident_megabytes(server.pid)]
        load.so_many(server.port, [patches(0)], _REQUEST_COUNT)
        arrivals(target.port, _REQUEST_COUNT)
        return [*sizes, resident_megabytes(server.pid)]


def _bare_flask() -> list[float | None]:
    with bare_flask() as server:
        get(server.port, "/")
        sizes = [resident_megabytes(server.pid)]
        load.so_many(server.port, [HELLO], _REQUEST_COUNT)
        return [*sizes, resident_megabytes(server.pid)]
