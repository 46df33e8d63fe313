"""The mistakes that `check-client` finds: `python -m benchmarks.client_check`.

It checks each client of `tests/client_check/clients.py`, which have one mistake each, by the
check that is to find it, and says how long that took.
"""

import time

from tests.client_check.test_planted_faults import MISTAKES, finding


def main() -> None:
    found_count = 0
    seconds = []
    for client, check_id, outcome in MISTAKES:
        began = time.perf_counter()
        found = finding(client, check_id)
        seconds.append(time.perf_counter() - began)
        found_count += found.outcome == outcome
        name = f"{client.__name__}, {check_id}"
        print(f"{name:56} {seconds[-1]:5.1f} s  {found.outcome}", flush=True)
    seconds.sort()
    print(
        f"found {found_count} of {len(MISTAKES)}; "
        f"median {seconds[len(seconds) // 2]:.1f} s, longest {seconds[-1]:.1f} s"
    )


if __name__ == "__main__":
    main()
