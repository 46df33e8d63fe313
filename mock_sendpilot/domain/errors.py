"""What can go wrong in the emulated world: what happened, never an HTTP status.

`message` is what the vendor says; `hint` is what the emulator knows beyond it, for the person who
has to find the mistake; as a text an error is both. A table at the API's edge turns each class into
the vendor's envelope.
"""

from mock_sendpilot.domain.redaction import redacted


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
    """What was sent cannot be accepted. `problems` holds one sentence for each fault."""

    def __init__(self, *problems: str, hint: str = "") -> None:
        problems = tuple(map(redacted, problems))
        super().__init__("; ".join(problems), hint=hint)
        self.problems = problems


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


class ServiceFault(SendPilotError):
    """A fault of the service itself, which was asked for by a switch of the contract."""


class NotAllowed(SendPilotError):
    """The emulator's own protection refuses: a foreign host or origin, or no control token."""
