"""One run of load: a process of the generator, and what it saw."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.processes import running

_UNBOUNDED = 10**9
_MAX_SECONDS = 300.0
_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies of one run; times are readings of `time.perf_counter`, which processes share."""

    began: float
    latencies: list[float]
    times: list[float]

    @property
    def count(self) -> int:
        """The number of replies; all of them have the status 200."""
        return len(self.times)

    @property
    def ended(self) -> float:
        """The time of the last reply."""
        return max(self.times)

    @property
    def per_second(self) -> float:
        """Replies per second."""
        return self.count / (self.ended - self.began)

    def latency_ms(self, percent: float) -> float:
        """A percentile of the time from a request to its reply, in milliseconds."""
        return percentile(self.latencies, percent) * 1000


def for_seconds(port: int, streams: Sequence[Sequence[str]], seconds: float) -> Replies:
    """A connection for each stream of requests, busy for so long."""
    return _run(port, streams, seconds=seconds, most=_UNBOUNDED)


def so_many(
    port: int, streams: Sequence[Sequence[str]], count: int, *, pause: float = 0.0
) -> Replies:
    """So many requests in all, each after a pause."""
    return _run(port, streams, seconds=_MAX_SECONDS, most=count, pause=pause)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _run(
    port: int, streams: Sequence[Sequence[str]], *, seconds: float, most: int, pause: float = 0.0
) -> Replies:
    wanted = {"port": port, "streams": streams, "seconds": seconds, "most": most, "pause": pause}
    with running("-m", "benchmarks.generator", text=json.dumps(wanted)) as process:
        text = process.stdout.read() if process.stdout is not None else ""
        process.wait(_GRACE_SECONDS)
    if not text:
        raise RuntimeError("the load generator failed; its reason stands above")
    found = json.loads(text)
    latencies, times = zip(*found["replies"], strict=True)
    return Replies(found["began"], list(latencies), list(times))
