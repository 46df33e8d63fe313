"""WSGI middleware that lets faults hit requests."""

import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.http_server.transmission import TRANSMIT, Transmission
from mock_sendpilot.traffic.effects import Effect, effect_from_header
from mock_sendpilot.traffic.faults import Faults, Hit
from mock_sendpilot.traffic.journal import (
    FAULT_EFFECT,
    FAULT_ID,
    FAULT_SECONDS,
    NO_RESPONSE,
    OPERATION_ID,
    RequestJournal,
)
from mock_sendpilot.traffic.wsgi_request import WsgiRequest, request_path, request_query
from mock_sendpilot.world.workspace import Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAULT_HEADER = "X-Emulator-Fault"
_FAULT_HEADER_KEY = "HTTP_X_EMULATOR_FAULT"
_HEADER_FAULT_ID = "header"
_JSON = "application/json; charset=utf-8"
_NOT_FOUND: Mapping[str, str] = {"leads": "Lead not found", "campaigns": "Campaign not found"}
_OK = range(200, 300)
_FAILED = "500 Internal Server Error"
# The vendor's messages where its documents have one, else those of NestJS.
_MESSAGES: Mapping[int, str] = {
    400: "Validation failed",
    401: "Invalid API key",
    403: "API key does not have permission to access this workspace",
    429: "Rate limit exceeded",
    500: "Internal server error",
}


class _Access(Protocol):
    """The workspace that an API key opens, with its faults and its journal."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def journal(self) -> RequestJournal: ...


class FaultInjection:
    """WSGI middleware that lets faults hit the requests with a known API key below a path.

    Args:
        app: the app.
        prefix: the beginning of the paths that faults may hit, with a slash at the end.
        find_access: returns what an API key opens; None if the key is unknown.
        find_operation: returns the id of the operation of a request, or None.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        prefix: str,
        find_access: Callable[[str | None], _Access | None],
        find_operation: Callable[[Mapping[str, Any]], str | None],
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._find_access = find_access
        self._find_operation = find_operation

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, unless a fault hits it."""
        access = self._find_access(environ.get("HTTP_X_API_KEY"))
        if access is None or not environ["PATH_INFO"].startswith(self._prefix):
            return self._app(environ, start_response)
        words = environ.get(_FAULT_HEADER_KEY)
        if words is not None:
            try:
                effect = effect_from_header(words)
            except InvalidInput as error:
                return _respond(start_response, 400, f"{FAULT_HEADER}: {error.message}")
            hit: Hit | None = Hit(_HEADER_FAULT_ID, effect, random.Random())
        else:
            hit = access.faults.match(WsgiRequest(environ, self._find_operation))
        if hit is None:
            return self._app(environ, start_response)
        return self._inject(hit, access, environ, start_response)

    def _inject(
        self,
        hit: Hit,
        access: _Access,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        effect = hit.effect
        environ[FAULT_ID] = hit.fault_id
        environ[FAULT_EFFECT] = str(effect)
        earlier = None if effect.page is None else _earlier_page(effect, access.journal, environ)
        status, headers, body = _FAILED, [("Content-Type", _JSON)], b""
        if effect.needs_app:
            status, headers, body = self._response(environ)
        else:  # no view serves it, and the journal has the operation from the view
            environ[OPERATION_ID] = self._find_operation(environ)
        if effect.status is not None:  # also after the app has done its work: `after_effect`
            status, headers, body = _error(effect, access.workspace, environ)
        elif earlier is not None:
            body = earlier
        body = effect.changed_body(body)
        headers = _headers(headers, effect, body)
        transmission = effect.transmission(hit.generator)
        if transmission is not None:
            environ[FAULT_SECONDS] = transmission.delay_seconds
            if transmission.ending == "hang" or transmission.part == "nothing":
                environ[NO_RESPONSE] = True
            _transmit(environ, transmission)
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _response(self, environ: "WSGIEnvironment") -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[Any] = []

        def start(*arguments: Any) -> Callable[[bytes], object]:
            started[:] = arguments
            return lambda _: None

        chunks = self._app(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return started[0], started[1], body


def _error(
    effect: Effect, workspace: Workspace, environ: Mapping[str, Any]
) -> tuple[str, list[tuple[str, str]], bytes]:
    code = effect.status or HTTPStatus.INTERNAL_SERVER_ERROR
    phrase = reason_phrase(code)
    message = _MESSAGES.get(code, phrase)
    if code == HTTPStatus.NOT_FOUND:
        resource = environ["PATH_INFO"].split("/")[2]  # of /v1/leads/…
        message = _NOT_FOUND.get(resource, phrase)
    body = _envelope(code, message)
    headers = [("Content-Type", _JSON)]
    seconds = effect.retry_after
    if seconds is None and code == HTTPStatus.TOO_MANY_REQUESTS and workspace.contract.retry_after:
        seconds = 1
    if seconds is not None:
        headers.append(("Retry-After", str(seconds)))
    return f"{code} {phrase}", headers, body


def _headers(
    headers: Sequence[tuple[str, str]], effect: Effect, body: bytes
) -> list[tuple[str, str]]:
    replaced = {"content-length": str(len(body))}
    if effect.content_type is not None:
        replaced["content-type"] = effect.content_type
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    return [*kept, *((name.title(), value) for name, value in replaced.items())]


def _respond(start_response: "StartResponse", code: int, message: str) -> list[bytes]:
    body = _envelope(code, message)
    headers = [("Content-Type", _JSON), ("Content-Length", str(len(body)))]
    start_response(f"{code} {reason_phrase(code)}", headers)
    return [body]


def _envelope(code: int, message: str) -> bytes:
    """Return the vendor's envelope, without `api/`, which needs a request of Flask."""
    return orjson.dumps({"statusCode": code, "message": message, "error": reason_phrase(code)})


def _earlier_page(
    effect: Effect, journal: RequestJournal, environ: Mapping[str, Any]
) -> bytes | None:
    """Return the body of the response that is sent again; None if there was none before.

    A repeated page is that of the request before, whatever page that was for. A stale one is the
    first response to the very same request.
    """
    path, query = request_path(environ), request_query(environ)
    for entry in journal.all() if effect.page == "stale" else reversed(journal.all()):
        is_page = entry.method == environ["REQUEST_METHOD"] and entry.path == path
        is_usable = entry.status in _OK and not entry.is_response_body_truncated
        if is_page and is_usable and (effect.page == "repeated" or entry.query == query):
            return entry.response_body
    return None


def _transmit(environ: Mapping[str, Any], transmission: Transmission) -> None:
    """Have the server transmit the response like this.

    Raises:
        ConnectionResetError: the app is called without our server, so there is no connection.
    """
    transmit = environ.get(TRANSMIT)
    if transmit is not None:
        transmit(transmission)
    elif transmission.ending != "as usual":
        raise ConnectionResetError(
            "a fault ends the connection, and this app is called without one"
        )
    else:
        threading.Event().wait(transmission.delay_seconds)  # not time.sleep, which tests patch
