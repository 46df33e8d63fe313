"""Ten thousand retries that are due at once, done by one turn of the clock; live deliveries beside.

Both sides make the same POSTs to the same endpoint, and their events come about in the same way:
by PATCHes over eight connections while the clock of the workspace is frozen. The receiver then
refuses the first attempt of each, so that as many retries are planned; what is measured is the one
request that advances the clock over all of them. Live are the first attempts of as many events, by
the worker's threads from the moment at which the clock runs on. No PATCH is under way on either
side, so none has to be taken out. Which side goes first changes from round to round.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import load
from benchmarks.arrivals import answer_with, arrivals, receiver, request
from benchmarks.processes import NEEDS_PROC, Started, cpu_seconds
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import KEY, emulator, patches

_CONNECTIONS = 8
_COUNT = 10_000
_EACH = _COUNT // _CONNECTIONS  # even, so that the next events begin with a change again
_MAX_ROUNDS = 3  # each makes 30,000 deliveries
_WARM_UP_EACH = 50
_MAX_SECONDS = 120.0
_MAX_RATIO = 1.0
_LIVE_NAME = "live deliveries, as many"


@dataclass(frozen=True, slots=True)
class Cost:
    """The average cost of a delivery: processor time of the emulator, None without `/proc`."""

    cpu_us: float | None
    wall_us: float


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    with receiver() as target, emulator("--webhook", f"{target.facts['origin']}/") as ours:
        for measured in (_live, _retries):  # the first attempt imports what later ones need
            measured(ours, target, _WARM_UP_EACH)
        retried: list[Cost] = []
        live: list[Cost] = []
        for number in range(min(settings.rounds, _MAX_ROUNDS)):
            for measured in (_live, _retries) if number % 2 else (_retries, _live):
                costs = retried if measured is _retries else live
                costs.append(measured(ours, target, _EACH))
    yield _cpu_row(retried, live)
    yield Row(
        name=f"{_COUNT:,} retries by advance, wall time",
        unit="us/delivery",
        ours=[cost.wall_us for cost in retried],
        baseline_name=_LIVE_NAME,
        baseline=[cost.wall_us for cost in live],
    )


def _cpu_row(retried: list[Cost], live: list[Cost]) -> Finding:
    name = f"{_COUNT:,} retries by advance, CPU"
    ours = [cost.cpu_us for cost in retried if cost.cpu_us is not None]
    baseline = [cost.cpu_us for cost in live if cost.cpu_us is not None]
    if not ours or not baseline:
        return Skipped(name, NEEDS_PROC)
    return Row(
        name=name,
        unit="us/delivery",
        ours=ours,
        baseline_name=_LIVE_NAME,
        baseline=baseline,
        max_ratio=_MAX_RATIO,
    )


def _retries(ours: Started, target: Started, each: int) -> Cost:
    """Have all first attempts refused, and do all retries by one request."""
    _events_in_store(ours, each)
    answer_with(target.port, 500)
    _turn(ours, advance="0s")
    refused = arrivals(target.port, each * _CONNECTIONS)
    answer_with(target.port, 200)
    before = cpu_seconds(ours.pid)
    passed = json.loads(_turn(ours, advance="5s"))["elapsed"]
    after = cpu_seconds(ours.pid)
    times = arrivals(target.port, len(refused))
    done = passed["attempts"]["succeeded"]
    if not len(refused) == len(times) == done == each * _CONNECTIONS:
        raise RuntimeError(f"{len(refused)} refused, {len(times)} retried, {done} delivered")
    return _cost(before, after, times)


def _live(ours: Started, target: Started, each: int) -> Cost:
    """Let the clock run on with as many first attempts due."""
    _events_in_store(ours, each)
    before = cpu_seconds(ours.pid)
    _turn(ours, resume=True)
    times = arrivals(target.port, each * _CONNECTIONS)
    _control(ours, "/wait", idle=True)
    after = cpu_seconds(ours.pid)
    return _cost(before, after, times)


def _events_in_store(ours: Started, each: int) -> None:
    _turn(ours, freeze=True)
    load.so_many(ours.port, [patches(number) for number in range(_CONNECTIONS)], each)


def _turn(ours: Started, **wanted: object) -> bytes:
    return _control(ours, "/clock", **wanted)


def _control(ours: Started, path: str, **wanted: object) -> bytes:
    return request(
        ours.port,
        "POST",
        f"/_emulate{path}",
        body=json.dumps(wanted),
        headers={"Content-Type": "application/json", "X-API-Key": KEY},
        seconds=_MAX_SECONDS,
    )


def _cost(before: float | None, after: float | None, times: list[float]) -> Cost:
    """Wall time is from the first arrival to the last."""
    spent = None if before is None or after is None else (after - before) / len(times) * 1e6
    return Cost(spent, (times[-1] - times[0]) / (len(times) - 1) * 1e6)
