"""The report of drift: the changes that no test notices."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from mock_sendpilot.testing.reruns.command_line import DRIFT_PERCENT
from mock_sendpilot.testing.reruns.drift import KINDS
from mock_sendpilot.testing.reruns.report import Case, Line, counted, left_out
from mock_sendpilot.testing.reruns.results import FAILED, Results


class DriftReport:
    """The report of drift.

    Args:
        results: the results of all processes.
    """

    name = "drift"

    def __init__(self, results: Results) -> None:
        self._results = results
        noticed = set(results.with_outcome(FAILED))
        self._noticed = [change for change in results.changes if change in noticed]
        self._unnoticed = [change for change in results.changes if change not in noticed]

    @property
    def is_failed(self) -> bool:
        """True if no test notices a change."""
        return bool(self._unnoticed)

    def lines(self) -> Iterator[Line]:
        """Yield the lines for the terminal."""
        results = self._results
        if not results.changes:
            yield "no test got a reply or a webhook that could drift", "yellow"
        else:
            tests = len({one.test for one in results.reruns})
            reruns = f"{counted(len(results.reruns), 'rerun')} of {counted(tests, 'test')}"
            changes = f"{len(self._noticed)} of {counted(len(results.changes), 'change')}"
            color = "red" if self._unnoticed else "green"
            yield f"the suite notices {changes} of replies and webhooks ({reruns})", color
            omitted = len(results.candidates - results.changes.keys())
            if omitted:
                yield f"{counted(omitted, 'more change')} not drawn: {DRIFT_PERCENT}", ""
        yield from self._unnoticed_lines()
        yield from left_out(results)

    def _unnoticed_lines(self) -> Iterator[Line]:
        """Yield a line for each field; fields of the same source stand together."""
        by_field: dict[tuple[str, str, str], list[str]] = {}
        for change in self._unnoticed:
            facts = self._results.changes[change]
            key = str(facts["of"]), str(facts["source"]), str(facts["field"])
            by_field.setdefault(key, []).append(KINDS[facts["kind"]])
        latest = None
        for (label, source, field), kinds in by_field.items():
            if (label, source) != latest:
                latest = label, source
                noun = "replies" if label == "reply" else "webhooks"
                yield f"no test notices, in {noun} of {source}, that", ""
            yield f"  {field} {', '.join(kinds)}", ""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON."""
        results = self._results
        return {
            "passed": not self.is_failed,
            "counts": {
                "candidates": len(results.candidates),
                "tried": len(results.changes),
                "noticed": len(self._noticed),
            },
            "changes": [self._change(change) for change in results.changes],
            "tests": [asdict(one) for one in results.tests],
        }

    def _change(self, change: str) -> Mapping[str, Any]:
        reruns = self._results.of_change(change)
        return {
            **self._results.changes[change],
            "noticed": change in self._noticed,
            "tests": [
                {"test": one.test, "noticed": one.outcome == FAILED, "reason": one.reason or None}
                for one in reruns
            ],
        }

    def cases(self) -> Iterator[Case]:
        """Yield the test cases of the JUnit document: a change each."""
        for change in self._results.changes:
            reruns = self._results.of_change(change)
            noticed = [one for one in reruns if one.outcome == FAILED]
            failure = "" if noticed else "no test notices it"
            lines = [f"noticed by {one.test}: {one.reason}" for one in noticed]
            if not noticed:
                lines = [f"tried with {one.test}" for one in reruns]
            yield Case(change, failure=failure, text="\n".join(lines))
