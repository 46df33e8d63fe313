"""Make POSTs to receivers, and record what came back.

The only module of the server that imports requests, and only when the first webhook is due.
A `requests.Session` would take proxies and credentials from the environment and follow redirects;
going to its `HTTPAdapter` with a prepared request avoids both and is the fastest way. Nothing is
used of the adapter that libraries such as `responses` replace: see `network.py`.
"""

# requests is imported where it is used, so that starting does not pay for it.
import logging
import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import BadStatusLine, RemoteDisconnected
from typing import TYPE_CHECKING, Any

from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.deliveries import (
    MAX_BODY_BYTES,
    MAX_TEXT_LENGTH,
    Response,
    recorded_response,
)
from mock_sendpilot.webhooks.outgoing_request import SendResult, SignedRequest

if TYPE_CHECKING:
    import requests
    import requests.adapters

TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 4096
_MAX_KEPT_CONNECTIONS = 64
_REUSE_SECONDS = 1.0
_TRICKLE_PARTS = 10
_NO_LINGERING = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""Of SO_LINGER: to close is to reset."""
_CA_BUNDLE = "REQUESTS_CA_BUNDLE"
_logger = logging.getLogger(__name__)


class _BrokenOff(Exception):
    """The body ends here, on purpose."""


@dataclass(slots=True)
class _Connection:
    adapter: "requests.adapters.HTTPAdapter"
    used_at: float


class HttpSender:
    """POSTs for all workspaces of an emulator; each call in the thread of its caller.

    Args:
        timeout_seconds: how long a receiver has for its answer (the vendor gives 30 s).
        wall_clock: real time, which signatures bear: receivers hold it against their own clock.
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
        """Real time."""
        return self._wall_clock.now()

    def send(
        self,
        request: SignedRequest,
        *,
        connection: str,
        max_connections: int = 1,
        timeout_seconds: float | None = None,
    ) -> SendResult:
        """POST a request. Never raises: what goes wrong is in what it returns.

        Args:
            request: what to send, where and how.
            connection: whose connections are kept and used again, such as an endpoint's id.
            max_connections: how many of them at one time.
            timeout_seconds: for the whole answer; by default the sender's own.
        """
        timeout = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        sent_at, began = self._wall_clock.now(), SystemClock.running_seconds()
        response, error = self._answer(request, connection, max_connections, timeout)
        return SendResult(
            sent_at=sent_at,
            duration_seconds=SystemClock.running_seconds() - began,
            headers=request.headers,
            response=response,
            error=error,
        )

    def forget(self, endpoint_id: str) -> None:
        """Close the connection that is kept open to an endpoint."""
        connection = self._connections.pop(endpoint_id, None)
        if connection is not None:
            connection.adapter.close()

    def begin_to_close(self) -> None:
        """Send what is to be sent slowly at once."""
        self._is_closing.set()

    def close(self) -> None:
        """Close all connections."""
        self.begin_to_close()
        for endpoint_id in list(self._connections):
            self.forget(endpoint_id)

    def _answer(
        self, request: SignedRequest, name: str, most: int, timeout: float
    ) -> tuple[Response | None, str | None]:
        connection = self._connection(name, most, is_to_be_cut=request.is_cut)
        try:
            answer = _sent(connection.adapter, self._prepared(request), timeout)
            if request.loses_answer:
                answer.close()
                return None, f"the answer was lost on purpose; it was {answer.status_code}"
            return _response(answer, SystemClock.running_seconds() + timeout), None
        except _BrokenOff:
            return None, "the connection was reset in the middle of the body, on purpose"
        except Exception as error:  # any failure becomes the attempt's record
            return None, _in_words(error, timeout)
        finally:
            connection.used_at = SystemClock.running_seconds()
            if request.is_cut:
                connection.adapter.close()
            elif len(self._connections) > _MAX_KEPT_CONNECTIONS:
                self.forget(name)

    def _connection(self, name: str, most: int, *, is_to_be_cut: bool) -> _Connection:
        """A connection that was idle is not used again: the receiver may be about to close it."""
        if is_to_be_cut:
            return _new_connection(1, [(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)])
        connection = self._connections.get(name)
        if connection is None:
            connection = self._connections[name] = _new_connection(most)
        elif SystemClock.running_seconds() - connection.used_at > _REUSE_SECONDS:
            connection.adapter.close()
        return connection

    def _prepared(self, request: SignedRequest) -> "requests.PreparedRequest":
        from requests import PreparedRequest

        prepared = PreparedRequest()
        prepared.prepare_method("POST")
        prepared.prepare_url(request.url, None)
        prepared.prepare_headers(request.headers)
        prepared.prepare_body(request.content, None)
        if request.seconds_to_send or request.breaks_off:
            prepared.body = self._in_parts(request)  # type: ignore[assignment]
        return prepared

    def _in_parts(self, request: SignedRequest) -> Iterator[bytes]:
        """The body in some parts with pauses between them, or its first half alone."""
        content = request.content
        if request.breaks_off:
            yield content[: len(content) // 2]
            raise _BrokenOff
        size = len(content) // _TRICKLE_PARTS + 1
        for start in range(0, len(content), size):
            self._is_closing.wait(request.seconds_to_send / _TRICKLE_PARTS)
            yield content[start : start + size]


def _new_connection(
    most: int, socket_options: list[tuple[int, int, bytes]] | None = None
) -> _Connection:
    from requests.adapters import HTTPAdapter

    from mock_sendpilot.webhooks.deadline import POOLS

    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=most)
    if socket_options:
        adapter.init_poolmanager(1, most, socket_options=socket_options)
    adapter.poolmanager.pool_classes_by_scheme = dict(POOLS)
    return _Connection(adapter, 0.0)


