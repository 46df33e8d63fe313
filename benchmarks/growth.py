"""The cost of a request in a large workspace, in process, against one with 1,000 leads.

Both have 1,000 leads in each campaign, and five statuses. The CPU time is the least of many short
runs, which stands the noise of other programs. `python -m benchmarks.growth 1000000` measures a
million leads, as the README of the benchmarks does.
"""

import gc
import sys
from collections.abc import Callable, Iterator

from benchmarks.in_process import LEADS_PER_CAMPAIGN, PATCH, STATUSES, Request, World
from benchmarks.report import Finding, Row, Settings

_COUNT = 100_000
_MAX_RATIO = 1.3


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it with 100,000 leads."""
    return _run(_COUNT, settings.rounds)


def _run(count: int, rounds: int) -> Iterator[Finding]:
    small, large = World(LEADS_PER_CAMPAIGN), World(count)
    gc.collect()
    gc.freeze()  # as `mock-sendpilot start` does
    for request in _requests():
        ours: list[float] = []
        baseline: list[float] = []
        for world in (small, large):
            world.cpu_us(request)  # a first time, for what is made once
        for _ in range(rounds):
            baseline.append(small.cpu_us(request))
            ours.append(large.cpu_us(request))
        yield Row(
            name=f"{request.name}, {count:,} leads",
            unit="us",
            ours=ours,
            baseline_name=f"{LEADS_PER_CAMPAIGN:,} leads",
            baseline=baseline,
            max_ratio=_MAX_RATIO,
        )
    gc.unfreeze()
    small.close()
    large.close()


def _requests() -> Iterator[Request]:
    yield PATCH
    yield Request("GET by id", "GET", lambda number: f"/v1/leads/lead_{number}")
    filters: dict[str, Callable[[int], str]] = {
        "campaign": lambda number: f"&campaignId=camp_{number // LEADS_PER_CAMPAIGN}",
        "status": lambda number: f"&status={STATUSES[number % len(STATUSES)]}",
        "campaign and status": lambda number: (
            f"&campaignId=camp_{number // LEADS_PER_CAMPAIGN}"
            f"&status={STATUSES[number % len(STATUSES)]}"
        ),
        "nothing": lambda _: "",
    }
    for name, query in filters.items():
        for page, limit in ((1, 50), (100, 2)):  # the smallest list of all has 200 leads
            target = f"/v1/leads?page={page}&limit={limit}"
            yield Request(
                f"page {page} by {name}",
                "GET",
                lambda number, target=target, query=query: target + query(number),  # type: ignore[misc]
            )


if __name__ == "__main__":
    for finding in _run(int(sys.argv[1]), rounds=3):
        print(finding.as_text(), flush=True)
