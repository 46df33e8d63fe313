"""The sync of a client: what a check runs, again and again."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mock_sendpilot.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from mock_sendpilot.server import EmulatorServer

MAX_SECONDS = 60.0
"""The longest time of one run of a sync."""
MAX_HANG_SECONDS = 10.0
"""The longest time that a client should wait for a response that does not come."""
RETRY_AFTER_SECONDS = 2
"""The pause that a 429 asks for: longer than the first pause of most clients."""
_MAX_ERROR_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server that a sync runs against, for one run."""

    server: "EmulatorServer"
    api_key: str

    @property
    def base_url(self) -> str:
        """The URL in place of `https://api.sendpilot.ai/v1`."""
        return self.server.base_url


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run: an error of the sync, or None; and whether it had to be ended."""

    error: str | None = None
    was_ended: bool = False


class Sync(Protocol):
    """A sync of a client: a command or a function."""

    @property
    def name(self) -> str:
        """The name in the report."""

    def run(self, address: Address, must_end: Callable[[], bool]) -> Ending:
        """Run it to its end, or end it soon after `must_end()` is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a check of a client, in seconds."""

    max_seconds: float = MAX_SECONDS
    max_hang_seconds: float = MAX_HANG_SECONDS
    retry_after_seconds: int = RETRY_AFTER_SECONDS


def error_line(text: str) -> str:
    """Return a text on one line, cut, and without what could steer a terminal."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(printable.split())
    return line if len(line) <= _MAX_ERROR_LENGTH else f"{line[:_MAX_ERROR_LENGTH]}…"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 request`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"
