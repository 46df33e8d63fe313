"""`make profile`: the CPU of a PATCH, a delivery and a start, layer by layer.

A timer of the process's CPU time interrupts a loop, and the innermost function of the package on
the stack says which layer works; what libraries do counts for the layer that called them. The
shares are those of the samples, the microseconds those of a run without the timer.
"""

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from types import FrameType

from benchmarks.arrivals import receiver
from benchmarks.in_process import environ
from benchmarks.processes import cpu_seconds, started
from benchmarks.sampled_start import SAMPLE_SECONDS
from benchmarks.world import KEY, STATUSES, path_of_lead, seed_text
from mock_sendpilot.app import create_app
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.scheduler import Scheduler
from mock_sendpilot.world.workspace import Workspace

_PACKAGE = "/mock_sendpilot/"
_ROUNDS = 15
_ROUND_COUNT = 400
_PROFILED_ROUNDS = 60
_STARTS = 5

# The first part of the path of a module that fits. A file comes before its package.
_OF_A_PATCH: Mapping[str, str] = {
    "traffic/recording.py": "request id and journal",
    "traffic/journal.py": "request id and journal",
    "traffic/wsgi_request.py": "request id and journal",
    "traffic/": "faults",
    "control/hosts.py": "key, scope and Host",
    "api_keys.py": "key, scope and Host",
    "api/authorization.py": "key, scope and Host",
    "api/parsing.py": "body: read and parse",
    "json_text.py": "body: read and parse",
    "api/fields.py": "body: schema",
    "api/hints.py": "body: schema",
    "api/leads.py": "operation",
    "api/operation.py": "operation",
    "api/dispatch.py": "operation",
    "api/flask_dispatch.py": "operation",
    "api/exchange.py": "operation",
    "api/serialization.py": "reply",
    "world/event_publisher.py": "event: record and publish",
    "world/ids.py": "event: record and publish",
    "signals.py": "event: record and publish",
    "emulator.py": "event: record and publish",
    "webhooks/": "event: log and endpoints",
    "world/": "store",
    "scheduling/clock.py": "clocks",
    "": "middleware",
}
_OF_A_DELIVERY: Mapping[str, str] = {
    "webhooks/signing.py": "sign",
    "webhooks/deadline.py": "http.client and sockets",
    "final_response.py": "http.client and sockets",
    "network.py": "http.client and sockets",
    "webhooks/http_sender.py": "requests and urllib3",
    "webhooks/runner.py": "attempt",
    "webhooks/": "logs and health",
    "scheduling/": "scheduler",
    "": "everything else",
}


class _NoThreads:
    """In place of the workers: attempts run in the thread that advances the clock."""

    def wake(self, scheduler: Scheduler) -> bool:
        """Run nothing."""
        del scheduler
        return False


def main() -> None:
    """Print the three profiles."""
    _print("a PATCH in process, journal and faults on", *_profile_of_patch())
    _print("an attempt of a delivery", *_profile_of_delivery())
    _print("a start, to the first request it could answer", *_profile_of_start(), unit="ms")


def _print(title: str, total: float, shares: Mapping[str, float], *, unit: str = "us") -> None:
    print(f"\n{title}: {total:.0f} {unit} of CPU")
    for layer, share in sorted(shares.items(), key=lambda one: -one[1]):
        print(f"  {total * share:6.1f} {unit}  {share:4.0%}  {layer}")


def _profile_of_patch() -> tuple[float, dict[str, float]]:
    emulator, _ = _emulator()
    app = create_app(emulator)
    bodies = [b'{"status":"%s"}' % status.encode() for status in STATUSES]

    def patch() -> None:
        for number in range(_ROUND_COUNT):
            one = environ("PATCH", path_of_lead(), bodies[number % 2], key=KEY)
            list(app(one, lambda *_: lambda _: None))

    return _profile(patch, _OF_A_PATCH)


def _profile_of_delivery() -> tuple[float, dict[str, float]]:
    emulator, workspace = _emulator()
    workspace.scheduler.start(_NoThreads())
    workspace.scheduler.freeze()
    with receiver() as target:
        emulator.outbox(workspace).endpoints.add(f"{target.facts['origin']}/")

        def prepare() -> None:
            for number in range(_ROUND_COUNT):
                status = STATUSES[number % 2]
                workspace.store.set_lead_status("lead_benchmark00", status=status)

        found = _profile(workspace.advance, _OF_A_DELIVERY, prepare)
    emulator.close()
    return found


def _emulator() -> tuple[Emulator, Workspace]:
    emulator = Emulator()
    emulator.load(parse_seed(seed_text().encode(), now=datetime.now(timezone.utc)))
    return emulator, emulator.workspaces()[0]


def _profile(
    run: Callable[[], object],
    layers: Mapping[str, str],
    prepare: Callable[[], object] = lambda: None,
) -> tuple[float, dict[str, float]]:
    """Return the microseconds of the fastest round, and the share of each layer."""
    seconds = []
    for _ in range(_ROUNDS):
        prepare()
        began = time.process_time()
        run()
        seconds.append(time.process_time() - began)
    samples: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        samples[_layer(frame, layers)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    try:
        for _ in range(_PROFILED_ROUNDS):
            prepare()
            signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
            run()
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.signal(signal.SIGPROF, before)
    total = samples.total()
    shares = {layer: count / total for layer, count in samples.items()}
    return min(seconds) / _ROUND_COUNT * 1e6, shares


def _layer(frame: FrameType | None, layers: Mapping[str, str]) -> str:
    for path in _modules(frame):
        for beginning, layer in layers.items():
            if path.startswith(beginning):
                return layer
    return layers[""]


def _modules(frame: FrameType | None) -> Iterator[str]:
    """Yield the files of the package on the stack, from the inside out."""
    while frame is not None:
        _, found, path = frame.f_code.co_filename.rpartition(_PACKAGE)
        if found:
            yield path
        frame = frame.f_back


def _profile_of_start() -> tuple[float, dict[str, float]]:
    """Return the milliseconds to the address that it prints, and the share of each import."""
    arguments = ("start", "--port", "0", "--json", "--log-level", "error")
    totals, samples = [], Counter[str]()
    for _ in range(_STARTS):
        with started("-m", "mock_sendpilot", *arguments) as server:
            totals.append((cpu_seconds(server.pid) or 0.0) * 1000)
        with tempfile.TemporaryFile("w+") as log:
            with started("-m", "benchmarks.sampled_start", *arguments, errors=log):
                pass
            log.seek(0)
            samples.update(log.read().partition("samples ")[2].split())
    shares: Counter[str] = Counter()
    for package, count in samples.items():
        layer = f"import {package}"
        if package == "-":
            layer = "the world, the app, the socket"
        elif package in sys.stdlib_module_names:
            layer = "import the standard library"
        shares[layer] += count
    return min(totals), {layer: count / samples.total() for layer, count in shares.most_common()}


if __name__ == "__main__":
    main()
