"""A request as its WSGI environment has it, read without Flask: path, query, headers and body."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from mock_sendpilot.redaction import redacted_headers, redacted_value

MAX_BODY_BYTES = 64_000
TRACEPARENT_FORMAT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_HEADERS_WITHOUT_PREFIX: Mapping[str, str] = {
    "CONTENT_TYPE": "Content-Type",
    "CONTENT_LENGTH": "Content-Length",
}
_NAMES_BESIDE_TITLE_CASE: Mapping[str, str] = {"HTTP_X_API_KEY": "X-API-Key"}


class WsgiRequest:
    """A request that no app has handled yet, to be matched with patterns.

    Args:
        environ: the WSGI environment.
        find_operation: returns the id of the operation of a method and a path, or None.
    """

    def __init__(
        self,
        environ: Mapping[str, Any],
        find_operation: Callable[[Mapping[str, Any]], str | None],
    ) -> None:
        self._environ = environ
        self._find_operation = find_operation

    @property
    def method(self) -> str:
        """The method."""
        method: str = self._environ["REQUEST_METHOD"]
        return method

    @property
    def path(self) -> str:
        """The path."""
        return request_path(self._environ)

    @property
    def operation(self) -> str | None:
        """The id of its operation, or None."""
        return self._find_operation(self._environ)

    @property
    def query(self) -> dict[str, Any]:
        """The parameters of the query."""
        return request_query(self._environ)

    @property
    def headers(self) -> dict[str, str]:
        """The headers."""
        return request_headers(self._environ)

    @property
    def json(self) -> Any:
        """The body as JSON; None for any other body."""
        return json_or_none(request_body(self._environ, MAX_BODY_BYTES))

    def summary(self) -> str:
        """Return method and path."""
        return f"{self.method} {self.path}"


def request_path(environ: Mapping[str, Any]) -> str:
    """Return the path; an encoded slash stays encoded."""
    return _text(environ["PATH_INFO"])


def request_query(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the query, secrets masked; one that is repeated is a list."""
    values = parse_qs(_text(environ.get("QUERY_STRING") or ""), keep_blank_values=True)
    plain = {name: one[0] if len(one) == 1 else one for name, one in values.items()}
    redacted: dict[str, Any] = redacted_value(plain)
    return redacted


def request_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers, secrets masked."""
    headers = {
        _header_name(name): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in _HEADERS_WITHOUT_PREFIX
    }
    return redacted_headers(headers)


def traceparent(environ: Mapping[str, Any]) -> str | None:
    """Return the header `traceparent` of W3C Trace Context; None without a valid one."""
    header: str | None = environ.get("HTTP_TRACEPARENT")
    return header if header and TRACEPARENT_FORMAT.fullmatch(header) else None


def request_body(environ: Mapping[str, Any], max_bytes: int) -> bytes:
    """Return the beginning of the body, whether or not the app has read it already."""
    if environ.get("CONTENT_LENGTH", "0") in {"", "0"}:
        return b""
    stream = environ["wsgi.input"]
    try:  # not `suppress`, which would cost each request more than the reading
        stream.seek(0)
        body: bytes = stream.read(max_bytes)
        stream.seek(0)
    except (AttributeError, OSError, ValueError):  # of a server that keeps no bodies
        return b""
    return body


def json_or_none(body: bytes) -> Any:
    """Return a body as JSON; None for any other body."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _text(latin: str) -> str:
    """Return a text of a WSGI environment, whose bytes stand in it as Latin-1."""
    return latin.encode("latin-1", "replace").decode("utf-8", "replace")


def _header_name(name: str) -> str:
    """Return `Content-Type` for `CONTENT_TYPE`, and `User-Agent` for `HTTP_USER_AGENT`."""
    if name in _NAMES_BESIDE_TITLE_CASE:
        return _NAMES_BESIDE_TITLE_CASE[name]
    return _HEADERS_WITHOUT_PREFIX.get(name) or "-".join(
        part.capitalize() for part in name.removeprefix("HTTP_").split("_")
    )
