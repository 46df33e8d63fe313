"""One request to a server, over HTTP or HTTPS, and its answer."""

# Imports are deferred: only commands that send a request pay for them.
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    import http.client
    import ssl

_CONNECT_SECONDS = 10.0
_SHORTEST_SECONDS = 0.001
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_BUNDLE = "REQUESTS_CA_BUNDLE"


class NoAnswer(click.ClickException):
    """The server is not there, or refuses; it says which. A command that meets it ends with 1."""

    def show(self, file: "IO[Any] | None" = None) -> None:
        """Say it on standard error."""
        click.echo(f"mock-sendpilot: {self.message}", file=file, err=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: "http.client.HTTPMessage"
    content: bytes


def address(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a server's URL.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    port = parts.port
    if not parts.hostname or parts.scheme not in _PORTS or port == 0:
        raise ValueError(url)
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def exchange(
    url: str,
    method: str,
    path: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str],
    seconds: float | None,
) -> Answer:
    """Make a request of the server at a URL.

    Args:
        url: the server's; of it scheme, host and port count.
        method: of the request.
        path: with its query, encoded.
        content: the body.
        headers: all that are sent besides those of the connection.
        seconds: how long all of it may take; None for the answer to take what it takes.

    Raises:
        NoAnswer: with the reason.
    """
    from http.client import HTTPException

    from mock_sendpilot.network import FinalResponse

    deadline = None if seconds is None else time.monotonic() + seconds
    connection = _connected(url, seconds)
    connection.response_class = FinalResponse
    try:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        connection.request(method, path, content, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except TimeoutError as error:
        words = "" if seconds is None else f" within {seconds:g} s"
        raise NoAnswer(f"{url} has not answered{words}; it may still be at work") from error
    except (OSError, ValueError, HTTPException) as error:
        raise _not_there(url, error) from error
    finally:
        connection.close()


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - time.monotonic(), _SHORTEST_SECONDS)


def _connected(url: str, seconds: float | None) -> "http.client.HTTPConnection":
    import ssl
    from http.client import HTTPException

    longest = _CONNECT_SECONDS if seconds is None else min(seconds, _CONNECT_SECONDS)
    longest = max(longest, _SHORTEST_SECONDS)
    try:
        connection = _connection(url, longest)
        connection.connect()
    except TimeoutError as error:
        raise NoAnswer(f"{url} cannot be reached within {longest:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(
            f"{url} has a certificate that is not trusted: {error.verify_message}; for one of your "
            f"own set {_BUNDLE} or SSL_CERT_FILE"
        ) from error
    except ssl.SSLError as error:
        raise NoAnswer(f"{url} does not speak TLS as it should: {error.reason}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise _not_there(url, error) from error
    return connection


def _not_there(url: str, error: Exception) -> NoAnswer:
    return NoAnswer(
        f"{url} does not answer: {error}; start it with: mock-sendpilot start, or name a server "
        "that runs elsewhere with --url"
    )


def _connection(url: str, seconds: float) -> "http.client.HTTPConnection":
    from http.client import HTTPConnection, HTTPSConnection

    scheme, host, port = address(url)
    if scheme == "http":
        return HTTPConnection(host, port, timeout=seconds)
    return HTTPSConnection(host, port, timeout=seconds, context=_trust())


def _trust() -> "ssl.SSLContext":
    """The certificates that the system trusts (SSL_CERT_FILE counts), or those of the variable."""
    import ssl

    bundle = os.environ.get(_BUNDLE)
    if not bundle:
        return ssl.create_default_context()
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise NoAnswer(f"{_BUNDLE}: {bundle} cannot be read: {error}") from error
