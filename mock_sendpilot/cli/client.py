"""The client of a running server: one request at a time, over HTTP or HTTPS."""

# Imports are deferred: only commands that send a request pay for them.
import os
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlsplit

import click
import orjson

from mock_sendpilot.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import http.client
    import ssl

ENV_PREFIX = "MOCK_SENDPILOT_"
"""The beginning of the name of every environment variable of the commands."""

_CONNECT_SECONDS = 10.0
_RESPONSE_SECONDS = 65.0  # the server itself waits up to 60 s
_MIN_SECONDS = 0.001  # a timeout of 0 would make the socket non-blocking
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_CA_BUNDLE = "REQUESTS_CA_BUNDLE"
_TOKEN_OPTION = "--control-token"
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
# A 429 says that all places for waiting requests are taken: the same request may succeed later.
_REFUSALS = frozenset(range(400, 500)) - {HTTPStatus.TOO_MANY_REQUESTS}


class RequestFailed(click.ClickException):
    """A request without a usable response. A command that does not catch it exits with 1."""

    def show(self, file: "IO[Any] | None" = None) -> None:
        """Print the reason on standard error."""
        click.echo(f"mock-sendpilot: {self.message}", file=file, err=True)


class RequestRefused(RequestFailed):
    """A request that the server refused: the same one would be refused again."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: "http.client.HTTPMessage"
    content: bytes


class Reply(dict[str, Any]):
    """The JSON object of a response; a server of this version never leaves a key out.

    Args:
        url: the server's.
        content: the object.
    """

    def __init__(self, url: str, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self._url = url

    def __missing__(self, key: str) -> NoReturn:
        # Refused, so that nobody tries again: the same server would answer the same.
        raise RequestRefused(
            f"{self._url} is not a mock_sendpilot server, or has another version: expected "
            f"{key!r} in its response"
        )


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a server's control API."""

    url: str
    api_key: str
    control_token: str | None = None

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accepted_statuses: Sequence[int] = (),
        timeout_seconds: float | None = _RESPONSE_SECONDS,
    ) -> Reply:
        """Send a request to the control API and return the object in its response.

        Args:
            method: of the request.
            path: below /_emulate.
            body: of the request.
            accepted_statuses: other statuses than 2xx whose response is returned.
            timeout_seconds: for the whole request; None waits forever.

        Raises:
            RequestFailed: with the reason.
            RequestRefused: the server refused the request.
        """
        reply = self.request_or_none(
            method,
            path,
            body,
            accepted_statuses=accepted_statuses,
            timeout_seconds=timeout_seconds,
        )
        if reply is None:
            raise self._unexpected(HTTPStatus.NO_CONTENT)
        return reply

    def delete(self, path: str, *, timeout_seconds: float = _RESPONSE_SECONDS) -> None:
        """Delete a resource of the control API, which answers 204."""
        if self.request_or_none("DELETE", path, timeout_seconds=timeout_seconds) is not None:
            raise self._unexpected(HTTPStatus.OK)

    def request_or_none(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accepted_statuses: Sequence[int] = (),
        timeout_seconds: float | None = _RESPONSE_SECONDS,
    ) -> Reply | None:
        """Send a request as `request` does; return None if the response is a 204."""
        headers = {"X-API-Key": self.api_key, "Content-Type": "application/json"}
        if self.control_token:
            headers["Authorization"] = f"Bearer {self.control_token}"
        response = send_request(
            self.url,
            method,
            f"/_emulate{path}",
            content=None if body is None else orjson.dumps(_encodable_value(body)),
            headers=headers,
            timeout_seconds=timeout_seconds,
        )
        content = parse_object(response.content)
        if response.status not in _OK and response.status not in accepted_statuses:
            raise self._failure(response, content)
        if content is None and response.status != HTTPStatus.NO_CONTENT:
            raise self._unexpected(response.status)
        return None if content is None else Reply(self.url, content)

    def _failure(self, response: Response, content: Mapping[str, Any] | None) -> RequestFailed:
        if content is not None and "message" in content:
            hint = response.headers.get("X-Emulator-Hint", "")
            if response.status == HTTPStatus.FORBIDDEN and _TOKEN_OPTION in hint:
                # The server's own hint names the header, which no user of a command writes.
                source = f"{_TOKEN_OPTION} or {ENV_PREFIX}CONTROL_TOKEN"
                if self.control_token:
                    hint = f"the token of {source} is not that of the server"
                else:
                    hint = f"set it with {source}"
            message = f"{content['message']} ({hint})" if hint else content["message"]
            is_final = response.status in _REFUSALS
            return RequestRefused(message) if is_final else RequestFailed(message)
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location:
            return RequestFailed(f"{self.url} redirects ({response.status}) to {location}")
        return self._unexpected(response.status)

    def _unexpected(self, status: int) -> RequestFailed:
        return RequestFailed(
            f"{self.url} is not a mock_sendpilot server: unexpected response with status "
            f"{int(status)}"
        )


