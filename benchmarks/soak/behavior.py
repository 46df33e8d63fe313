"""The behavior of a soak's receivers: responses as data, drawn for each request."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

KEEP, CLOSE, RESET = "keep", "close", "reset"
FOLLOWED = "/followed"
"""The target of redirects; nobody may follow them."""
STEADY = "steady"
"""The one receiver that is always well."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response of a receiver, in parts.

    Attributes:
        status: the one that a client can note; None if it is no valid response.
        parts: bytes, each with the seconds after the request.
        end: what becomes of the connection.
        ends_after: when, in seconds after the request.
    """

    status: int | None
    parts: tuple[tuple[float, bytes], ...] = ()
    end: str = KEEP
    ends_after: float = 0.0


class Behavior:
    """Draws a response for each request; this one is always a 200.

    Args:
        chance: of its receiver alone.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def resets_unread(self) -> bool:
        """Draw whether a new connection is reset before anything is read."""
        return False

    def draw(self) -> Response:
        """Draw the next response."""
        return plain(200)


class _Flapping(Behavior):
    """503 for a while, then 200 for a while."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._status, self._left = 200, 0

    def draw(self) -> Response:
        if not self._left:
            self._status = 503 if self._status == 200 else 200
            self._left = self._chance.randint(1, 4 if self._status == 503 else 12)
        self._left -= 1
        return plain(self._status)


class _Hanging(Behavior):
    """Sometimes silent for longer than anybody waits."""

    def draw(self) -> Response:
        if self._chance.random() < 0.05:
            return Response(None, end=CLOSE, ends_after=1.0)
        return plain(200)


class _Resetting(Behavior):
    """Resets connections, with a request or before it is read."""

    def resets_unread(self) -> bool:
        return self._chance.random() < 0.2

    def draw(self) -> Response:
        drawn = self._chance.random()
        if drawn < 0.15:
            return Response(None, end=RESET)
        return plain(200, end=CLOSE if drawn < 0.6 else KEEP)


class _Redirecting(Behavior):
    """Sends elsewhere."""

    def draw(self) -> Response:
        if self._chance.random() < 0.3:
            status = self._chance.choice((301, 302, 303, 307, 308))
            return plain(status, headers=f"Location: {FOLLOWED}\r\n")
        return plain(200)


class _Trickling(Behavior):
    """Some responses come byte by byte: heads or bodies, within the time there is or beyond it."""

    def draw(self) -> Response:
        drawn = self._chance.random()
        if drawn >= 0.2:
            return plain(200)
        content = plain(200, body=b"it is well", end=CLOSE).parts[0][1]
        is_head = drawn < 0.1
        begin = 0 if is_head else len(content) - 10
        pause = self._chance.choice((0.002, 0.1))
        pieces = [(0.0, content[:begin])] if begin else []
        pieces += [
            (number * pause, content[begin + number : begin + number + 1])
            for number in range(len(content) - begin)
        ]
        # A head that takes too long is no response; with a body that does it is still one.
        status = None if is_head and pause > 0.01 else 200
        return Response(status, tuple(pieces), CLOSE, len(pieces) * pause)


class _Garbage(Behavior):
    """Responses that are hardly HTTP, or not at all."""

    def draw(self) -> Response:
        if self._chance.random() < 0.3:
            status, content = self._chance.choice(_GARBAGE)
            return Response(status, ((0.0, content),), CLOSE)
        return plain(200)


_CLOSES = b"HTTP/1.1 %b\r\nConnection: close\r\n"
"""Without that header the next request may come while the connection is being closed."""
_GARBAGE: tuple[tuple[int | None, bytes], ...] = (
    (None, b"SSH-2.0-OpenSSH_9.7\r\n"),
    (None, b"\x00\xff" * 40),
    (None, b""),
    (None, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n"),
    (None, b"HTTP/1.1 abc OK\r\n\r\n"),
    (200, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"),
    (200, b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nshort"),
    (200, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    (204, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
    (500, _CLOSES % b"500 " + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbody"),
    (999, _CLOSES % b"999 Strange" + b"Content-Length: 0\r\n\r\n"),
)

BEHAVIORS: Mapping[str, Callable[[random.Random], Behavior]] = {
    STEADY: Behavior,
    "flapping": _Flapping,
    "hanging": _Hanging,
    "resetting": _Resetting,
    "redirecting": _Redirecting,
    "trickling": _Trickling,
    "garbage": _Garbage,
}
HOSTILE = tuple(name for name in BEHAVIORS if name != STEADY)


def plain(status: int, *, headers: str = "", body: bytes = b"", end: str = KEEP) -> Response:
    """Return a valid response, sent at once."""
    closing = "Connection: close\r\n" if end == CLOSE else ""
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{headers}{closing}"
    content = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    return Response(status, ((0.0, content),), end)
