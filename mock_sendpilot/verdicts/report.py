"""The report of a check: for people, and as JSON."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, OUTCOMES, PASSED, WARNED

_MARKS: Mapping[str, str] = {PASSED: "✓", FAILED: "✗", WARNED: "!", INCONCLUSIVE: "–"}
_PLAIN_MARKS: Mapping[str, str] = {PASSED: "+", FAILED: "x", WARNED: "!", INCONCLUSIVE: "-"}
_COLORS: Mapping[str, int] = {PASSED: 32, FAILED: 31, WARNED: 33, INCONCLUSIVE: 2}
_WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check: what was observed, why it matters, and the fix."""

    id: str
    title: str
    outcome: str
    observed: str
    why: str
    fix: str
    duration_seconds: float
    is_tried: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON."""
        fields = asdict(self)
        fields["tried"] = fields.pop("is_tried")
        fields["durationSeconds"] = round(fields.pop("duration_seconds"), 4)
        return fields


@dataclass(frozen=True, slots=True)
class Style:
    """The way a report is written for people."""

    color: bool = False
    is_plain: bool = False
    """ASCII only, for a terminal that can show nothing else."""
    title_width: int = 0

    def line(self, result: Result) -> str:
        """Return the line of the table for a result."""
        mark = self.painted(self.mark(result.outcome), result.outcome)
        return f"{mark} {result.title.ljust(self.title_width)}  {result.observed}".rstrip()

    def mark(self, outcome: str) -> str:
        """Return the sign of an outcome."""
        return (_PLAIN_MARKS if self.is_plain else _MARKS)[outcome]

    def painted(self, text: str, outcome: str) -> str:
        """Return a text in the color of an outcome."""
        return f"\x1b[{_COLORS[outcome]}m{text}\x1b[0m" if self.color else text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """The report of a check; `str(report)` is a table.

    Attributes:
        contract: the name of the contract.
        results: the result of each check, in order.
    """

    command: ClassVar[str]
    """The command that makes such a report."""

    contract: str
    results: tuple[Result, ...]

    @property
    def subject(self) -> str:
        """The name of what was checked."""
        raise NotImplementedError

    @property
    def facts(self) -> Mapping[str, Any]:
        """The subject of the report and its settings, as JSON."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.subject}: {self._summary(Style(), is_detailed=True)}>"

    @property
    def passed(self) -> bool:
        """Return whether nothing failed; there may be warnings."""
        return not self.failed

    @property
    def failed(self) -> tuple[Result, ...]:
        """The results that failed."""
        return self.with_outcome(FAILED)

    @property
    def warned(self) -> tuple[Result, ...]:
        """The results that are a warning."""
        return self.with_outcome(WARNED)

    def with_outcome(self, outcome: str) -> tuple[Result, ...]:
        """Return the results with an outcome."""
        return tuple(result for result in self.results if result.outcome == outcome)

    def result(self, check_id: str) -> Result:
        """Return the result of a check.

        Raises:
            InvalidInput: no check has that id; the message lists those that exist.
        """
        known = {result.id: result for result in self.results}
        if check_id not in known:
            guess = did_you_mean(check_id, known)
            raise InvalidInput(f"no check {check_id!r}; {guess}there are: {', '.join(known)}")
        return known[check_id]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            **self.facts,
            "passed": self.passed,
            "counts": {outcome: len(self.with_outcome(outcome)) for outcome in OUTCOMES},
            "checks": [result.as_json() for result in self.results],
        }

    def text(self, style: Style | None = None) -> str:
        """Return the table, the explanations and a summary."""
        width = max((len(result.title) for result in self.results), default=0)
        style = style or Style(title_width=width)
        table = "\n".join(style.line(result) for result in self.results if result.is_tried)
        return f"{self.subject}, contract {self.contract}\n\n{table}\n{self.explanations(style)}"

    def explanations(self, style: Style) -> str:
        """Return what was not tried, paragraphs on failures and warnings, and a summary.

        Results with the same reason and the same fix share a paragraph.
        """
        lines = []
        untried = [result for result in self.results if not result.is_tried]
        if untried:
            count = f"{style.mark(INCONCLUSIVE)} {len(untried)} more checks"
            lines.append(f"{style.painted(count, INCONCLUSIVE)}: {untried[0].observed}")
        lines.append("")
        by_fix: dict[tuple[str, ...], list[Result]] = {}
        for result in (*self.failed, *self.warned):
            by_fix.setdefault((result.outcome, result.why, result.fix), []).append(result)
        for results in by_fix.values():
            lines += [*_paragraph(results, style), ""]
        return "\n".join([*lines, self._summary(style)])

    def _summary(self, style: Style, *, is_detailed: bool = False) -> str:
        parts = []
        for outcome in OUTCOMES:
            ids = [result.id for result in self.with_outcome(outcome)]
            details = f" ({', '.join(ids)})" if is_detailed and outcome in {FAILED, WARNED} else ""
            if ids:
                parts.append(style.painted(f"{len(ids)} {outcome}{details}", outcome))
        return ", ".join(parts)


def _paragraph(results: Sequence[Result], style: Style) -> Iterator[str]:
    """Yield the lines about results that share a reason and a fix."""
    for result in results:
        heading = f"{style.mark(result.outcome)} {result.title} ({result.id})"
        yield style.painted(heading, result.outcome)
    first = results[0]
    # For several results the table alone has what was observed.
    observed = [("Observed", first.observed)] if len(results) == 1 else []
    for label, text in (*observed, ("Why", first.why), ("Fix", first.fix)):
        yield textwrap.fill(
            f"{label}: {text}",
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT + "  ",
            break_on_hyphens=False,  # options and headers are to be copied
        )
