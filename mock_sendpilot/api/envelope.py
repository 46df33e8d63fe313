"""Responses: JSON bytes, and the vendor's error envelope `{statusCode, message, error}`.

A 400 has the vendor's two words as `message`, and its sentences in `errors`: the name of that key
is invented, for the real one is unknown. What the emulator knows beyond the vendor's words goes
into a header (`hints.py`), so that the body is what the vendor would send.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from mock_sendpilot import errors
from mock_sendpilot.api.access import current_contract
from mock_sendpilot.api.exchange import CONTENT_TYPE, json_content
from mock_sendpilot.api.problems import problems_of
from mock_sendpilot.api.route_hints import hint_on_route, set_hint
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.paths import RAW_PATH, VENDOR_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_VALIDATION_FAILED = "Validation failed"
# The vendor's pages have the envelope and its messages; `error` is the reason phrase of NestJS.
_STATUSES: Mapping[type[errors.SendPilotError], HTTPStatus] = {
    errors.InvalidApiKey: HTTPStatus.UNAUTHORIZED,
    errors.ScopeMissing: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.CreditsExhausted: HTTPStatus.FORBIDDEN,
    errors.SenderNotActive: HTTPStatus.FORBIDDEN,
    errors.LimitExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ServiceFault: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
}
_logger = logging.getLogger(__name__)


class _JsonResponse(Response):
    """A response whose body and headers are final, and go to the server as they are."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Send it, without Werkzeug's second look at the headers and its wrapping of the body."""
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return [self.data]


def json_response(payload: object, status: int = HTTPStatus.OK) -> Response:
    """Return a JSON response; the keys keep their order."""
    return json_content_response(json_content(payload), status)


def json_content_response(content: bytes, status: int) -> Response:
    """Return a response with JSON text."""
    return _JsonResponse(content, status, content_type=CONTENT_TYPE)


def error_response(
    status: HTTPStatus,
    message: str | list[str],
    *,
    hint: str = "",
    sentences: list[str] | None = None,
) -> Response:
    """Return the vendor's envelope of an error; with the sentences of a 400 if they are given."""
    envelope = {"statusCode": int(status), "message": message, "error": reason_phrase(status)}
    if sentences is not None:
        envelope["errors"] = sentences
    return set_hint(json_response(envelope, status), hint, remark=hint or str(message))


def register_error_handlers(app: Flask) -> None:
    """Turn every exception into the vendor's envelope."""
    app.register_error_handler(errors.SendPilotError, _handle_domain_error)
    app.register_error_handler(ValidationError, _handle_validation_error)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(Exception, _handle_unexpected_error)


def _handle_domain_error(error: errors.SendPilotError) -> Response:
    if isinstance(error, errors.InvalidInput):
        return _bad_request(error.problems, error.hint)
    response = error_response(_STATUSES[type(error)], error.message, hint=error.hint)
    if isinstance(error, errors.LimitExceeded) and current_contract().retry_after:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _handle_validation_error(error: ValidationError) -> Response:
    problems = problems_of(error)
    return _bad_request(errors.bounded(problems), rules=(problem.rule for problem in problems))


def _handle_http_error(error: HTTPException) -> Response:
    # NestJS answers an unknown method of a known path like an unknown path, and never with 405.
    if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return _route_not_found()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status == HTTPStatus.BAD_REQUEST:
        return _bad_request([error.description or status.phrase])
    return error_response(status, error.description or status.phrase)


def _handle_unexpected_error(error: Exception) -> Response:
    _logger.error("%s %s failed", request.method, request.path, exc_info=error)
    hint = "this is a fault of the emulator; its log has the traceback"
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error", hint=hint)


def _route_not_found() -> Response:
    """Return NestJS's default body, whose keys have another order (as a production client got)."""
    query = f"?{request.environ['QUERY_STRING']}" if request.environ["QUERY_STRING"] else ""
    remark = f"Cannot {request.method} {request.environ[RAW_PATH]}"
    envelope = {"message": f"{remark}{query}", "error": "Not Found", "statusCode": 404}
    response = json_response(envelope, HTTPStatus.NOT_FOUND)
    hint = hint_on_route(request.path, request.method)
    return set_hint(response, hint, remark=remark)  # a query may hold secrets, so the log has none


def _bad_request(
    problems: Sequence[str], hint: str = "", *, rules: Iterable[str] | None = None
) -> Response:
    """Return a 400 in the style of the contract; the control API always gives the details.

    `rules` are the vendor's sentences, by default those of the problems. One that many array items
    have in common is listed once.
    """
    details = "; ".join(problems)
    detailed = f"{_VALIDATION_FAILED}: {details}"
    if not request.path.startswith(f"{VENDOR_PREFIX}/"):
        return error_response(HTTPStatus.BAD_REQUEST, detailed, hint=hint)
    if rules is None:
        rules = (getattr(problem, "rule", problem) for problem in problems)
    sentences = errors.bounded(dict.fromkeys(rules))
    full_hint = f"{details} ({hint})" if hint else details
    # A client that reads `message` only if it is a string needs all but `list`, which is what
    # NestJS does unless an application changes it.
    styles: dict[str, dict[str, Any]] = {
        "errors": {"message": _VALIDATION_FAILED, "sentences": sentences, "hint": full_hint},
        "bare": {"message": _VALIDATION_FAILED, "hint": full_hint},
        "list": {"message": sentences, "hint": full_hint},
        "detailed": {"message": detailed, "hint": hint},
    }
    return error_response(HTTPStatus.BAD_REQUEST, **styles[current_contract().validation_message])
