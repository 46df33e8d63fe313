"""The share of contract options that the matrix names: `python -m benchmarks.matrix`.

It runs the suite of `tests/testing/reruns/planted.py`, which has a client for each contract option
that relies on a value of it, with `--sendpilot-matrix`. An option is named if the test of the same
name breaks under another value of it.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mock_sendpilot.contracts.options import OPTIONS

SUITE = Path(__file__).parents[1] / "tests" / "testing" / "reruns" / "planted.py"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_planted.py").write_bytes(SUITE.read_bytes())
        command = "-q --sendpilot-matrix --sendpilot-matrix-json found.json -p no:cacheprovider"
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pytest", *command.split()], cwd=folder, check=True)
        seconds = time.perf_counter() - began
        found = json.loads((Path(folder) / "found.json").read_bytes())
    broken = {
        (value["option"], one["test"].rpartition("::test_")[2])
        for value in found["values"]
        for one in value["tests"]
        if one["outcome"] == "failed"
    }
    named = [option for option in OPTIONS if (option, option) in broken]
    print(f"named: {len(named)} of {len(OPTIONS)} options, in {seconds:.1f} s")
    print("not named:", ", ".join(set(OPTIONS) - {*named}) or "none")
    for option, test in sorted(broken):
        if option != test:
            print(f"also breaks: {test} under {option}")


if __name__ == "__main__":
    main()
