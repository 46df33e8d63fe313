"""Findings: how a check came out, and what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

PASSED, FAILED, WARNED, INCONCLUSIVE = "passed", "failed", "warned", "inconclusive"
OUTCOMES = (PASSED, FAILED, WARNED, INCONCLUSIVE)
"""`inconclusive` is what cannot be seen from outside, or was not tried after all."""
_BY_GRAVITY = (PASSED, INCONCLUSIVE, WARNED, FAILED)


@dataclass(frozen=True, slots=True)
class Finding:
    """An outcome and what was seen, in words; `fix` where the check's own does not fit the case."""

    outcome: str
    seen: str
    fix: str | None = None

    def about(self, subject: str) -> "Finding":
        """The same, saying what it is about."""
        return replace(self, seen=f"{subject}: {self.seen}")

    def at_most(self, level: str) -> "Finding":
        """The same, with a failure counting as `level`."""
        return replace(self, outcome=level) if self.outcome == FAILED else self


def gravest(findings: Sequence[Finding]) -> Finding:
    """The first of the worst findings; of good ones the last."""
    worst = max(_BY_GRAVITY.index(one.outcome) for one in findings)
    if _BY_GRAVITY[worst] == PASSED:
        return findings[-1]
    return next(one for one in findings if _BY_GRAVITY.index(one.outcome) == worst)