def _sent(
    adapter: "requests.adapters.HTTPAdapter", prepared: "requests.PreparedRequest", timeout: float
) -> "requests.Response":
    """Do what `HTTPAdapter.send` does, which a test may have replaced for the whole process."""
    verify = os.environ.get(_CA_BUNDLE) or True
    pool: Any = adapter.get_connection_with_tls_context(prepared, verify)
    adapter.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]
    raw = pool.urlopen(
        "POST",
        adapter.request_url(prepared, None),
        body=prepared.body,
        headers=prepared.headers,
        redirect=False,
        assert_same_host=False,
        preload_content=False,
        decode_content=False,
        retries=False,
        timeout=timeout,
    )
    return adapter.build_response(prepared, raw)


def _response(answer: "requests.Response", deadline: float) -> Response:
    """Read the beginning of the body. The status counts even if the body then breaks off."""
    if _has_forbidden_body(answer):
        # Closed before it is read to its end: from there on the connection would be kept.
        answer.close()
        return recorded_response(answer.status_code, answer.headers, b"")
    body, is_complete = b"", False
    try:
        while len(body) <= MAX_BODY_BYTES and SystemClock.running_seconds() < deadline:
            chunk = answer.raw.read1(_CHUNK_BYTES)
            if not chunk:
                is_complete = True
                break
            body += chunk
    except Exception as error:
        _logger.debug("the body of an answer broke off: %s", error)
    if not is_complete:
        answer.close()
    return recorded_response(answer.status_code, answer.headers, body, is_complete=is_complete)


def _has_forbidden_body(answer: "requests.Response") -> bool:
    """Return whether a body follows that must not be there, as sometimes after a 204."""
    has_body = answer.headers.get("content-length", "0") != "0"
    return has_body and answer.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def _in_words(error: Exception, timeout_seconds: float) -> str:
    from ssl import SSLCertVerificationError

    from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

    if isinstance(error, ConnectTimeoutError):
        return f"no connection within {timeout_seconds:g} s"
    if isinstance(error, ReadTimeoutError):
        return f"no answer within {timeout_seconds:g} s"
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
        text = f"the answer is not HTTP: {text!r}"
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain[:MAX_TEXT_LENGTH]
