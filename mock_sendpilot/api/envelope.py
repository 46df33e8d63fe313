"""The responses of Flask: JSON bytes, and the refusals of `refusals.py`."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from mock_sendpilot import errors
from mock_sendpilot.api.access import current_emulator
from mock_sendpilot.api.exchange import CONTENT_TYPE, json_content
from mock_sendpilot.api.refusals import Refusal, bad_request, refusal, refusal_for
from mock_sendpilot.api.route_hints import hint_on_route, set_hint
from mock_sendpilot.paths import RAW_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

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


def register_error_handlers(app: Flask) -> None:
    """Turn every exception into the vendor's envelope."""
    app.register_error_handler(errors.SendPilotError, _handle_refusal)
    app.register_error_handler(ValidationError, _handle_refusal)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(Exception, _handle_unexpected_error)


def _handle_refusal(error: errors.SendPilotError | ValidationError) -> Response:
    return _response(refusal_for(error, request.environ, current_emulator()))


def _handle_http_error(error: HTTPException) -> Response:
    # NestJS answers an unknown method of a known path like an unknown path, and never with 405.
    if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return _route_not_found()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status == HTTPStatus.BAD_REQUEST:
        problems = [error.description or status.phrase]
        return _response(bad_request(problems, request.environ, current_emulator()))
    return _response(refusal(status, error.description or status.phrase))


def _handle_unexpected_error(error: Exception) -> Response:
    _logger.error("%s %s failed", request.method, request.path, exc_info=error)
    hint = "this is a fault of the emulator; its log has the traceback"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(refusal(status, "Internal server error", hint=hint))


def _route_not_found() -> Response:
    """Return NestJS's default body, whose keys have another order (as a production client got)."""
    query = f"?{request.environ['QUERY_STRING']}" if request.environ["QUERY_STRING"] else ""
    remark = f"Cannot {request.method} {request.environ[RAW_PATH]}"
    envelope = {"message": f"{remark}{query}", "error": "Not Found", "statusCode": 404}
    response = json_response(envelope, HTTPStatus.NOT_FOUND)
    hint = hint_on_route(request.path, request.method)
    return set_hint(response, hint, remark=remark)  # a query may hold secrets, so the log has none


def _response(refused: Refusal) -> Response:
    response = json_content_response(refused.content, refused.status)
    set_hint(response, refused.hint, remark=refused.remark)
    if refused.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refused.retry_after_seconds)
    return response
