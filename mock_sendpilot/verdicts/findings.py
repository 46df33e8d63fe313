"""Outcomes of checks, and what was observed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from mock_sendpilot.lazy_dataclass import dataclass

Outcome = Literal["passed", "failed", "warned", "inconclusive"]
PASSED: Final = "passed"
FAILED: Final = "failed"
WARNED: Final = "warned"
INCONCLUSIVE: Final = "inconclusive"
"""The outcome of a check that cannot be decided from outside, or was not tried."""
OUTCOMES: tuple[Outcome, ...] = (PASSED, FAILED, WARNED, INCONCLUSIVE)
_BY_SEVERITY = (PASSED, INCONCLUSIVE, WARNED, FAILED)


@dataclass(frozen=True, slots=True)
class Finding:
    """An outcome and what was observed; a `fix` replaces that of the check."""

    outcome: Outcome
    observed: str
    fix: str | None = None

    def about(self, subject: str) -> "Finding":
        """Return the finding with its subject in front of what was observed."""
        return replace(self, observed=f"{subject}: {self.observed}")

    def with_severity(self, severity: Outcome) -> "Finding":
        """Return the finding with a failure counted as `severity`."""
        return replace(self, outcome=severity) if self.outcome == FAILED else self


def worst(findings: Sequence[Finding]) -> Finding:
    """Return the first of the most severe findings, or the last one if all passed."""
    if all(finding.outcome == PASSED for finding in findings):
        return findings[-1]
    return max(findings, key=lambda finding: _BY_SEVERITY.index(finding.outcome))


def best(findings: Sequence[Finding]) -> Finding:
    """Return the first of the least severe findings."""
    return min(findings, key=lambda finding: _BY_SEVERITY.index(finding.outcome))
