"""Make POSTs to receivers, and record the responses.

This is the only module of the server that imports requests, and it does so when the first webhook
is due. A `requests.Session` would take proxies and credentials from the environment and follow
redirects; an `HTTPAdapter` does neither. It says what a URL means and which certificates count,
once for each endpoint: the requests themselves go straight to its pool of connections, past what
libraries such as `responses` replace (see `network.py`).
"""

import logging
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import (
    MAX_BODY_BYTES,
    MAX_TEXT_LENGTH,
    Response,
    recorded_response,
)
from mock_sendpilot.webhooks.signing import SignedRequest

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse

TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 4096
_MAX_KEPT_CONNECTIONS = 64  # of endpoints; each costs a descriptor
_REUSE_SECONDS = 1.0
_SLOW_BODY_PARTS = 10
_NO_LINGERING = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""A value of SO_LINGER under which closing a connection resets it."""
_CA_BUNDLE = "REQUESTS_CA_BUNDLE"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """A POST that was made. Without a response, `error` says in words what went wrong."""

    sent_at: datetime
    duration_seconds: float
    headers: Mapping[str, str]
    response: Response | None = None
    error: str | None = None


class _BrokenOff(Exception):
    """The body ends here, on purpose."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL as requests understands it."""

    url: str
    verify: str | bool
    """The certificates that count: the path of a file, or True for those that requests has."""
    pool: Any
    path: str


class _Connection:
    """The connections to one receiver, kept for some time after their last use."""

    def __init__(self, adapter: "HTTPAdapter", max_count: int) -> None:
        self.max_count = max_count
        self._adapter = adapter
        self._target: _Target | None = None
        self.used_at = 0.0

    def target(self, url: str) -> _Target:
        """Return a URL prepared; most requests have that of the request before.

        Raises:
            requests.exceptions.InvalidURL: requests does not take it.
        """
        verify = os.environ.get(_CA_BUNDLE) or True
        target = self._target
        if target is None or target.url != url or target.verify != verify:
            from requests import PreparedRequest

            prepared = PreparedRequest()
            prepared.prepare(method="POST", url=url)
            pool: Any = self._adapter.get_connection_with_tls_context(prepared, verify)
            self._adapter.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]
            path = self._adapter.request_url(prepared, None)
            target = self._target = _Target(url, verify, pool, path)
        return target

    def close(self) -> None:
        """Close the connections; the next request opens a new one."""
        self._target = None
        self._adapter.close()


