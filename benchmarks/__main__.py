"""`python -m benchmarks`: every benchmark, or those that are named; ratios to a baseline."""

import argparse
import json
from collections.abc import Callable, Iterator

from benchmarks import cold_start, deliveries, fixture_cost, memory, others, patch_cost
from benchmarks.report import Finding, Settings

_BENCHMARKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "cold-start": cold_start.run,
    "patch": patch_cost.run,
    "deliveries": deliveries.run,
    "memory": memory.run,
    "fixture": fixture_cost.run,
    "others": others.run,
}


def main() -> None:
    """Run and print, each row as soon as it is known."""
    options = _options()
    settings = Settings(rounds=options.rounds, seconds=options.seconds)
    found: dict[str, list[Finding]] = {}
    for name in dict.fromkeys(options.only or _BENCHMARKS):
        if not options.json:
            print(f"\n{name}", flush=True)
        rows = found.setdefault(name, [])
        for row in _BENCHMARKS[name](settings):
            rows.append(row)
            if not options.json:
                print(row.as_text(), flush=True)
    if options.json:
        print(json.dumps({name: [row.as_json() for row in rows] for name, rows in found.items()}))


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
