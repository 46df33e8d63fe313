"""What can go wrong in the emulated world: what happened, never an HTTP status.

`message` is what the vendor says; `hint` is what the emulator knows beyond it, for the person who
has to find the mistake; as a text an error is both. A table at the API's edge turns each class into
the vendor's envelope.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from mock_sendpilot.redaction import redacted

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_PROBLEMS = 20
MAX_PROBLEM_CHARACTERS = 1000
_TAIL_CHARACTERS = 300


class Problem(str):
    """A sentence about one fault: what was expected and, after a semicolon, what was found.

    `rule` is the vendor's sentence for the same fault, without what was found. It is `expected`
    unless it is given.
    """

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, expected: str, found: str = "", *, rule: str | None = None) -> "Self":
        """Make the sentence."""
        problem = super().__new__(cls, f"{expected}; {found}" if found else expected)
        problem.rule = expected if rule is None else rule
        return problem


def bounded(problems: Iterable[str]) -> list[str]:
    """Return the first 20 problems and how many more there are.

    Each is without secrets, and at most 1,000 characters long.
    """
    remaining = iter(problems)
    first: list[str] = [_presentable(problem) for problem in islice(remaining, MAX_PROBLEMS)]
    omitted = sum(1 for _ in remaining)
    return [*first, f"and {omitted:,} more"] if omitted else first


def shortened(text: str, characters: int = MAX_PROBLEM_CHARACTERS) -> str:
    """Return the text, without its middle if it is too long; the end says what was found."""
    if len(text) <= characters:
        return text
    tail = min(_TAIL_CHARACTERS, characters // 2)
    return f"{text[: characters - tail - 5]} ... {text[-tail:]}"


def _presentable(problem: str) -> Problem:
    rule = problem.rule if isinstance(problem, Problem) else problem
    return Problem(shortened(redacted(problem)), rule=shortened(redacted(rule)))


class SendPilotError(Exception):
    """The root of all errors of the emulated world. Secrets in their texts are masked."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = redacted(message)
        self.hint = redacted(hint) if hint else ""
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidApiKey(SendPilotError):
    """The key is missing, unknown, expired or revoked."""


class ScopeMissing(SendPilotError):
    """The key is known but may not do this."""


class NotFound(SendPilotError):
    """A resource that this workspace does not have."""


class InvalidInput(SendPilotError):
    """Input that cannot be accepted. `problems` holds a sentence for each of the first faults.

    What the vendor's API can answer is a `Problem`, so that its `rule` can stand in the reply.
    """

    def __init__(self, *problems: str, hint: str = "") -> None:
        self.problems = tuple(bounded(problems))
        super().__init__("; ".join(self.problems), hint=hint)


class BodyTooLarge(SendPilotError):
    """The request body is longer than the vendor takes."""


class CreditsExhausted(SendPilotError):
    """The workspace has fewer credits than this would spend."""


class SenderNotActive(SendPilotError):
    """The sender is disconnected or rate limited by LinkedIn."""


class LimitExceeded(SendPilotError):
    """Too much in too short a time; it can be tried again in `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class AdvanceTimedOut(SendPilotError):
    """A clock was not advanced as far as it should be in the time there was for it.

    Attributes:
        task_count: how many tasks ran.
        left_count: how many are left, of those that are due by the target.
        held_up_by: what was running still.
    """

    def __init__(
        self, *, now: str, target: str, task_count: int, left_count: int, held_up_by: Sequence[str]
    ) -> None:
        busy = f"it was held up by {', '.join(held_up_by)}; " if held_up_by else ""
        shorter = ", or the endpoint that hangs a shorter timeout" if held_up_by else ""
        super().__init__(
            f"the clock has reached {now}, not {target}, in the time given (tasks run: "
            f"{task_count}, left: {left_count}); {busy}give the advance more time{shorter}"
        )
        self.task_count = task_count
        self.left_count = left_count
        self.held_up_by = tuple(held_up_by)


class ServiceFault(SendPilotError):
    """A fault of the service itself, which was asked for by a switch of the contract."""


class NotAllowed(SendPilotError):
    """The emulator's own protection refuses: a foreign host or origin, or no control token."""
