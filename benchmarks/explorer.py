"""The finds of the explorer, and whom it blames: `python -m benchmarks.explorer --examples 10000`.

It explores each receiver of `tests/explorer/receivers.py`: the wrong ones with 300 schedules, the
right ones with as many as asked for. Then it counts how often two requests meet in a window of a
millisecond, begun by plain threads and released by their last byte.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from mock_sendpilot import Exploration, explore
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.target import Target
from mock_sendpilot.testing.serving import AppServer
from mock_sendpilot.webhooks.http_sender import HttpSender
from tests.explorer import receivers as r
from tests.support import SECRET

TRIES = 60
MAX_SECONDS, MAX_STEPS = 10, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="for each right receiver")
    parser.add_argument("--seed", default="a")
    parser.add_argument("--parts", nargs="*", default=["races", "wrong", "right"])
    options = parser.parse_args()
    if "races" in options.parts:
        races()
    receivers: list[tuple[type[r.Receiver], int]] = []
    if "wrong" in options.parts:
        receivers += [(kind, 300) for kind in r.WRONG]
    if "right" in options.parts:
        receivers += [(kind, options.examples) for kind in r.RIGHT]
    outcomes: list[tuple[float, int]] = []
    for kind, examples in receivers:
        text, seconds, steps = explored(kind, examples, options.seed)
        print(text, flush=True)
        if kind in r.WRONG and steps:
            outcomes.append((seconds, steps))
    if "wrong" in options.parts:
        in_time = sum(seconds <= MAX_SECONDS and steps <= MAX_STEPS for seconds, steps in outcomes)
        print(
            f"found {len(outcomes)} of {len(r.WRONG)}; {in_time} within {MAX_SECONDS} s and shrunk "
            f"to at most {MAX_STEPS} steps; median {median(one for one, _ in outcomes):.1f} s"
        )


def explored(kind: type[r.Receiver], examples: int, seed: str) -> tuple[str, float, int]:
    """Return the line about a receiver, the seconds, and the steps of what was found, or 0."""
    receiver = kind()
    cpu, began = time.process_time(), time.perf_counter()
    exploration: Exploration = explore(
        receiver,
        probe=receiver.view,
        secret=SECRET,
        restart=receiver.restart,
        random_seed=seed,
        examples=examples,
    )
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    steps = len(exploration.found.steps) if exploration.found else 0
    found = f"{steps} steps" if steps else "nothing found"
    times = f"{seconds:6.1f} s, {cpu_seconds:6.1f} s of CPU"
    text = f"{kind.__name__:30} {times}, {exploration.examples:5} schedules: {found}"
    return text, seconds, steps


def races() -> None:
    receiver = r.LooksUpBeforeItInserts()
    with AppServer(receiver) as server:
        target = Target(
            url=f"{server.origin}/webhooks", secret=SECRET, contract=named_contract("documented")
        )
        client = TestClient(target, HttpSender())
        counts = {"plain threads": 0, "released": 0}
        for number in range(2 * TRIES):
            name = ("plain threads", "released")[number % 2]  # alternating: the machine varies
            request = client.request("reply.received")
            before = sum(receiver.replies.values())
            if name == "released":
                client.send_together([request, request])
            else:
                with ThreadPoolExecutor(2) as pool:
                    list(pool.map(client.send, [request, request]))
            counts[name] += sum(receiver.replies.values()) - before > 1
    for name, count in counts.items():
        print(f"met a window of 1 ms, {name}: {count} of {TRIES}")


if __name__ == "__main__":
    main()
