"""The report of a check: for people, as JSON, and as JUnit XML."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree import ElementTree as ET

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, OUTCOMES, PASSED, WARNED
from mock_sendpilot.suggestions import did_you_mean

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
    """The report on a receiver; `str(report)` is a table.

    Attributes:
        url: the URL of the receiver.
        contract: the name of the contract.
        schemes: the signature schemes it verifies.
        results: the result of each check, in order.
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
            "url": self.url,
            "contract": self.contract,
            "schemes": list(self.schemes),
            "passed": self.passed,
            "counts": {outcome: len(self.with_outcome(outcome)) for outcome in OUTCOMES},
            "checks": [result.as_json() for result in self.results],
        }

    def text(self, style: Style | None = None) -> str:
        """Return the table, the explanations and a summary."""
        width = max((len(result.title) for result in self.results), default=0)
        style = style or Style(title_width=width)
        table = "\n".join(style.line(result) for result in self.results if result.is_tried)
        return f"{self.url}, contract {self.contract}\n\n{table}\n{self.explanations(style)}"

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


_SUITE = "mock-sendpilot check-receiver"
_CLASS = "check_receiver"
# A receiver may respond with anything, and one such character makes the whole file unreadable.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, *, is_strict: bool = False) -> bytes:
    """Return the report as an XML document, in UTF-8.

    Inconclusive checks are skipped test cases. A warning is the output of a test case that passed;
    with `is_strict` it is a failure.
    """
    failing = {FAILED, WARNED} if is_strict else {FAILED}
    failures = sum(result.outcome in failing for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(report.results)),
        failures=str(failures),
        errors="0",
        skipped=str(len(report.with_outcome(INCONCLUSIVE))),
        time=_seconds(sum(result.duration_seconds for result in report.results)),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("url", report.url), ("contract", report.contract)):
        ET.SubElement(properties, "property", name=name, value=_allowed(value))
    for result in report.results:
        _add_case(suite, result, is_failure=result.outcome in failing)
    suites = ET.Element("testsuites")
    suites.append(suite)
    document: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document


def _add_case(suite: ET.Element, result: Result, *, is_failure: bool) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_CLASS,
        name=_allowed(result.title),
        time=_seconds(result.duration_seconds),
    )
    observed = _allowed(result.observed)
    text = _allowed(f"{result.observed}\n\nWhy: {result.why}\nFix: {result.fix}")
    if is_failure:
        ET.SubElement(case, "failure", message=observed, type=result.id).text = text
    elif result.outcome == INCONCLUSIVE:
        ET.SubElement(case, "skipped", message=observed)
    else:
        label = "warning: " if result.outcome == WARNED else ""
        ET.SubElement(case, "system-out").text = f"{label}{text if label else observed}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _allowed(text: str) -> str:
    """Return a text without the characters XML cannot contain."""
    return _NOT_XML.sub("\ufffd", text)
