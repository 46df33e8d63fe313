"""A client of the control API of an emulator that runs elsewhere.

Its connections and its `http.client` are our own: what a test has patched to mock other services
neither swallows nor records what the fixture says to the emulator.
"""

import http.client
import os
import socket
from collections.abc import Collection, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from mock_sendpilot.errors import (
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    SendPilotError,
)
from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.network import VENDOR_HOST, connected, own_copy
from mock_sendpilot.testing.backends.protocol import EmulatorUnavailable

if TYPE_CHECKING:
    import ssl

CONTROL_PREFIX = "/_emulate"
_CONNECT_SECONDS = 10.0
_RESPONSE_SECONDS = 65.0
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_HINT = "X-Emulator-Hint"
_INVALID = "Validation failed: "
_ROUTE_NOT_FOUND = "Cannot "
_AT_ONCE = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


class ControlApi:
    """The control API at a URL.

    Args:
        url: the URL of the emulator, without a path.
        control_token: the token that it requires, if it does.

    Attributes:
        origin: the URL without a slash at its end.

    Raises:
        InvalidInput: it is no such URL.
    """

    def __init__(self, url: str, control_token: str | None = None) -> None:
        self.origin, self._scheme, self.host, self._port = _address(url)
        self._control_token = control_token
        self._tls: ssl.SSLContext | None = _tls_context() if self._scheme == "https" else None

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        api_key: str | None = None,
        query: Mapping[str, object] | None = None,
        accepts: Collection[int] = (),
        timeout_seconds: float = _RESPONSE_SECONDS,
    ) -> Any:
        """Send a request to the control API, and return the object of its response.

        Args:
            method: of the request.
            path: below `/_emulate`.
            body: an object, or the bytes of one.
            api_key: the key of the workspace.
            query: parameters.
            accepts: other statuses than 2xx whose response is returned.
            timeout_seconds: for the response.

        Raises:
            InvalidInput, NotFound, NotAllowed, LimitExceeded: as the emulator has it.
            EmulatorUnavailable: there is no usable response, or the workspace is gone.
        """
        __tracebackhide__ = True
        content = self.fetch(
            method,
            f"{CONTROL_PREFIX}{path}",
            body,
            api_key=api_key,
            query=query,
            accepts=accepts,
            timeout_seconds=timeout_seconds,
        )
        return self.parsed(content) if content else None

    def parsed(self, content: bytes) -> Any:
        """Return the object of a response."""
        value = _object_or_none(content)
        if value is None:
            raise EmulatorUnavailable(f"{self.origin} is not a mock_sendpilot server")
        return value

    def fetch(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        api_key: str | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        accepts: Collection[int] = (),
        timeout_seconds: float = _RESPONSE_SECONDS,
    ) -> bytes:
        """Send a request to the emulator, and return the content of its response.

        It raises what `request` does.
        """
        __tracebackhide__ = True
        all_headers = {"Content-Type": "application/json", **(headers or {})}
        if api_key is not None:
            all_headers["X-API-Key"] = api_key
        if self._control_token:
            all_headers["Authorization"] = f"Bearer {self._control_token}"
        target = f"{path}?{urlencode(query)}" if query else path
        content = body if isinstance(body, bytes) or body is None else _json(body)
        status, hint, answer = self._send(method, target, content, all_headers, timeout_seconds)
        is_expected = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status in accepts
        if not is_expected:
            raise self._error(status, hint, answer, method, path)
        return answer

    def _send(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: Mapping[str, str],
        timeout_seconds: float,
    ) -> tuple[int, str, bytes]:
        __tracebackhide__ = True
        own_http = own_copy("http.client")
        connection = own_http.HTTPConnection(self.host, self._port)
        connection.response_class = FinalResponse
        try:
            connection.sock = connected(
                self.host, self._port, timeout_seconds=_CONNECT_SECONDS, options=_AT_ONCE
            )
            if self._tls is not None:
                connection.sock = self._tls.wrap_socket(connection.sock, server_hostname=self.host)
            connection.sock.settimeout(timeout_seconds)
            connection.request(method, target, content, dict(headers))
            response = connection.getresponse()
            return response.status, response.getheader(_HINT, ""), response.read()
        except TimeoutError:
            raise EmulatorUnavailable(
                f"{self.origin} has not answered {method} {target} within {timeout_seconds:g} s"
            ) from None
        except (OSError, ValueError, http.client.HTTPException, own_http.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise EmulatorUnavailable(
                f"{self.origin} does not answer: {reason}; start an emulator there with "
                "mock-sendpilot start, and let it run until the tests have ended"
            ) from None
        finally:
            connection.close()

    def _error(
        self, status: int, hint: str, answer: bytes, method: str, path: str
    ) -> SendPilotError:
        """Return the error that a response stands for."""
        envelope = _object_or_none(answer) or {}
        message = str(envelope.get("message", ""))
        if status == HTTPStatus.NOT_FOUND and message and not message.startswith(_ROUTE_NOT_FOUND):
            return NotFound(message, hint=hint)
        if status == HTTPStatus.BAD_REQUEST and message:
            return InvalidInput(message.removeprefix(_INVALID), hint=hint)
        if status == HTTPStatus.TOO_MANY_REQUESTS and message:
            return LimitExceeded(message, retry_after_seconds=1, hint=hint)
        if status == HTTPStatus.FORBIDDEN and message:
            return NotAllowed(message, hint=hint)
        if status == HTTPStatus.UNAUTHORIZED and message:
            return EmulatorUnavailable(
                f"{self.origin} no longer has the workspace of this sandbox: it was removed by "
                "somebody else, or the emulator was started again"
            )
        expected = f"{self.origin} answers {method} {path} with {status}"
        detail = f": {message}" if message else "; it is not a mock_sendpilot server"
        return EmulatorUnavailable(expected + detail, hint=hint)


def segment(text: str) -> str:
    """Return an id as a segment of a path."""
    return quote(text.encode("utf-8", "replace"), safe="")


def is_vendor_url(url: str) -> bool:
    """Return whether a URL is that of the real service."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".") == VENDOR_HOST
    except ValueError:
        return False


def _address(url: str) -> tuple[str, str, str, int]:
    """Return origin, scheme, host and port of a URL.

    Raises:
        InvalidInput: it has another form.
    """
    example = "http://127.0.0.1:7363"
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise InvalidInput(f"expected the URL of an emulator such as {example}, got {url!r:.200}")
    if is_vendor_url(text):
        raise InvalidInput(
            f"expected the URL of an emulator such as {example}, got that of the real service, "
            f"{VENDOR_HOST}"
        )
    if parts.username is not None or parts.query or parts.fragment or parts.path not in {"", "/"}:
        place = text.partition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0]
        raise InvalidInput(
            f"expected the URL of an emulator without a path and the like, such as "
            f"{parts.scheme}://{place}, got {url!r:.200}"
        )
    host = parts.hostname
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + (f":{port}" if port else "")
    return origin, parts.scheme, host, port or _PORTS[parts.scheme]


def _tls_context() -> "ssl.SSLContext":
    import ssl

    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        return ssl.create_default_context()
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise InvalidInput(f"REQUESTS_CA_BUNDLE: cannot read {bundle}: {error}") from None


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except (TypeError, RecursionError) as error:
        raise InvalidInput(f"expected values that JSON can hold: {error}") from None


def _object_or_none(content: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
