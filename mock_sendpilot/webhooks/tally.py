"""A tally of what a workspace has sent, and what of it fell into a span of time."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tally:
    """Events by their names on the wire; attempts by `succeeded`, `failed` and `exhausted`.

    An attempt that failed and was the last one counts as both failed and exhausted.
    """

    events: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)

    def copy(self) -> "Tally":
        """What has been counted until now."""
        return Tally(self.events.copy(), self.attempts.copy())

    def since(self, earlier: "Tally") -> "Tally":
        """What has come since an earlier copy."""
        return Tally(self.events - earlier.events, self.attempts - earlier.attempts)
