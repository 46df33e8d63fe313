"""The slowest PATCHes with 100,000 leads, beside Python's own garbage collection and a small world.

Of 10,000 PATCHes over eight connections, ten took longer than p99.9. A full collection stops all
eight at once, so that one alone shows in the slowest.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks import load
from benchmarks.processes import Started, started
from benchmarks.report import Finding, Row, Settings
from benchmarks.world import START, emulator, patches, seed_text

_LEADS = 100_000
_CONNECTIONS = 8
_EACH = 1250
_WARM_UP_EACH = 50
_PERCENTS = {99.9: "p99.9", 100: "slowest"}


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    streams = [patches(number) for number in range(_CONNECTIONS)]
    with ExitStack() as stack:
        ours = stack.enter_context(emulator(lead_count=_LEADS))
        ordinary = stack.enter_context(
            started("-m", "benchmarks.ordinary_collections", *START, text=seed_text(_LEADS))
        )
        small = stack.enter_context(emulator())
        servers: list[Started] = [ours, ordinary, small]
        for server in servers:
            load.so_many(server.port, streams, _WARM_UP_EACH)
        rounds: dict[int, list[load.Replies]] = {server.pid: [] for server in servers}
        for number in range(settings.rounds):
            for server in servers if number % 2 else reversed(servers):
                rounds[server.pid].append(load.so_many(server.port, streams, _EACH))
    for percent, name in _PERCENTS.items():
        for baseline_name, baseline in (
            ("Python's own collections", ordinary),
            ("32 leads", small),
        ):
            yield Row(
                name=f"PATCH with {_LEADS:,} leads, {name}",
                unit="ms",
                ours=[one.latency_ms(percent) for one in rounds[ours.pid]],
                baseline_name=baseline_name,
                baseline=[one.latency_ms(percent) for one in rounds[baseline.pid]],
                max_ratio=1.0 if baseline is ordinary else None,
            )
