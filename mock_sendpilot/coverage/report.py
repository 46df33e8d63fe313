"""The report: how many points of each group were met, and which never were."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from mock_sendpilot.coverage.points import GROUPS, Point, all_points
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass

MAX_SUBJECTS = 10
"""The number of subjects of a group that the text names, unless all are asked for."""
_ALL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The points of a group about one thing, such as an operation."""

    name: str
    points: tuple[Point, ...]
    missed: tuple[Point, ...]

    @property
    def missed_values(self) -> str:
        """The values that were never met, in one text; empty for a subject without values."""
        return ", ".join(point.value for point in self.missed)

    @property
    def is_unknown(self) -> bool:
        """True if nothing of it was met."""
        return len(self.missed) == len(self.points)

    @property
    def hint(self) -> str:
        """A call that meets the first of what was missed, or the subject in words."""
        first = self.missed[0]
        return first.about if self.is_unknown and first.about else first.hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The points of a group, and how often each was met."""

    name: str
    points: tuple[Point, ...]
    counts: Mapping[str, int]

    @property
    def title(self) -> str:
        """Its title."""
        return GROUPS[self.name]

    @property
    def met_count(self) -> int:
        """The number of points that were met."""
        return sum(point.id in self.counts for point in self.points)

    @property
    def percent(self) -> float:
        """The share of points that were met, 0 to 100."""
        return _percent(self.met_count, len(self.points))

    def subjects(self) -> list[Subject]:
        """Return the points by their subjects."""
        by_name: dict[str, list[Point]] = {}
        for point in self.points:
            by_name.setdefault(point.subject, []).append(point)
        return [
            Subject(
                name=name,
                points=tuple(points),
                missed=tuple(one for one in points if one.id not in self.counts),
            )
            for name, points in by_name.items()
        ]

    def missed(self) -> list[Subject]:
        """Return the subjects of which a point was never met; those partly met come first."""
        missed = [one for one in self.subjects() if one.missed]
        # What the suite uses already is nearest to be met.
        return sorted(missed, key=lambda one: one.is_unknown)


@dataclass(frozen=True, kw_only=True)
class CoverageReport:
    """The coverage of the integration by a test suite.

    Attributes:
        points: what can be met.
        counts: how often each point was met, by its id.
        omitted: how many points are left out.
    """

    points: tuple[Point, ...]
    counts: Mapping[str, int]
    omitted: int = 0

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups that have a point, in order."""
        by_name: dict[str, list[Point]] = {name: [] for name in GROUPS}
        for point in self.points:
            by_name[point.group].append(point)
        return tuple(
            Group(name=name, points=tuple(points), counts=self.counts)
            for name, points in by_name.items()
            if points
        )

    @property
    def met_count(self) -> int:
        """The number of points that were met."""
        return sum(group.met_count for group in self.groups)

    @property
    def percent(self) -> float:
        """The share of all points that were met, 0 to 100."""
        return _percent(self.met_count, len(self.points))

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "percent": round(self.percent, 2),
            "met": self.met_count,
            "of": len(self.points),
            "omitted": self.omitted,
            "groups": [
                {
                    "name": group.name,
                    "title": group.title,
                    "percent": round(group.percent, 2),
                    "met": group.met_count,
                    "of": len(group.points),
                    "points": [
                        {"id": point.id, "count": self.counts.get(point.id, 0), "hint": point.hint}
                        for point in group.points
                    ],
                }
                for group in self.groups
            ],
        }

    def table(self) -> list[str]:
        """Return a line for each group, and one for the total."""
        rows = [(one.title, one.met_count, len(one.points), one.percent) for one in self.groups]
        rows.append(("total", self.met_count, len(self.points), self.percent))
        width = max(len(title) for title, *_ in rows)
        return [
            f"{title:<{width}}  {met:>4} of {count:>4}  {percent_text(percent):>6}"
            for title, met, count, percent in rows
        ]

    def missed_lines(self, *, shows_all: bool) -> list[str]:
        """Return what was never met, by group, each with a call that meets it."""
        lines: list[str] = []
        for group in self.groups:
            missed = group.missed()
            if missed:
                lines += ["", f"never met of {group.title}:", *_lines(missed, shows_all=shows_all)]
        return lines


def coverage_report(
    counts: Iterable[Mapping[str, int]], *, omit: Sequence[str] = ()
) -> CoverageReport:
    """Return the report on what was counted.

    Args:
        counts: how often each point was met, by its id; one for each process of the run.
        omit: patterns of points that do not count, such as `operations/campaigns.*`.

    Raises:
        InvalidInput: a pattern matches no point.
    """
    points = all_points()
    kept = tuple(one for one in points if not _is_omitted(one, omit))
    for pattern in omit:
        if not any(_is_omitted(one, [pattern]) for one in points):
            groups = ", ".join(GROUPS)
            raise InvalidInput(
                f"expected a pattern of points such as operations/campaigns.* or contract/*, got "
                f"{pattern!r}, which matches none; the groups are {groups}"
            )
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return CoverageReport(points=kept, counts=total, omitted=len(points) - len(kept))


def percent_text(percent: float) -> str:
    """Return a share in words; 100 % only if nothing is missing."""
    whole = int(percent)
    return f"{whole} %" if whole or not percent else "<1 %"


def _is_omitted(point: Point, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(point.id, pattern) for pattern in patterns)


def _percent(met: int, count: int) -> float:
    return _ALL * met / count if count else _ALL


def _lines(missed: Sequence[Subject], *, shows_all: bool) -> Iterator[str]:
    listed = missed if shows_all else missed[:MAX_SUBJECTS]
    names = max(len(one.name) for one in listed)
    values = max(len(_values(one)) for one in listed)
    for one in listed:
        yield f"  {one.name:<{names}}  {_values(one):<{values}}  {one.hint}".rstrip()
    rest = len(missed) - len(listed)
    if rest:
        yield f"  and {rest} more; -v names them"


def _values(subject: Subject) -> str:
    """Return what was missed of a subject, in few words."""
    if subject.is_unknown:
        return "nothing met" if subject.missed_values else ""
    return subject.missed_values