def parse_object(text: bytes) -> dict[str, Any] | None:
    """Return the object that a JSON text holds; None if it holds anything else."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def quote_segment(text: str) -> str:
    """Return an id as a segment of a path."""
    return quote(encodable(text), safe="")


def encodable(text: str) -> str:
    """Return a text without the lone surrogates that Python makes of undecodable arguments."""
    return text.encode("utf-8", "replace").decode()


def _encodable_value(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {key: _encodable_value(one) for key, one in value.items()}
    return [_encodable_value(one) for one in value] if isinstance(value, list) else value


def server_address(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a server's URL.

    Raises:
        ValueError: it is not the URL of an HTTP server.
    """
    parts = urlsplit(url)
    port = parts.port
    if not parts.hostname or parts.scheme not in _PORTS or port == 0:
        raise ValueError(url)
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def send_request(
    url: str,
    method: str,
    path: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str],
    timeout_seconds: float | None,
) -> Response:
    """Send a request to a server and return its response.

    Args:
        url: the server's; only scheme, host and port count.
        method: of the request.
        path: with its query, encoded.
        content: the body.
        headers: all but those of the connection.
        timeout_seconds: for the whole request; None waits for the response forever.

    Raises:
        RequestFailed: with the reason.
    """
    from http.client import HTTPException

    from mock_sendpilot.final_response import FinalResponse

    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    connection = _connect(url, timeout_seconds)
    connection.response_class = FinalResponse  # http.client takes a 102 or 103 for the response
    try:
        if connection.sock is not None:
            # Connecting, with TLS, has taken some of the time.
            connection.sock.settimeout(
                None if deadline is None else max(deadline - time.monotonic(), _MIN_SECONDS)
            )
        connection.request(method, path, content, dict(headers))
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    except TimeoutError as error:
        limit = "" if timeout_seconds is None else f" within {timeout_seconds:g} s"
        raise RequestFailed(
            f"{url} has not answered{limit}; it may still be processing the request"
        ) from error
    except (OSError, ValueError, HTTPException) as error:
        raise _unreachable(url, error) from error
    finally:
        connection.close()


def _connect(url: str, timeout_seconds: float | None) -> "http.client.HTTPConnection":
    import ssl
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    seconds = _CONNECT_SECONDS if timeout_seconds is None else timeout_seconds
    seconds = max(min(seconds, _CONNECT_SECONDS), _MIN_SECONDS)
    try:
        scheme, host, port = server_address(url)
        if scheme == "http":
            connection = HTTPConnection(host, port, timeout=seconds)
        else:
            connection = HTTPSConnection(host, port, timeout=seconds, context=_trusted_context())
        connection.connect()
    # The order matters: the first three are errors of the system, too, and the second is of TLS.
    except TimeoutError as error:
        raise RequestFailed(f"{url} cannot be reached within {seconds:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise RequestFailed(
            f"{url} has a certificate that is not trusted: {error.verify_message}; if it is your "
            f"own, set {_CA_BUNDLE} or SSL_CERT_FILE"
        ) from error
    except ssl.SSLError as error:
        raise RequestFailed(f"{url} does not speak TLS: {error.reason}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise _unreachable(url, error) from error
    return connection


def _unreachable(url: str, error: Exception) -> RequestFailed:
    return RequestFailed(
        f"{url} does not answer: {error}; start a server with: mock-sendpilot start, or name "
        "another one with --url"
    )


def _trusted_context() -> "ssl.SSLContext":
    """Trust the certificates of `REQUESTS_CA_BUNDLE`, else the system's (or `SSL_CERT_FILE`)."""
    import ssl

    bundle = os.environ.get(_CA_BUNDLE)
    if not bundle:
        return ssl.create_default_context()
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise RequestFailed(f"{_CA_BUNDLE}: {bundle} cannot be read: {error}") from error
