"""The heads of responses, read without the parser of e-mail.

http.client has it read the headers, which takes longer than everything else about a response.
"""

import re
from http.client import HTTPMessage
from typing import Any

_PLAIN_HEAD = re.compile(
    # Not 1xx, 204 and 304, which have no body whatever their headers say.
    rb"HTTP/1\.1 (20[0-35-9]|2[1-9]\d|30[0-35-9]|[45]\d\d) ([\t -~]*)\r\n"
    rb"((?:[!#-'*+.^-z|~A-Z0-9-]+:[\t -~]*\r\n){1,50})\r\n"
)
"""The head of a response in ASCII, without folded lines; http.client would read the same."""
_FRAMING = frozenset({"transfer-encoding", "connection"})
_MAX_DIGITS = 15


def read_plain_head(response: Any) -> bool:
    """Read a head as `begin` of http.client does, if it is plain and there in one piece.

    Args:
        response: an `HTTPResponse` of which nothing is read yet, not to a HEAD.

    Returns:
        False if it is left to http.client: nothing of it was read.
    """
    head = _PLAIN_HEAD.match(response.fp.peek())
    headers = None if head is None else _plain_headers(head[3])
    if head is None or headers is None:
        return False
    response.fp.read(head.end())
    response.code = response.status = int(head[1])
    response.version, response.reason = 11, head[2].decode().strip()
    response.headers = response.msg = headers
    response.chunked = response.will_close = False
    response.length = int(headers["content-length"])
    return True


def _plain_headers(lines: bytes) -> HTTPMessage | None:
    """Return the headers of a response if nothing but `Content-Length` says where it ends."""
    headers, names = HTTPMessage(), []
    headers.set_payload("")
    for line in lines.decode().splitlines():
        name, _, value = line.partition(":")
        names.append(name.lower())
        headers[name] = value.lstrip(" \t")
    if names.count("content-length") != 1 or not _FRAMING.isdisjoint(names):
        return None
    length = headers["content-length"]
    return headers if length.isdecimal() and len(length) <= _MAX_DIGITS else None
