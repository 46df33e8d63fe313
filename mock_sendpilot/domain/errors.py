"""What can go wrong in the emulated world: what happened, never an HTTP status.

`message` is what the vendor says; `hint` is what the emulator knows beyond it, for the person who
has to find the mistake. A table at the API's edge turns each class into the vendor's envelope.
"""


class SendPilotError(Exception):
    """The root of all errors of the emulated world."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidApiKey(SendPilotError):
    """The key is missing, unknown or revoked."""


class ScopeMissing(SendPilotError):
    """The key is known but may not do this."""


class NotFound(SendPilotError):
    """A resource that this workspace does not have."""


class InvalidInput(SendPilotError):
    """What was sent cannot be accepted. `problems` holds one sentence for each fault."""

    def __init__(self, *problems: str, hint: str = "") -> None:
        super().__init__("; ".join(problems), hint=hint)
        self.problems = problems


class BodyTooLarge(SendPilotError):
    """The request body is longer than the vendor takes."""


class NotAllowed(SendPilotError):
    """The emulator's own protection refuses: a foreign host or origin, or no control token."""
