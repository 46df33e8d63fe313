"""Just enough HTTP to tell where a request or a reply ends; both sides of a run share it."""

import re

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


def end_of_message(buffer: bytes) -> int:
    """Return the end of the first message in the buffer; 0 while it is incomplete."""
    end_of_head = buffer.find(b"\r\n\r\n")
    if end_of_head < 0:
        return 0
    length = _LENGTH.search(buffer, 0, end_of_head)
    end = end_of_head + 4 + (int(length[1]) if length else 0)
    return end if len(buffer) >= end else 0


def closes(reply: bytes) -> bool:
    """Return whether the server ends the connection after this reply."""
    return reply.startswith(b"HTTP/1.0") or _CLOSES.search(reply) is not None
