"""`python -m benchmarks.soak`: exit code 1 and a list where anything is off."""

import argparse
import random
import signal
import sys

from benchmarks.soak.report import Progress, lines_of
from benchmarks.soak.run import Soak

_MAX_MINUTES = 120.0


def main() -> int:
    """Run a soak and print what it has found."""
    options = _options()
    # A signal to stop leaves by way of every `finally`: no process may outlive the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    progress = Progress()
    progress.show(f"a soak of {options.minutes:g} min with the random seed {options.random_seed}")
    soak = Soak(seconds=options.minutes * 60, seed=options.random_seed, say=progress.show)
    outcome = soak.run()
    progress.end()
    for line in lines_of(outcome):
        print(line)
    return 1 if outcome.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=_minutes, default=1.0, help="of mixed calls (1)")
    drawn = random.SystemRandom().randrange(1_000_000)
    parser.add_argument("--random-seed", type=int, default=drawn, help="of all that is drawn (any)")
    return parser.parse_args()


def _minutes(text: str) -> float:
    if not 0.05 <= float(text) <= _MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"must be from 0.05 to {_MAX_MINUTES:g}")
    return float(text)


if __name__ == "__main__":
    sys.exit(main())
