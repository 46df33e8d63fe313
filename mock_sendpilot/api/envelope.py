"""Replies: JSON bytes, and the vendor's error envelope `{statusCode, message, error}`.

What the emulator knows beyond the vendor's words goes into a header, `X-Emulator-Hint`, so that the
body stays what the vendor would send.
"""

import logging
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from mock_sendpilot.api.access import contract_of_request
from mock_sendpilot.domain import errors
from mock_sendpilot.domain.redaction import redacted
from mock_sendpilot.paths import RAW_PATH, VENDOR_PREFIX

REMARK = "mock_sendpilot.remark"
"""Where the WSGI environment has what the log says of a request that was refused."""
HINT_HEADER = "X-Emulator-Hint"
_LONGEST_HINT = 500
_logger = logging.getLogger(__name__)
_CONTENT_TYPE = "application/json; charset=utf-8"

# The vendor's envelope and its messages are known from D1-D3; `error` is the reason phrase of Nest.
_STATUS = {
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
_PARAMETER = re.compile(r"<.*?>")
_PHRASES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Payload Too Large"}


def reply(payload: object, status: int = HTTPStatus.OK) -> Response:
    """A JSON reply; the keys keep their order."""
    return Response(orjson.dumps(payload), status, content_type=_CONTENT_TYPE)


def error_reply(status: HTTPStatus, message: str | list[str], *, hint: str = "") -> Response:
    """The vendor's envelope for an error."""
    phrase = _PHRASES.get(status, status.phrase)
    answer = reply({"statusCode": int(status), "message": message, "error": phrase}, status)
    return _with_hint(answer, hint, remark=hint or str(message))


def with_hint(answer: Response, hint: str) -> Response:
    """Add what the emulator has to say of the request, if it has, after what it said before."""
    if not hint:
        return answer
    header, remark = answer.headers.get(HINT_HEADER), request.environ.get(REMARK)
    hints, remarks = filter(None, (header, hint)), filter(None, (remark, hint))
    return _with_hint(answer, "; ".join(hints), remark="; ".join(remarks))


def _with_hint(answer: Response, hint: str, *, remark: str) -> Response:
    request.environ[REMARK] = _on_one_line(remark)
    if hint:
        answer.headers[HINT_HEADER] = _on_one_line(hint)
    return answer


def _on_one_line(text: str) -> str:
    safe = text.encode("ascii", "backslashreplace").decode()
    return " ".join(safe.split())[:_LONGEST_HINT]


def register_error_handlers(app: Flask) -> None:
    """Turn whatever goes wrong into the vendor's envelope."""
    app.register_error_handler(errors.SendPilotError, _domain_error)
    app.register_error_handler(ValidationError, _validation_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen_error)


def _domain_error(error: errors.SendPilotError) -> Response:
    if isinstance(error, errors.InvalidInput):
        return _invalid(list(error.problems), error.hint)
    answer = error_reply(_STATUS[type(error)], error.message, hint=error.hint)
    if isinstance(error, errors.LimitExceeded) and contract_of_request().retry_after:
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer


def _validation_error(error: ValidationError) -> Response:
    return _invalid(problems_of(error))


def _invalid(problems: list[str], hint: str = "") -> Response:
    style = contract_of_request().validation_message
    messages: dict[str, str | list[str]] = {
        "detailed": "Validation failed: " + "; ".join(problems),
        "bare": "Validation failed",
        "list": problems,
    }
    if style == "bare":
        hint = hint or "; ".join(problems)
    return error_reply(HTTPStatus.BAD_REQUEST, messages[style], hint=hint)


def problems_of(error: ValidationError) -> list[str]:
    """Marshmallow's nested messages as sentences: `field` and what is wrong with it."""
    found = sentences(error, "")
    return [redacted(f"{path} {text}" if path else text) for path, text in found]


def sentences(error: ValidationError, root: str) -> list[tuple[str, str]]:
    """Each message with the path of what it is about, such as `root.leads[3].status`."""
    return list(_walk(error.messages, root))


def _walk(messages: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - nested at will
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _walk(inner, path if key == "_schema" else _joined(path, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _walk(inner, path)
    else:
        yield path, str(messages)


def _joined(path: str, key: object) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _http_error(error: HTTPException) -> Response:
    if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return _no_such_route()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return error_reply(status, error.description or status.phrase)


def _no_such_route() -> Response:
    """Nest's default body, whose keys stand in another order (seen by a production client)."""
    query = f"?{request.environ['QUERY_STRING']}" if request.environ["QUERY_STRING"] else ""
    told = f"Cannot {request.method} {request.environ[RAW_PATH]}"
    message = f"{told}{query}"
    answer = reply({"message": message, "error": "Not Found", "statusCode": 404}, 404)
    hint = f"there are: {', '.join(_routes_like(request.path))}"
    return _with_hint(answer, hint, remark=told)  # a query may hold what no log should


def _routes_like(path: str) -> list[str]:
    """The routes with the same beginning, or those of the vendor's API."""
    rules = list(current_app.url_map.iter_rules())
    beginning = "/" + path.split("/")[1] if path.startswith("/_") else VENDOR_PREFIX
    return [
        f"{method} {_PARAMETER.sub('{id}', rule.rule)}"
        for rule in rules
        if rule.rule.startswith(beginning)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _unforeseen_error(error: Exception) -> Response:
    _logger.error("%s %s failed", request.method, request.path, exc_info=error)
    hint = "this is a fault of the emulator; its log has the traceback"
    return error_reply(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error", hint=hint)
