"""Transmission: how much of a response a client gets, how late, how fast, and how it ends.

An app asks for it with the function in its WSGI environment. The response is then held back and
released by the network thread, so a thousand slow or hung responses occupy no thread at all.
"""

import math
from typing import Literal

from mock_sendpilot.lazy_dataclass import dataclass

TRANSMIT = "mock_sendpilot.transmit"
"""The key of the WSGI environment for a function that takes the `Transmission` of the response."""

_INTERVAL_SECONDS = 0.05  # between two parts of a response that trickles

Part = Literal["all", "half", "nothing"]
Ending = Literal["as usual", "close", "reset", "hang"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """The transmission of one response.

    Attributes:
        delay_seconds: the time until its first byte is sent.
        part: what is sent of it; `half` has all headers and half of the body.
        bytes_per_second: the speed; None for as fast as possible.
        ending: what happens to the connection afterwards; with `hang` nothing is ever sent.
    """

    delay_seconds: float = 0.0
    part: Part = "all"
    bytes_per_second: float | None = None
    ending: Ending = "as usual"


class HeldResponse:
    """A response that is released bit by bit.

    Args:
        content: the response as it goes over the wire.
        transmission: how it is released.
        now: the time, in seconds of a counter that never goes back.
        closes: True if the connection is closed after the response anyway.
    """

    def __init__(
        self, content: bytes, transmission: Transmission, *, now: float, closes: bool
    ) -> None:
        self.held_since = self.sent_at = now
        self.closes = closes or transmission.ending in {"close", "reset"}
        self.resets = transmission.ending == "reset"
        self._rest = _part(content, transmission.part)
        self._bytes_per_second = transmission.bytes_per_second
        is_hung = transmission.ending == "hang"
        self.due_at = math.inf if is_hung else now + transmission.delay_seconds

    def __len__(self) -> int:
        return len(self._rest)

    @property
    def is_over(self) -> bool:
        """True once all of it has been taken."""
        return not self._rest

    def take(self, now: float) -> bytes:
        """Return the next bytes; those after them are due later."""
        self.sent_at = now
        count = len(self._rest)
        if self._bytes_per_second is not None:
            count = max(1, round(self._bytes_per_second * _INTERVAL_SECONDS))
            self.due_at = now + max(_INTERVAL_SECONDS, count / self._bytes_per_second)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def end(self) -> bytes:
        """Send nothing more: a response that is held back ends with its connection."""
        self._rest = b""
        return b""


def _part(content: bytes, part: Part) -> bytes:
    if part == "all":
        return content
    if part == "nothing":
        return b""
    head, separator, body = content.partition(b"\r\n\r\n")
    return head + separator + body[: len(body) // 2]
