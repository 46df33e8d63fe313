"""Errors of the emulated world, named after what happened; they know no HTTP status.

`message` is the vendor's text; `hint` is what the emulator knows beyond it, for the person who has
to find the mistake; `str(error)` is both. A table in `api/refusals.py` turns each class into the
vendor's JSON.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from mock_sendpilot.redaction import redacted

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_PROBLEMS = 20  # a body of 1 MB can have a hundred thousand mistakes
MAX_PROBLEM_CHARACTERS = 1000
_TAIL_CHARACTERS = 300


class Problem(str):
    """A sentence about one mistake, for the person who has to mend it.

    `rule` is the vendor's sentence for the same mistake, without what was found; by default it is
    the same sentence.
    """

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, text: str, *, rule: str | None = None) -> "Self":
        """Make the sentence."""
        problem = super().__new__(cls, text)
        problem.rule = text if rule is None else rule
        return problem

    @classmethod
    def expected(cls, what: str, *, got: str, of: str = "", rule: str | None = None) -> "Self":
        """Return `expected X, got Y`, after the name of its subject if that is given.

        Args:
            what: the valid values, as a noun phrase.
            got: the value that was found, without secrets.
            of: the name of the field.
            rule: the vendor's sentence; by default `must be X`.
        """
        text = f"expected {what}, got {got}"
        rule = f"{of} must be {what}".lstrip() if rule is None else rule
        return cls(f"{of}: {text}" if of else text, rule=rule)


def bounded(problems: Iterable[str]) -> list[str]:
    """Return the first 20 problems, each shortened and without secrets, and how many follow."""
    remaining = iter(problems)
    first: list[str] = []
    for problem in islice(remaining, MAX_PROBLEMS):
        rule = problem.rule if isinstance(problem, Problem) else problem
        first.append(Problem(shortened(redacted(problem)), rule=shortened(redacted(rule))))
    omitted = sum(1 for _ in remaining)
    return [*first, f"and {omitted:,} more"] if omitted else first


def shortened(text: str, characters: int = MAX_PROBLEM_CHARACTERS) -> str:
    """Cut out the middle of a text that is too long: the end of a problem says what was found."""
    if len(text) <= characters:
        return text
    tail = min(_TAIL_CHARACTERS, characters // 2)
    return f"{text[: characters - tail - 5]} ... {text[-tail:]}"  # 5 for what is between


class SendPilotError(Exception):
    """The base class of all errors. Secrets in their texts are masked."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        # Here, so that nobody who raises one has to think of it.
        self.message = redacted(message)
        self.hint = redacted(hint) if hint else ""
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidApiKey(SendPilotError):
    """The key is missing, unknown, expired or revoked."""


class ScopeMissing(SendPilotError):
    """The key lacks the scope of the operation."""


class NotFound(SendPilotError):
    """The workspace has no such resource."""


class InvalidInput(SendPilotError):
    """The input cannot be accepted. `problems` has a sentence for each of the first mistakes.

    For the vendor's API a sentence is a `Problem`, so that its `rule` can be in the response.
    """

    def __init__(self, *problems: str, hint: str = "") -> None:
        self.problems = tuple(bounded(problems))
        super().__init__("; ".join(self.problems), hint=hint)


class BodyTooLarge(SendPilotError):
    """The request body is longer than the vendor accepts."""


class CreditsExhausted(SendPilotError):
    """The workspace has fewer credits than this would spend."""


class SenderNotActive(SendPilotError):
    """The sender is disconnected or rate limited by LinkedIn."""


class LimitExceeded(SendPilotError):
    """Too many requests or actions; the next one is possible after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class AdvanceTimedOut(SendPilotError):
    """The time limit of an advance was reached before the clock reached its target.

    Attributes:
        task_count: the number of tasks that ran.
        left_count: the number of tasks left that are due by the target.
        held_up_by: descriptions of the tasks that were still running.
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

    @classmethod
    def reported(
        cls, message: str, *, task_count: int, left_count: int, held_up_by: Sequence[str]
    ) -> "Self":
        """Return the error that another process has reported with a message."""
        error = cls.__new__(cls)
        SendPilotError.__init__(error, message)
        error.task_count, error.left_count = task_count, left_count
        error.held_up_by = tuple(held_up_by)
        return error


class ServiceFault(SendPilotError):
    """A failure of the service itself, switched on by an option of the contract."""


class NotAllowed(SendPilotError):
    """The emulator protects itself: a foreign host or origin, a public key, no control token."""
