"""Samples of the server's process over the course of a soak: threads, descriptors and memory."""

import statistics
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import NEEDS_PROC, resident_megabytes

_PAUSE_SECONDS = 0.5
_MIN_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: medians of the first and the last third, its peak, and how far it may grow."""

    name: str
    first: float
    last: float
    peak: float
    allowed: float

    @property
    def growth(self) -> float:
        """Return how much more there is in the last third."""
        return self.last - self.first

    @property
    def is_flat(self) -> bool:
        """Return whether it has not grown beyond the limit."""
        return self.growth <= self.allowed

    def __str__(self) -> str:
        verdict = "flat" if self.is_flat else "GROWS"
        return (
            f"{self.name:<12} {self.first:9.1f} {self.last:9.1f} {self.peak:9.1f} "
            f"{self.growth:+9.1f} {self.allowed:9.1f}  {verdict}"
        )


class Samples:
    """Samples of a process, taken in a thread of its own.

    Args:
        pid: of the process.
        settle_seconds: how long after the start nothing counts: what the log holds then is still
            lighter than what comes.
    """

    def __init__(self, pid: int, *, settle_seconds: float) -> None:
        self._pid = pid
        self._settle_seconds = settle_seconds
        self._found: list[tuple[float, float, float]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="samples", daemon=True)

    def start(self) -> None:
        """Begin to take samples."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._is_over.set()
        self._thread.join()

    def rows(self) -> list[Row]:
        """Return the comparison; none where the system has no /proc or there are hardly any."""
        third = len(self._found) // 3
        if len(self._found) < _MIN_SAMPLES:
            return []
        columns = list(zip(*self._found, strict=True))
        return [
            _row("threads", columns[0], third, share=0.5, least=16),
            _row("descriptors", columns[1], third, share=0.25, least=16),
            _row("memory, MB", columns[2], third, share=0.2, least=24),
        ]

    def _watch(self) -> None:
        self._is_over.wait(self._settle_seconds)
        while not self._is_over.wait(_PAUSE_SECONDS):
            self._found.extend(_sample(self._pid))


def table(rows: Sequence[Row]) -> str:
    """Return the rows with their heads."""
    if not rows:
        return f"threads, descriptors and memory: {NEEDS_PROC}"
    heads = ("first 1/3", "last 1/3", "peak", "growth", "allowed")
    return "\n".join([" " * 13 + " ".join(f"{head:>9}" for head in heads), *map(str, rows)])


def sample_problems(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what grows."""
    for row in rows:
        if not row.is_flat:
            yield f"{row.name} have grown from {row.first:.1f} to {row.last:.1f}"


def _row(name: str, column: Sequence[float], third: int, *, share: float, least: float) -> Row:
    first, last = statistics.median(column[:third]), statistics.median(column[-third:])
    return Row(name, first, last, max(column), max(least, share * first))


def _sample(pid: int) -> Iterator[tuple[float, float, float]]:
    """Yield one sample, unless the process or /proc is missing."""
    memory = resident_megabytes(pid)
    if memory is None:
        return
    directory = Path(f"/proc/{pid}")
    try:
        threads = len(list((directory / "task").iterdir()))
        descriptors = len(list((directory / "fd").iterdir()))
    except OSError:
        return
    yield float(threads), float(descriptors), memory
