"""The parser of requests: what waitress's would drop, refuse or read in vain."""

import copy
import logging
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

MAX_BODY_BYTES = 64_000_000  # the app answers 413 long before; this only bounds the memory
_MAX_DISCARDED_BYTES = 1_000_000_000
_TLS_HANDSHAKE = 0x16
# A request as clients write it: a plain path and query, and headers of one line each.
_USUAL_REQUEST = re.compile(
    rb"([A-Z]+) ((/(?:[\w.~-][\w.~/-]*)?)(?:\?([\w.~/=&%+-]*))?) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+: [!-~](?:[ -~]*[!-~])?\r\n)+)\r\n",
    re.ASCII,
)
_UNUSUAL_HEADERS = ("TRANSFER_ENCODING", "EXPECT")
_MAX_USUAL_DIGITS = 5
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


class _CompleteBody:
    """A body that came together with the headers, in place of a receiver of waitress."""

    completed = True
    error = None

    def __init__(self, content: bytes) -> None:
        self._file = BytesIO(content)
        self._length = len(content)

    def __len__(self) -> int:
        return self._length

    def getfile(self) -> BytesIO:
        """Return what an app reads."""
        return self._file

    def getbuf(self) -> BytesIO:
        """Return what waitress closes after the request."""
        return self._file


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
        taken = self._take_usual(data) if is_first else 0
        if taken:
            return taken
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

    def _take_usual(self, data: bytes) -> int:
        """Take in the headers of a request that is like most, exactly as waitress does.

        Its body is taken in as well if it is complete. waitress takes three times as long.

        Returns:
            the number of bytes that were taken in; 0 for any other request.
        """
        matched = _USUAL_REQUEST.match(data)
        if matched is None or matched.end() >= self.adj.max_request_header_size:
            return 0
        lines = matched[5].decode("ascii").removesuffix("\r\n").split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        headers = {name.upper().replace("-", "_"): value for name, _, value in pairs}
        digits = headers.get("CONTENT_LENGTH", "0")
        content = data[matched.end() :]
        if (
            len(headers) < len(lines)  # one came twice
            or any(name in headers for name in _UNUSUAL_HEADERS)
            or not digits.isdecimal()
            or len(digits) > _MAX_USUAL_DIGITS
            or len(content) > int(digits)
        ):
            return 0
        length = int(digits)
        method, target, path, query, _ = matched.groups(b"")
        decoded_path = path.decode("ascii")
        if length > self.max_body_bytes(decoded_path):
            return 0
        self.headers = headers
        self.command = method.decode("ascii")
        self.request_uri = target.decode("ascii")
        self.path = decoded_path
        self.query = query.decode("ascii")
        self.proxy_scheme = self.proxy_netloc = self.fragment = ""
        self.version = "1.1"
        self.url_scheme = self.adj.url_scheme
        self.connection_close = headers.get("CONNECTION", "").lower() == "close"
        self.header_bytes_received = matched.end()
        self.headers_finished = True
        self.content_length = length
        if len(content) < length:  # many clients send headers and body in two pieces
            self.body_rcv = FixedStreamReceiver(length, OverflowableBuffer(self.adj.inbuf_overflow))
            return matched.end()
        self.completed = True
        if content:
            self.body_bytes_received = length
            self.body_rcv = _CompleteBody(content)
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