class HttpSender:
    """Make the POSTs of all workspaces of an emulator, each in the thread of its caller.

    Args:
        timeout_seconds: how long a receiver has for its whole response (the vendor gives it 30 s).
        wall_clock: gives the real time. Signatures carry it, since receivers compare it with their
            own clock.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        wall_clock: SystemClock | None = None,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._wall_clock = wall_clock or SystemClock()
        self._connections: dict[str, _Connection] = {}
        self._is_closing = threading.Event()

    def wall_time(self) -> datetime:
        """Return the real time."""
        return self._wall_clock.now()

    def send(
        self,
        request: SignedRequest,
        *,
        connection: str,
        max_connections: int = 1,
        timeout_seconds: float | None = None,
    ) -> SendResult:
        """POST a request. An error is returned in the result, never raised.

        Args:
            request: the request, which also says how to send it.
            connection: a name for the connections that are kept and used again, such as the id of
                an endpoint.
            max_connections: how many of them may be open at one time.
            timeout_seconds: for the whole response; by default the sender's own.
        """
        timeout = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        sent_at, began = self._wall_clock.now(), SystemClock.running_seconds()
        response, error = self._post(request, connection, max_connections, timeout)
        return SendResult(
            sent_at=sent_at,
            duration_seconds=SystemClock.running_seconds() - began,
            headers=request.headers,
            response=response,
            error=error,
        )

    def forget(self, endpoint_id: str) -> None:
        """Close the connections that are kept open to an endpoint."""
        connection = self._connections.pop(endpoint_id, None)
        if connection is not None:
            connection.close()

    def begin_to_close(self) -> None:
        """Send slow bodies at once from now on."""
        self._is_closing.set()

    def close(self) -> None:
        """Close all connections."""
        self.begin_to_close()
        for endpoint_id in list(self._connections):
            self.forget(endpoint_id)

    def _post(
        self, request: SignedRequest, name: str, max_connections: int, timeout: float
    ) -> tuple[Response | None, str | None]:
        if request.is_cut:  # on a connection of its own: to cut a kept one would cost others theirs
            resetting = [(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)]
            connection = _new_connection(1, resetting)
        else:
            connection = self._connection(name, max_connections)
        try:
            return self._exchange(connection, request, timeout)
        except _BrokenOff:
            return None, "the connection was reset in the middle of the body, on purpose"
        except Exception as error:
            return None, _describe(error, timeout)
        finally:
            if request.stages is not None:
                request.stages.ended()
            connection.used_at = SystemClock.running_seconds()
            if request.is_cut:
                connection.close()
            elif len(self._connections) > _MAX_KEPT_CONNECTIONS:
                self.forget(name)  # its own: another one may be in use

    def _exchange(
        self, connection: _Connection, request: SignedRequest, timeout: float
    ) -> tuple[Response | None, str | None]:
        response, stages = self._urlopen(connection, request, timeout), request.stages
        if request.loses_response or (stages is not None and stages.response_begun()):
            _hang_up(response)
            return None, f"the response was lost on purpose; it was {response.status}"
        read = _read_response(response, SystemClock.running_seconds() + timeout)
        if stages is not None:
            stages.response_read()
        return read, None

    def _connection(self, name: str, max_connections: int) -> _Connection:
        connection = self._connections.get(name)
        # An endpoint may have become wider since.
        if connection is None or connection.max_count < max_connections:
            self.forget(name)
            connection = self._connections[name] = _new_connection(max_connections)
        elif SystemClock.running_seconds() - connection.used_at > _REUSE_SECONDS:
            # The receiver may be about to close a connection that was idle, and the next request
            # on it would fail for no fault of the receiver.
            connection.close()
        return connection

    def _urlopen(
        self, connection: _Connection, request: SignedRequest, timeout: float
    ) -> "BaseHTTPResponse":
        """Do what `HTTPAdapter.send` does, which a test may have replaced for the whole process."""
        target = connection.target(request.url)
        # A name that comes twice, in whatever case, has the last of its values.
        headers = {name.lower(): (name, value) for name, value in request.headers.items()}
        headers["content-length"] = "Content-Length", str(len(request.content))
        is_in_parts = request.seconds_to_send or request.breaks_off or request.stages is not None
        response: BaseHTTPResponse = target.pool.urlopen(
            "POST",
            target.path,
            body=self._in_parts(request) if is_in_parts else request.content,
            headers=dict(headers.values()),
            redirect=False,
            assert_same_host=False,
            preload_content=False,  # the deadline and the greatest length need it piece by piece
            decode_content=False,  # a small body could expand to gigabytes
            retries=False,  # an attempt is one POST: retries are the runner's
            timeout=timeout,
        )
        return response

    def _in_parts(self, request: SignedRequest) -> Iterator[bytes]:
        """Yield the body in parts: with pauses, without its second half, or the last byte alone."""
        content, last = request.content, b""
        if request.breaks_off:
            yield content[: len(content) // 2]
            raise _BrokenOff
        if request.stages is not None:
            content, last = content[:-1], content[-1:]
        size = len(content) // (_SLOW_BODY_PARTS if request.seconds_to_send else 1) + 1
        for start in range(0, len(content), size):
            self._is_closing.wait(request.seconds_to_send / _SLOW_BODY_PARTS)
            yield content[start : start + size]
        if request.stages is not None:
            request.stages.last_byte()
            yield last
            request.stages.body_sent()


def _new_connection(
    max_connections: int, socket_options: list[tuple[int, int, bytes]] | None = None
) -> _Connection:
    from requests.adapters import HTTPAdapter

    from mock_sendpilot.webhooks.deadline import POOLS  # it imports urllib3: not before it is used

    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=max_connections)
    if socket_options:
        adapter.init_poolmanager(1, max_connections, socket_options=socket_options)
    adapter.poolmanager.pool_classes_by_scheme = dict(POOLS)
    return _Connection(adapter, max_connections)


def _hang_up(response: "BaseHTTPResponse") -> None:
    """Close the connection of a response before its end: it cannot be used again."""
    response.close()
    response.release_conn()


def _read_response(response: "BaseHTTPResponse", deadline: float) -> Response:
    """Read the beginning of the body. The status counts even if the body then breaks off."""
    headers = dict(response.headers.itermerged())
    has_body = response.headers.get("content-length", "0") != "0"
    if has_body and response.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        # Some servers send a body that must not be there. Closed before its end, the connection
        # is not used again; otherwise the body would be taken for the next response.
        _hang_up(response)
        return recorded_response(response.status, headers, b"")
    body, is_complete = b"", False
    try:
        while len(body) <= MAX_BODY_BYTES and SystemClock.running_seconds() < deadline:
            chunk = response.read1(_CHUNK_BYTES)
            if not chunk:
                is_complete = True
                break
            body += chunk
    except Exception as error:
        _logger.debug("the body of a response broke off: %s", error)
    if not is_complete:
        _hang_up(response)
    return recorded_response(response.status, headers, body, is_complete=is_complete)


def _describe(error: Exception, timeout_seconds: float) -> str:
    """Return an error in words, without the layers of libraries around its cause."""
    from http.client import BadStatusLine, RemoteDisconnected
    from ssl import SSLCertVerificationError

    from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

    if isinstance(error, ConnectTimeoutError):
        return f"no connection within {timeout_seconds:g} s"
    if isinstance(error, ReadTimeoutError):
        return f"no response within {timeout_seconds:g} s"
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        if isinstance(cause, BadStatusLine):  # it says more than why its status is no number
            break
        cause = deeper
    if isinstance(cause, SSLCertVerificationError):
        return (
            f"certificate verify failed: {cause.verify_message}; to trust one of your own, set "
            f"{_CA_BUNDLE} to its file where the webhooks are sent from"
        )
    text = str(getattr(cause, "strerror", None) or str(cause) or type(cause).__name__)
    if isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected):
        text = f"the response is not HTTP: {text!r}"
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable[:MAX_TEXT_LENGTH]
