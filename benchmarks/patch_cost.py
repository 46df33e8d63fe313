"""The cost of a PATCH of a lead's status: CPU, latency and throughput, without an endpoint.

The baseline is a Flask app that says hello on the very same HTTP server. The CPU time is that of
the server's process, user and system, over a run of load, divided by the requests of that run.
One row has both in process, without a server.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import load
from benchmarks.bare_flask import hello_app
from benchmarks.in_process import LEADS_PER_CAMPAIGN, PATCH, World, cpu_us, environ
from benchmarks.processes import NEEDS_PROC, Started, cpu_seconds
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import HELLO, bare_flask, emulator, patches

_CONNECTIONS = (1, 8, 32)
_WARM_UP_SECONDS = 0.5
_MAX_CPU_RATIO = 2.0
_MAX_RATIO_IN_PROCESS = 1.8
_HELLO_NAME = "bare Flask hello"


@dataclass(frozen=True, slots=True)
class Cost:
    """One run. `cpu_us` is None where the system does not tell."""

    cpu_us: float | None
    p50_ms: float
    p99_ms: float
    per_second: float


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it in process, and at each number of connections."""
    yield _in_process(settings)
    with emulator() as ours, bare_flask() as bare:
        for count in _CONNECTIONS:
            yield from _at(count, ours, bare, settings)


def _in_process(settings: Settings) -> Finding:
    world, bare = World(LEADS_PER_CAMPAIGN), hello_app()
    ours, baseline = [], []
    for _ in range(settings.rounds):
        ours.append(world.cpu_us(PATCH))
        baseline.append(cpu_us(bare, lambda: environ("GET", "/")))
    world.close()
    return Row(
        name="PATCH, in process, CPU",
        unit="us",
        ours=ours,
        baseline_name=_HELLO_NAME,
        baseline=baseline,
        max_ratio=_MAX_RATIO_IN_PROCESS,
    )


def _at(count: int, ours: Started, bare: Started, settings: Settings) -> Iterator[Finding]:
    patching, greeting = [patches(number) for number in range(count)], [HELLO] * count
    _cost(ours, patching, _WARM_UP_SECONDS)
    _cost(bare, greeting, _WARM_UP_SECONDS)
    our_costs, bare_costs = [], []
    for _ in range(settings.rounds):
        our_costs.append(_cost(ours, patching, settings.seconds))
        bare_costs.append(_cost(bare, greeting, settings.seconds))
    yield _cpu_row(count, our_costs, bare_costs)
    for name, unit in (("p50", "ms"), ("p99", "ms"), ("per second", "requests/s")):
        field = f"{name}_{unit}" if unit == "ms" else "per_second"
        yield Row(
            name=f"PATCH, {count} conn., {name}",
            unit=unit,
            ours=[getattr(cost, field) for cost in our_costs],
            baseline_name=_HELLO_NAME,
            baseline=[getattr(cost, field) for cost in bare_costs],
            note="" if unit == "ms" else "more is better",
        )


def _cpu_row(count: int, ours: list[Cost], bare: list[Cost]) -> Finding:
    name = f"PATCH, {count} conn., CPU"
    our_cpu = [cost.cpu_us for cost in ours if cost.cpu_us is not None]
    bare_cpu = [cost.cpu_us for cost in bare if cost.cpu_us is not None]
    if not our_cpu or not bare_cpu:
        return Skipped(name, NEEDS_PROC)
    return Row(
        name=name,
        unit="us/request",
        ours=our_cpu,
        baseline_name=_HELLO_NAME,
        baseline=bare_cpu,
        max_ratio=_MAX_CPU_RATIO,
    )


def _cost(server: Started, streams: Sequence[Sequence[str]], seconds: float) -> Cost:
    before = cpu_seconds(server.pid)
    replies = load.for_seconds(server.port, streams, seconds)
    after = cpu_seconds(server.pid)
    spent = None if before is None or after is None else (after - before) / replies.count * 1e6
    return Cost(spent, replies.latency_ms(50), replies.latency_ms(99), replies.per_second)
