"""The dispatcher makes attempts: signs, POSTs, and records what came back.

The only module of the server that imports requests, and only when the first webhook is due.
A `requests.Session` would take proxies and credentials from the environment and follow redirects;
going to its `HTTPAdapter` with a prepared request avoids both and is the fastest way.
"""

# ruff: noqa: PLC0415 - requests is imported where it is used, so that starting does not pay for it
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery, Response
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.signing import sign

if TYPE_CHECKING:
    import requests
    import requests.adapters

TIMEOUT_SECONDS = 30.0
_MOST_BODY_BYTES = 20_000
_CHUNK_BYTES = 4096
_MOST_HEADERS = 50
_LONGEST_TEXT = 500
_MOST_KEPT_CONNECTIONS = 64
_USER_AGENT = f"mock-sendpilot/{__version__}"
_REUSE_SECONDS = 1.0
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Connection:
    adapter: "requests.adapters.HTTPAdapter"
    used_at: float


class Dispatcher:
    """Makes attempts for all workspaces of an emulator; each call in the thread of its caller.

    Args:
        timeout_seconds: how long a receiver has for its answer (the vendor gives 30 s).
        signature_clock: the time that signatures bear. Receivers hold it against their own clock,
            so it is wall time even for a workspace whose clock is manual.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        signature_clock: SystemClock | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._signature_clock = signature_clock or SystemClock()
        # An endpoint's attempts run one after the other, so no two threads share a connection.
        self._connections: dict[str, _Connection] = {}

    def attempt(
        self,
        delivery: Delivery,
        endpoint: Endpoint,
        *,
        schemes: Iterable[str],
        started_at: datetime,
        is_resend: bool = False,
    ) -> Attempt:
        """POST a delivery once, signed afresh. Never raises: what goes wrong is in the attempt."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **sign(
                schemes,
                secret=endpoint.secret,
                message_id=delivery.message_id,
                timestamp=int(self._signature_clock.now().timestamp()),
                body=delivery.body,
            ),
        }
        began = SystemClock.running_seconds()
        response, error = self._post(endpoint, headers, delivery.body)
        attempt = Attempt(
            number=len(delivery.attempts) + 1,
            started_at=started_at,
            duration_seconds=SystemClock.running_seconds() - began,
            url=endpoint.url,
            request_headers=headers,
            is_resend=is_resend,
            response=response,
            error=error,
        )
        _log(delivery, attempt)
        return attempt

    def forget(self, endpoint_id: str) -> None:
        """Close the connection that is kept open to an endpoint."""
        connection = self._connections.pop(endpoint_id, None)
        if connection is not None:
            connection.adapter.close()

    def close(self) -> None:
        """Close all connections."""
        for endpoint_id in list(self._connections):
            self.forget(endpoint_id)

    def _post(
        self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes
    ) -> tuple[Response | None, str | None]:
        connection = self._connection(endpoint.id)
        try:
            answer = connection.adapter.send(
                _prepared(endpoint.url, headers, body),
                stream=True,
                timeout=self._timeout_seconds,
                verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
            )
            deadline = SystemClock.running_seconds() + self._timeout_seconds
            return _response(answer, deadline), None
        except Exception as error:  # noqa: BLE001 - whatever a receiver or a URL causes is its record
            return None, _in_words(error, self._timeout_seconds)
        finally:
            connection.used_at = SystemClock.running_seconds()
            if len(self._connections) > _MOST_KEPT_CONNECTIONS:
                self.forget(endpoint.id)

    def _connection(self, endpoint_id: str) -> _Connection:
        """A connection that was idle is not used again: the receiver may be about to close it."""
        from requests.adapters import HTTPAdapter

        from mock_sendpilot.webhooks.deadline import DeadlinePool

        connection = self._connections.get(endpoint_id)
        if connection is None:
            adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1)
            pools = {**adapter.poolmanager.pool_classes_by_scheme, "http": DeadlinePool}
            adapter.poolmanager.pool_classes_by_scheme = pools
            connection = self._connections[endpoint_id] = _Connection(adapter, 0.0)
        elif SystemClock.running_seconds() - connection.used_at > _REUSE_SECONDS:
            connection.adapter.close()
        return connection


def _prepared(url: str, headers: Mapping[str, str], body: bytes) -> "requests.PreparedRequest":
    from requests import PreparedRequest

    prepared = PreparedRequest()
    prepared.prepare_method("POST")
    prepared.prepare_url(url, None)
    prepared.prepare_headers(headers)
    prepared.prepare_body(body, None)
    return prepared


def _response(answer: "requests.Response", deadline: float) -> Response:
    """Read the beginning of the body. The status counts even if the body then breaks off."""
    body, is_complete = b"", False
    try:
        while len(body) <= _MOST_BODY_BYTES and SystemClock.running_seconds() < deadline:
            chunk = answer.raw.read1(_CHUNK_BYTES)
            if not chunk:
                is_complete = True
                break
            body += chunk
    except Exception as error:  # noqa: BLE001 - as above
        _logger.debug("the body of an answer broke off: %s", error)
    is_last = answer.status_code >= 200  # noqa: PLR2004 - after a 1xx another answer follows
    if not (is_complete and is_last):
        answer.close()
    return Response(
        status_code=answer.status_code,
        headers=_bounded(answer.headers),
        body=body[:_MOST_BODY_BYTES],
        is_truncated=not is_complete,
    )


def _bounded(headers: Mapping[str, str]) -> dict[str, str]:
    """The first headers, each cut: what a receiver sends must not fill the log."""
    first = list(headers.items())[:_MOST_HEADERS]
    return {name[:_LONGEST_TEXT]: value[:_LONGEST_TEXT] for name, value in first}


def _in_words(error: Exception, timeout_seconds: float) -> str:
    from requests.exceptions import ConnectTimeout, ReadTimeout

    if isinstance(error, ConnectTimeout):
        return f"no connection within {timeout_seconds:g} s"
    if isinstance(error, ReadTimeout):
        return f"no answer within {timeout_seconds:g} s"
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return str(text)[:_LONGEST_TEXT]


def _log(delivery: Delivery, attempt: Attempt) -> None:
    outcome = attempt.response.status_code if attempt.response else attempt.error
    _logger.info(
        "webhook %s to %s, attempt %d: %s, %.0f ms",
        delivery.event_type,
        attempt.url.partition("?")[0],
        attempt.number,
        str(outcome).encode("unicode_escape").decode(),
        attempt.duration_seconds * 1000,
    )
