"""`python -m benchmarks`: every benchmark, or those that are named; ratios to a baseline."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import (
    cold_start,
    dashboard,
    deliveries,
    fixture_cost,
    garbage,
    growth,
    journal,
    memory,
    patch_cost,
    refusing,
    retries,
    seed_cost,
    suite,
    unused_plugin,
    waiting,
    worlds,
)
from benchmarks.peers import run as peers
from benchmarks.report import Finding, Settings

_BENCHMARKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "cold-start": cold_start.run,
    "patch": patch_cost.run,
    "deliveries": deliveries.run,
    "retries": retries.run,
    "refusing": refusing.run,
    "seed": seed_cost.run,
    "waiting": waiting.run,
    "journal": journal.run,
    "garbage": garbage.run,
    "dashboard": dashboard.run,
    "growth": growth.run,
    "memory": memory.run,
    "fixture": fixture_cost.run,
    "suite": suite.run,
    "unused-plugin": unused_plugin.run,
    "worlds": worlds.run,
    "peers": peers.run,
}


def main() -> None:
    """Run and print, each row as soon as it is known."""
    options = _options()
    settings = Settings(rounds=options.rounds, seconds=options.seconds)
    names = list(dict.fromkeys(options.only or _BENCHMARKS))
    # On a signal to stop, leave by way of every `finally`: no process may outlive the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _warn_if_busy()
    with _compiled_once():
        if options.json:
            found = {name: [row.as_json() for row in _BENCHMARKS[name](settings)] for name in names}
            print(json.dumps(found))
            return
        for name in names:
            print(f"\n{name}", flush=True)
            for row in _BENCHMARKS[name](settings):
                print(row.as_text(), flush=True)


def _warn_if_busy() -> None:
    """Ratios survive a busy machine; their range widens, and p99 tells of the others."""
    average = getattr(os, "getloadavg", None)
    if average is not None and average()[0] > (os.cpu_count() or 1) / 2:
        print(f"the machine is busy (load {average()[0]:.1f}): expect wide ranges", file=sys.stderr)


@contextmanager
def _compiled_once() -> Iterator[None]:
    """Let all processes share compiled modules, as where the packages are installed.

    Else an environment that keeps Python from writing them would have a checkout compiled at each
    start, and not the packages of the baseline.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["PYTHONPYCACHEPREFIX"] = directory
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=_BENCHMARKS, help="this one; may be repeated"
    )
    parser.add_argument("--rounds", type=_rounds, default=5, help="of each comparison (5)")
    parser.add_argument("--seconds", type=_seconds, default=1.0, help="of each run of load (1)")
    parser.add_argument("--json", action="store_true", help="print JSON at the end")
    return parser.parse_args()


def _rounds(text: str) -> int:
    if not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("must be from 1 to 100")
    return int(text)


def _seconds(text: str) -> float:
    if not 0.1 <= float(text) <= 60:
        raise argparse.ArgumentTypeError("must be from 0.1 to 60")
    return float(text)


if __name__ == "__main__":
    main()
