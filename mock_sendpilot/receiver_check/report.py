"""The report of an examination: for programs as it is, for people as a table with explanations."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, OUTCOMES, PASSED, WARNED
from mock_sendpilot.suggestions import did_you_mean

_MARKS: Mapping[str, str] = {PASSED: "✓", FAILED: "✗", WARNED: "!", INCONCLUSIVE: "–"}
_PLAIN_MARKS: Mapping[str, str] = {PASSED: "+", FAILED: "x", WARNED: "!", INCONCLUSIVE: "-"}
_COLOURS: Mapping[str, int] = {PASSED: 32, FAILED: 31, WARNED: 33, INCONCLUSIVE: 2}
_WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one check came out: what was seen, why it matters, how to do better."""

    id: str
    title: str
    outcome: str
    seen: str
    why: str
    fix: str
    duration_seconds: float
    is_tried: bool = True


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is written for people."""

    colour: bool = False
    is_plain: bool = False
    """In ASCII, for what can show nothing else."""
    title_width: int = 0

    def line(self, result: Result) -> str:
        """A result as a line of the table."""
        mark = self.painted(self.mark(result.outcome), result.outcome)
        return f"{mark} {result.title.ljust(self.title_width)}  {result.seen}".rstrip()

    def mark(self, outcome: str) -> str:
        """The sign of an outcome."""
        return (_PLAIN_MARKS if self.is_plain else _MARKS)[outcome]

    def painted(self, text: str, outcome: str) -> str:
        """A text in the colour of an outcome."""
        return f"\x1b[{_COLOURS[outcome]}m{text}\x1b[0m" if self.colour else text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """What came of an examination; as a text it is the table.

    Attributes:
        url: of the receiver.
        contract: the name of the contract.
        schemes: the signature schemes that it was seen to verify.
        results: one of each check, in order.
    """

    url: str
    contract: str
    schemes: tuple[str, ...]
    results: tuple[Result, ...]

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Report {self.url}: {self._summary(Style(), is_detailed=True)}>"

    @property
    def passed(self) -> bool:
        """Whether nothing failed; there may be warnings."""
        return not self.having(FAILED)

    @property
    def failed(self) -> tuple[Result, ...]:
        """The results that failed."""
        return self.having(FAILED)

    @property
    def warned(self) -> tuple[Result, ...]:
        """The results that are a warning."""
        return self.having(WARNED)

    def having(self, outcome: str) -> tuple[Result, ...]:
        """The results with an outcome."""
        return tuple(result for result in self.results if result.outcome == outcome)

    def result(self, check_id: str) -> Result:
        """The result of a check.

        Raises:
            InvalidInput: there is no such check; it says which there are.
        """
        known = {result.id: result for result in self.results}
        if check_id not in known:
            guess = did_you_mean(check_id, known)
            raise InvalidInput(f"no check {check_id!r}; {guess}there are: {', '.join(known)}")
        return known[check_id]

    def as_json(self) -> dict[str, Any]:
        """For programs: `durationSeconds` and all else as it is here."""
        return {
            "url": self.url,
            "contract": self.contract,
            "schemes": list(self.schemes),
            "passed": self.passed,
            "counts": {outcome: len(self.having(outcome)) for outcome in OUTCOMES},
            "checks": [_as_json(result) for result in self.results],
        }

    def text(self, style: Style | None = None) -> str:
        """For people: the table, what is to be done, and a summary."""
        width = max((len(result.title) for result in self.results), default=0)
        style = style or Style(title_width=width)
        table = "\n".join(style.line(result) for result in self.results if result.is_tried)
        return f"{self.url}, contract {self.contract}\n\n{table}\n{self.explanations(style)}"

    def explanations(self, style: Style) -> str:
        """What was not tried, paragraphs about what is not good, and a summary.

        Results for which the same matters and the same is to be done share a paragraph.
        """
        untried = [result for result in self.results if not result.is_tried]
        rest = f"{style.mark(INCONCLUSIVE)} {len(untried)} more checks" if untried else ""
        lines = [f"{style.painted(rest, INCONCLUSIVE)}: {untried[0].seen}"] if untried else []
        alike: dict[tuple[str, ...], list[Result]] = {}
        for one in (*self.failed, *self.warned):
            alike.setdefault((one.outcome, one.why, one.fix), []).append(one)
        paragraphs = ["\n".join(_paragraph(results, style)) for results in alike.values()]
        return "\n".join([*lines, "", *(f"{one}\n" for one in paragraphs), self._summary(style)])

    def _summary(self, style: Style, *, is_detailed: bool = False) -> str:
        parts = []
        for outcome in OUTCOMES:
            ids = [result.id for result in self.having(outcome)]
            named = f" ({', '.join(ids)})" if is_detailed and outcome in {FAILED, WARNED} else ""
            text = f"{len(ids)} {outcome}{named}"
            parts += [style.painted(text, outcome)] if ids else []
        return ", ".join(parts)


def _as_json(result: Result) -> dict[str, Any]:
    found = asdict(result)
    found["tried"] = found.pop("is_tried")
    found["durationSeconds"] = round(found.pop("duration_seconds"), 4)
    return found


def _paragraph(results: Sequence[Result], style: Style) -> Iterator[str]:
    """About one result; of several that are alike, what was seen stands in the table alone."""
    one = results[0]
    for result in results:
        heading = f"{style.mark(result.outcome)} {result.title} ({result.id})"
        yield style.painted(heading, result.outcome)
    seen = [("Seen", one.seen)] if len(results) == 1 else []
    for label, text in (*seen, ("Why", one.why), ("Fix", one.fix)):
        yield textwrap.fill(
            f"{label}: {text}",
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT + "  ",
            break_on_hyphens=False,
        )
