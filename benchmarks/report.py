"""The findings of a benchmark, as data and as a table.

A row holds one value of ours and one of the baseline for each round. The report has the median
of the rounds' ratios: whatever slows the machine down slows both sides of a round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The length of a run: `rounds` for each comparison, `seconds` for each run of load."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. A target is the most that the ratio, or our own value, should be.

    Where more is better, it is the least that the ratio should be.

    Where the values were not taken in turns, `is_paired` is false and only medians are compared.
    """

    name: str
    unit: str
    ours: Sequence[float]
    baseline_name: str
    baseline: Sequence[float]
    max_ratio: float | None = None
    max_value: float | None = None
    min_ratio: float | None = None
    note: str = ""
    is_paired: bool = True

    def ratios(self) -> list[float]:
        """Ours to the baseline, one for each round."""
        if not self.is_paired:
            return [median(self.ours) / median(self.baseline)]
        return [ours / baseline for ours, baseline in zip(self.ours, self.baseline, strict=True)]

    def verdict(self) -> str:
        """Return a mark for a target that is met or missed; nothing if there is none."""
        if self.max_ratio is not None:
            return _verdict(median(self.ratios()), self.max_ratio, "x")
        if self.min_ratio is not None:
            is_met = median(self.ratios()) >= self.min_ratio
            return f"target >= {self.min_ratio:g}x: {'met' if is_met else 'MISSED'}"
        if self.max_value is not None:
            return _verdict(median(self.ours), self.max_value, f" {self.unit}")
        return ""

    def as_text(self) -> str:
        """One line: the ratio and its range, the medians it is made of, the target."""
        ratios = self.ratios()
        span = f"{_short(min(ratios))}..{_short(max(ratios))}" if len(ratios) > 1 else ""
        values = f"{_short(median(self.ours))} : {_short(median(self.baseline))} {self.unit}"
        line = f"  {self.name:<36} {_short(median(ratios)) + 'x':>8}  {span:<14} {values:<28}"
        notes = [f"vs {self.baseline_name}", self.verdict(), self.note]
        return f"{line} {'; '.join(note for note in notes if note)}"

    def as_json(self) -> dict[str, Any]:
        """The same for programs, with the values of all rounds."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ratio": median(self.ratios()),
            "ratios": self.ratios(),
            "ours": list(self.ours),
            "baseline": list(self.baseline),
            "baselineName": self.baseline_name,
            "maxRatio": self.max_ratio,
            "maxValue": self.max_value,
            "minRatio": self.min_ratio,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A comparison that could not be made here."""

    name: str
    reason: str

    def as_text(self) -> str:
        """One line."""
        return f"  {self.name:<36} skipped: {self.reason}"

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"name": self.name, "skipped": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Values of more than two servers: for each its values of all rounds, column by column."""

    title: str
    columns: Sequence[str]
    lines: Mapping[str, Sequence[Sequence[float]]]

    def as_text(self) -> str:
        """Print the median of each cell with its range, as Markdown."""
        rows = [[self.title, *self.columns], ["---"] * (len(self.columns) + 1)]
        rows += [[name, *map(_cell, cells)] for name, cells in self.lines.items()]
        return "\n".join(["", *(f"| {' | '.join(row)} |" for row in rows), ""])

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs, with the values of all rounds."""
        lines = {
            name: dict(zip(self.columns, map(list, cells), strict=True))
            for name, cells in self.lines.items()
        }
        return {"name": self.title, "table": lines}


Finding = Row | Skipped | Table


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "–"
    middle = _short(median(values))
    low, high = _short(min(values)), _short(max(values))
    return middle if low == high else f"{middle} ({low}–{high})"


def _verdict(found: float, most: float, unit: str) -> str:
    return f"target <= {most:g}{unit}: {'met' if found <= most else 'MISSED'}"


def _short(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
