"""A call of the app: the environment of a request, and the bytes of its response."""

import math
from operator import itemgetter

from waitress.task import WSGITask
from waitress.utilities import build_http_date

# Headers that waitress neither renames nor looks at.
_PLAIN_HEADERS = frozenset({"Content-Length", "Content-Type", "X-Emulator-Hint", "X-Request-Id"})
_name = itemgetter(0)


class DateHeader:
    """The header `Date`, which is the same for all responses of a second."""

    def __init__(self) -> None:
        self._latest = (0, "")

    def at(self, seconds: float) -> str:
        """Return the date of a time in seconds since 1970."""
        second = math.floor(seconds)
        latest = self._latest  # one read: another thread may replace it meanwhile
        if latest[0] != second:
            latest = self._latest = second, build_http_date(second)
        return latest[1]


class AppTask(WSGITask):  # type: ignore[misc]
    """A call of the app, whose response is written in one piece where that is possible."""

    response_headers: list[tuple[str, str]]
    wrote_header: bool

    def build_response_header(self) -> bytes:
        """Return status line and headers as waitress makes them, which nearly always are alike."""
        length = str(self.content_length)
        headers = self.response_headers
        if (
            self.version != "1.1"
            or self.request.connection_close
            or not self.has_body
            or ("Content-Length", length) not in headers
            or not _PLAIN_HEADERS.issuperset(map(_name, headers))
        ):
            head: bytes = super().build_response_header()
            return head
        server = self.channel.server
        date = ("Date", server.date_header.at(self.start_time))
        self.response_headers = [*headers, ("Server", server.adj.ident), date]
        lines = [f"{name}: {value}\r\n" for name, value in sorted(self.response_headers, key=_name)]
        return f"HTTP/1.1 {self.status}\r\n{''.join(lines)}\r\n".encode("latin-1")

    def write(self, data: bytes) -> None:
        """Write a part of the body, and all that precedes it."""
        is_all = data and self.complete and not self.wrote_header
        if not is_all or len(data) != self.content_length or not self.has_body:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(head + data)
