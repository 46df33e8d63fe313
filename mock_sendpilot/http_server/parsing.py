"""The parser of requests: what waitress's would drop, refuse or read in vain."""

import copy
import logging
import re
from collections.abc import Callable
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

MAX_BODY_BYTES = 64_000_000  # the app answers 413 long before; this only bounds the memory
_MAX_DISCARDED_BYTES = 1_000_000_000
_TLS_HANDSHAKE = 0x16
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_METHOD_CHARACTERS = frozenset(
    b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_logger = logging.getLogger(__name__)


class _Nowhere:
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None:
        """Discard bytes."""

    def close(self) -> None:
        """Do nothing; waitress closes the buffer of every request."""


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """One request; what follows it in the same read is kept in `rest`."""

    command = request_uri = path = query = ""  # waitress logs the path of what it could not read
    rest = b""
    is_discarded = False
    """True if the body is too large, and is read only for the client to hear that."""
    max_body_bytes: Callable[[str], int] = staticmethod(lambda _: MAX_BODY_BYTES)
    """Returns the greatest length of a body for a path."""
    adj: Any
    body_rcv: Any

    def received(self, data: bytes) -> int:
        """Take in bytes; all of them, when the request is complete."""
        is_first = self.body_rcv is None and not self.header_plus
        if is_first and data[0] not in _METHOD_CHARACTERS:
            self.error = BadRequest(_no_http(data[0]))
            self.completed = True
        consumed: int = super().received(data)
        if not self.completed:
            return consumed
        self.expect_continue = False  # there is nothing to continue: no body, or it came unasked
        if self.is_discarded or isinstance(self.error, RequestEntityTooLarge):
            limit = self.max_body_bytes(self.path)
            # The usual limit is far above that of the app, so it would mislead.
            number = "" if limit == MAX_BODY_BYTES else f": expected at most {limit} bytes"
            self.error = RequestEntityTooLarge(f"request entity too large{number}")
        self.rest = data[consumed:]
        return len(data)

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request line and the headers.

        Raw bytes beyond ASCII in the target, as curl sends them, are percent-encoded: waitress
        refuses some of them. At a target such as `http://[x/` it would drop the connection.
        """
        request_line, line_end, headers = header_plus.partition(b"\r\n")
        request_line = _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], request_line)
        try:
            super().parse_header(request_line + line_end + headers)
        except ValueError as error:
            raise ParsingError("Bad URI") from error
        if self.content_length or self.chunked:
            self._limit_body()

    def _limit_body(self) -> None:
        limit = self.max_body_bytes(self.path)
        # Answered at once, the client would be cut while it sends, and few clients read the
        # response then. One that asks before it sends hears it at once.
        self.is_discarded = (
            limit < self.content_length <= _MAX_DISCARDED_BYTES and not self.expect_continue
        )
        if self.is_discarded:
            self.body_rcv = FixedStreamReceiver(self.content_length, _Nowhere())
            limit = _MAX_DISCARDED_BYTES
        if limit != self.adj.max_request_body_size - 1:
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = limit + 1  # waitress refuses a body of this length


def _no_http(first: int) -> str:
    if first == _TLS_HANDSHAKE:
        message = "this port speaks plain HTTP, and got a TLS handshake: use http://, not https://"
        _logger.warning(message)
        return message
    return "expected an HTTP request, got something else"
