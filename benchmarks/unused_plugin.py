"""The price of the pytest plugin for a run that uses none of its fixtures.

A suite with one empty test is run with the plugin, as it is loaded where the package is installed
and without it. It is the CPU of the whole process: that of a few milliseconds would be hidden in
the time that others take from the machine. The two alternate.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from benchmarks.report import Finding, Row, Settings

_PLUGIN = "mock_sendpilot"
_RUNS_PER_ROUND = 8
_MAX_RATIO = 1.03


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    others = sorted({point.name for point in entry_points(group="pytest11")} - {_PLUGIN})
    blocked = [word for name in others for word in ("-p", f"no:{name}")]
    ours: list[float] = []
    without: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
        for number in range(settings.rounds):
            with_first = number % 2 == 0
            rounds: dict[bool, list[float]] = {True: [], False: []}
            for _ in range(_RUNS_PER_ROUND):
                for has_plugin in (with_first, not with_first):
                    options = [] if has_plugin else ["-p", f"no:{_PLUGIN}"]
                    rounds[has_plugin].append(_cpu_ms(folder, [*blocked, *options]))
            # The least of a round: whatever else runs on the machine only adds to it.
            ours.append(min(rounds[True]))
            without.append(min(rounds[False]))
    yield Row(
        name="empty run with the plugin",
        unit="ms",
        ours=ours,
        baseline_name=f"-p no:{_PLUGIN}",
        baseline=without,
        max_ratio=_MAX_RATIO,
    )


def _cpu_ms(folder: str, options: Sequence[str]) -> float:
    """CPU of pytest's process in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, folder],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
