"""A check as data: what passes it, why that matters, and the fix."""

from collections.abc import Callable
from typing import Generic, ParamSpec

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.verdicts.findings import FAILED, Finding, Outcome
from mock_sendpilot.verdicts.report import Result

Subject = ParamSpec("Subject")


@dataclass(frozen=True, slots=True)
class Check(Generic[Subject]):
    """One check.

    Attributes:
        id: its name in JSON and JUnit.
        title: what a subject that passes does.
        why: the reason it matters.
        fix: the remedy, unless the finding has its own.
        run: finds out, and judges; other checks do not affect it.
        severity: the outcome that a failure counts as.
    """

    id: str
    title: str
    why: str
    fix: str
    run: Callable[Subject, Finding]
    severity: Outcome = FAILED

    def result(self, finding: Finding, *, seconds: float, is_tried: bool = True) -> Result:
        """Return the result for a finding of it, or for the reason not to try it."""
        finding = finding.with_severity(self.severity)
        return Result(
            id=self.id,
            title=self.title,
            outcome=finding.outcome,
            observed=finding.observed,
            why=self.why,
            fix=finding.fix or self.fix,
            duration_seconds=seconds,
            is_tried=is_tried,
        )
