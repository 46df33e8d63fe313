"""Cold start: from the start of `mock-sendpilot start` to the first 200 of /readyz.

The baseline is a process that imports flask, marshmallow and click and then says so: what any
server built on them has to pay. Pairs of both, one after the other.
"""

import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.arrivals import get
from benchmarks.processes import first_line, running
from benchmarks.report import Finding, Row, Settings

_IMPORTS = "import flask, marshmallow, click; print('ready', flush=True)"
_START = ("start", "--port", "0", "--json", "--log-level", "warning")
_PAIRS_PER_ROUND = 2
_MAX_RATIO = 1.25


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    _emulator_ms()  # the first start of all reads from the disk and compiles
    _imports_ms()
    ours, baseline = [], []
    for _ in range(settings.rounds * _PAIRS_PER_ROUND):
        ours.append(_emulator_ms())
        baseline.append(_imports_ms())
    yield Row(
        name="start to the first 200 of /readyz",
        unit="ms",
        ours=ours,
        baseline_name="importing flask, marshmallow, click",
        baseline=baseline,
        max_ratio=_MAX_RATIO,
    )


def _emulator_ms() -> float:
    began = time.perf_counter()
    with running("-m", "mock_sendpilot", *_START) as process:
        # The line is printed once the server answers, so there is nothing to try again.
        facts = json.loads(first_line(process))
        get(urlsplit(facts["origin"]).port or 0, "/readyz")
        return (time.perf_counter() - began) * 1000


def _imports_ms() -> float:
    began = time.perf_counter()
    with running("-c", _IMPORTS) as process:
        if first_line(process) != "ready\n":
            raise RuntimeError("flask, marshmallow and click cannot be imported")
        return (time.perf_counter() - began) * 1000
