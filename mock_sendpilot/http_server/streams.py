"""Responses that stay open: the network thread sends what other threads have for them.

An open response occupies a connection and no thread. An app asks for it with the function in its
WSGI environment.
"""

from collections.abc import Callable
from typing import Protocol

OPEN_STREAM = "mock_sendpilot.open_stream"
"""The key of the WSGI environment for a function that takes the `Source` of an open response."""

_LAST_CHUNK = b"0\r\n\r\n"


class Source(Protocol):
    """The rest of an open response, bit by bit. The network thread calls all methods."""

    def connect(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, when something is due earlier than `due_at` has said."""

    def due_at(self) -> float:
        """Return when there is something to send, in seconds of a counter that never goes back."""

    def take(self, now: float) -> bytes:
        """Return what is due."""

    def close(self) -> None:
        """Note that nothing is sent any more; `wake` must not be called afterwards."""


class OpenResponse:
    """A response that ends with its connection, or with the server.

    Args:
        content: the response as it goes over the wire, with the beginning of its body.
        source: the rest.
        now: the time, in seconds of a counter that never goes back.
    """

    closes = True
    resets = False

    def __init__(self, content: bytes, source: Source, *, now: float) -> None:
        head, separator, body = content.partition(b"\r\n\r\n")
        self._is_chunked = b"\r\ntransfer-encoding: chunked" in head.lower()
        self._beginning = head + separator + body.removesuffix(_LAST_CHUNK)
        self._source = source
        self.held_since = self.sent_at = now
        self.is_over = False

    def __len__(self) -> int:
        return len(self._beginning)

    @property
    def due_at(self) -> float:
        """The time at which there is something to send."""
        return self.held_since if self._beginning else self._source.due_at()

    def take(self, now: float) -> bytes:
        """Return the next bytes."""
        self.sent_at = now
        if self._beginning:
            beginning, self._beginning = self._beginning, b""
            return beginning
        part = self._source.take(now)
        return b"%x\r\n%b\r\n" % (len(part), part) if part and self._is_chunked else part

    def end(self) -> bytes:
        """End the response, and return its last bytes."""
        self.is_over = True
        self._source.close()
        return self._beginning + (_LAST_CHUNK if self._is_chunked else b"")


def open_response(
    content: bytes, *, source: Source, wake: Callable[[], None], now: float, closes: bool
) -> OpenResponse:
    """Return the open response that begins with `content` and goes on with what a source has."""
    del closes  # a response without a length always does
    source.connect(wake)
    return OpenResponse(content, source, now=now)
