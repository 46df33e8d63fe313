"""The parts of a report of reruns that are the same for each kind, and its files."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree as ET

import orjson

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.testing.reruns.results import NOT_REPEATABLE, Rerun, Results

# A test may say anything, and one such character makes the whole file unreadable.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_TESTS = 5
"""The number of tests that the terminal shows of each change; the files have all."""

_WIDTH = 100

Line = tuple[str, str]
"""A line for the terminal, and its color; nothing for none."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test case of a JUnit document; without `failure` it has passed."""

    name: str
    failure: str
    text: str


class Report(Protocol):
    """A report of reruns."""

    @property
    def name(self) -> str:
        """The kind of reruns, as in options."""

    @property
    def is_failed(self) -> bool:
        """True if it ends a strict run with an error."""

    def lines(self) -> Iterable[Line]:
        """Return the lines for the terminal."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON."""

    def cases(self) -> Iterable[Case]:
        """Return the test cases of the JUnit document."""


def write_json(report: Report, path: Path) -> None:
    """Write a report as JSON; it raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2) + b"\n")


def write_junit(report: Report, path: Path) -> None:
    """Write a report as JUnit XML; it raises OSError."""
    cases = list(report.cases())
    suite = ET.Element(
        "testsuite",
        name=f"sendpilot {report.name}",
        tests=str(len(cases)),
        failures=str(sum(bool(case.failure) for case in cases)),
        errors="0",
        skipped="0",
    )
    for case in cases:
        element = ET.SubElement(
            suite, "testcase", classname=f"sendpilot.{report.name}", name=_allowed(case.name)
        )
        text = _allowed(case.text)
        if case.failure:
            ET.SubElement(element, "failure", message=_allowed(case.failure)).text = text
        else:
            ET.SubElement(element, "system-out").text = text
    suites = ET.Element("testsuites")
    suites.append(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))


def _allowed(text: str) -> str:
    """Return a text without the characters XML cannot contain."""
    return _NOT_XML.sub("\ufffd", text)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(title: str, names: Sequence[str]) -> Iterator[Line]:
    """Yield the lines of a list of names, if there are any."""
    if names:
        yield f"{title} ({len(names)}):", ""
        text = ", ".join(names)
        for line in textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False
        ):
            yield line, ""


def test_lines(reruns: Sequence[Rerun], *, limit: int) -> Iterator[Line]:
    """Yield the lines about failed reruns."""
    for rerun in reruns[:limit]:
        yield f"  {rerun.test}: {rerun.reason}", ""
        if rerun.difference is not None:
            yield f"    {rerun.difference}", ""
        if rerun.is_of_test:
            yield "    the test itself names what this contract does not have", ""
    if len(reruns) > limit:
        yield f"  and {counted(len(reruns) - limit, 'more test')}", ""


def left_out(results: Results) -> Iterator[Line]:
    """Yield the lines about tests that could not be run again."""
    for one in results.with_state(NOT_REPEATABLE):
        yield f"left out: {one.test} fails when it is run again: {one.reason}", "yellow"
