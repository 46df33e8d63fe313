"""The report of the matrix: the values that break the suite, and what is known of the others."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mock_sendpilot.contracts.options import OPTIONS
from mock_sendpilot.testing.reruns.command_line import MATRIX, MATRIX_OPTION
from mock_sendpilot.testing.reruns.report import (
    MAX_TESTS,
    Case,
    Line,
    counted,
    left_out,
    listed,
    test_lines,
)
from mock_sendpilot.testing.reruns.results import FAILED, PASSED, SAME, Results

MAX_TEXT = 60


class MatrixReport:
    """The report of a matrix.

    Args:
        results: the results of all processes.
        options: the contract options that were asked for.
    """

    name = "matrix"

    def __init__(self, results: Results, options: Sequence[str]) -> None:
        self._results = results
        self._touched = {str(facts["option"]) for facts in results.changes.values()}
        self._untouched = [name for name in options if name not in self._touched]

    @property
    def is_failed(self) -> bool:
        """True if a value breaks the suite."""
        return bool(self._results.with_outcome(FAILED))

    def lines(self) -> Iterator[Line]:
        """Yield the lines for the terminal."""
        results = self._results
        failed = results.with_outcome(FAILED)
        tests = len({one.test for one in results.reruns})
        if not results.changes:
            yield "no test touched a contract option that has another value", "yellow"
        else:
            values = counted(len(results.changes), "value")
            options = counted(len(self._touched), "contract option")
            breaks = f"breaks under {len(failed)}" if failed else "passes under each"
            reruns = f"{counted(len(results.reruns), 'rerun')} of {counted(tests, 'test')}"
            text = f"the suite {breaks} of {values} of {options} that it touched ({reruns})"
            yield text, "red" if failed else "green"
        for change in failed:
            yield from self._failed_lines(change)
        yield from listed("passed, with other replies or webhooks", results.with_outcome(PASSED))
        yield from listed("no difference to any reply or webhook", results.with_outcome(SAME))
        if results.changes:
            yield from listed("not touched by any test", self._untouched)
        yield from left_out(results)
        if failed:
            option = results.changes[failed[0]]["option"]
            yield f"one option again: pytest {MATRIX} {MATRIX_OPTION} {option}", ""

    def _failed_lines(self, change: str) -> Iterator[Line]:
        facts = self._results.changes[change]
        text = str(facts["text"])
        shortened = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
        yield f"{change}: {shortened}", "red"
        yield f"  {OPTIONS[facts['option']].about}", ""
        failed = [one for one in self._results.of_change(change) if one.outcome == FAILED]
        yield from test_lines(failed, limit=MAX_TESTS)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON."""
        results = self._results
        return {
            "passed": not self.is_failed,
            "values": [self._value(change) for change in results.changes],
            "notTouched": self._untouched,
            "tests": [asdict(one) for one in results.tests],
        }

    def _value(self, change: str) -> dict[str, Any]:
        facts = self._results.changes[change]
        option = OPTIONS[facts["option"]]
        return {
            **facts,
            "about": option.about,
            "source": option.source,
            "outcome": self._results.outcome(change),
            "tests": [
                {
                    "test": one.test,
                    "outcome": one.outcome,
                    "reason": one.reason or None,
                    "difference": one.difference,
                    "namedByTest": one.is_of_test,
                }
                for one in self._results.of_change(change)
            ],
        }

    def cases(self) -> Iterator[Case]:
        """Yield the test cases of the JUnit document: a value each."""
        for change in self._results.changes:
            facts = self._results.changes[change]
            about = f"{OPTIONS[facts['option']].about}\n{facts['text']}"
            outcome = self._results.outcome(change)
            failed = [one for one in self._results.of_change(change) if one.outcome == FAILED]
            failure = ""
            if outcome == FAILED:
                failure = f"breaks {counted(len(failed), 'test')}"
            details = "\n".join(text for text, _ in test_lines(failed, limit=len(failed)))
            yield Case(change, failure=failure, text=f"{about}\n{details}".strip())
