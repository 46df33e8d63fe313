"""Replies: JSON bytes, and the vendor's error envelope `{statusCode, message, error}`.

What the emulator knows beyond the vendor's words goes into a header, `X-Emulator-Hint`, so that the
body stays what the vendor would send. A 400 has the vendor's two words as `message`, and its
sentences in `errors`: the name of that key is invented, for the real one is not known.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from mock_sendpilot import errors
from mock_sendpilot.api.access import contract_of_request
from mock_sendpilot.paths import RAW_PATH, VENDOR_PREFIX
from mock_sendpilot.reason_phrases import reason_phrase

REMARK = "mock_sendpilot.remark"
"""Where the WSGI environment has what the log says of a request that was refused."""
HINT_HEADER = "X-Emulator-Hint"
_MAX_HINT_CHARACTERS = 1000
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_VALIDATION_FAILED = "Validation failed"
_logger = logging.getLogger(__name__)
_CONTENT_TYPE = "application/json; charset=utf-8"

# The vendor's envelope and its messages are known from D1-D3; `error` is the reason phrase of Nest.
_STATUS: Mapping[type[errors.SendPilotError], HTTPStatus] = {
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


def reply(payload: object, status: int = HTTPStatus.OK) -> Response:
    """A JSON reply; the keys keep their order."""
    return Response(orjson.dumps(payload), status, content_type=_CONTENT_TYPE)


def error_reply(
    status: HTTPStatus,
    message: str | list[str],
    *,
    hint: str = "",
    sentences: list[str] | None = None,
) -> Response:
    """The vendor's envelope for an error, with the sentences of a 400 if they are given."""
    phrase = reason_phrase(status)
    envelope = {"statusCode": int(status), "message": message, "error": phrase}
    if sentences is not None:
        envelope["errors"] = sentences
    return _with_hint(reply(envelope, status), hint, remark=hint or str(message))


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
    """A text that may stand in a header and in the log: printable ASCII, cut short."""
    one_line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    safe = _CONTROL_CHARACTERS.sub(lambda found: f"\\x{ord(found[0]):02x}", one_line)
    return errors.shortened(safe, _MAX_HINT_CHARACTERS)


def register_error_handlers(app: Flask) -> None:
    """Turn whatever goes wrong into the vendor's envelope."""
    app.register_error_handler(errors.SendPilotError, _domain_error)
    app.register_error_handler(ValidationError, _validation_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen_error)


def _domain_error(error: errors.SendPilotError) -> Response:
    if isinstance(error, errors.InvalidInput):
        return _invalid(error.problems, error.hint)
    answer = error_reply(_STATUS[type(error)], error.message, hint=error.hint)
    if isinstance(error, errors.LimitExceeded) and contract_of_request().retry_after:
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer


def _validation_error(error: ValidationError) -> Response:
    problems = problems_of(error)
    return _invalid(errors.bounded(problems), rules=(problem.rule for problem in problems))


def _invalid(
    problems: Sequence[str], hint: str = "", *, rules: Iterable[str] | None = None
) -> Response:
    """A 400 in the style of the contract; the control API always gives the details.

    `rules` are the vendor's sentences, those of the problems unless they are given. One that many
    array items have in common stands there once.
    """
    details = "; ".join(problems)
    detailed = f"{_VALIDATION_FAILED}: {details}"
    if not request.path.startswith(f"{VENDOR_PREFIX}/"):
        return error_reply(HTTPStatus.BAD_REQUEST, detailed, hint=hint)
    if rules is None:
        rules = (getattr(problem, "rule", problem) for problem in problems)
    sentences = errors.bounded(dict.fromkeys(rules))
    found = f"{details} ({hint})" if hint else details
    styles: dict[str, dict[str, Any]] = {
        "errors": {"message": _VALIDATION_FAILED, "sentences": sentences, "hint": found},
        "bare": {"message": _VALIDATION_FAILED, "hint": found},
        "list": {"message": sentences, "hint": found},
        "detailed": {"message": detailed, "hint": hint},
    }
    return error_reply(HTTPStatus.BAD_REQUEST, **styles[contract_of_request().validation_message])


def problems_of(error: ValidationError) -> list[errors.Problem]:
    """Marshmallow's nested messages as sentences: `field` and what is wrong with it."""
    return [_problem(keys, text) for keys, text in _walk(error.messages, ())]


def sentences(error: ValidationError, root: str) -> list[tuple[str, str]]:
    """Each message with the path of what it is about, such as `root.leads[3].status`."""
    return [(_path((root, *keys)), text) for keys, text in _walk(error.messages, ())]


_Keys = tuple[str | int, ...]


def _walk(messages: Any, keys: _Keys) -> Iterator[tuple[_Keys, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _walk(inner, keys if key == "_schema" else (*keys, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _walk(inner, keys)
    else:
        yield keys, messages


def _problem(keys: _Keys, message: str) -> errors.Problem:
    rule = getattr(message, "rule", message)
    if not keys:
        return errors.Problem(message, rule=rule)
    return errors.Problem(f"{_path(keys)} {message}", rule=f"{_subject(keys)} {rule}")


def _path(keys: _Keys) -> str:
    first, *rest = keys
    return str(first) + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)


def _subject(keys: _Keys) -> str:
    """The subject of a vendor's sentence as NestJS writes it: `filters.each value in titles`."""
    *parents, last = keys
    if isinstance(last, int) and parents:
        last = f"each value in {parents.pop()}"
    return ".".join(map(str, (*parents, last)))


def _http_error(error: HTTPException) -> Response:
    if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return _no_such_route()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status == HTTPStatus.BAD_REQUEST:
        return _invalid([error.description or status.phrase])
    return error_reply(status, error.description or status.phrase)


def _no_such_route() -> Response:
    """Nest's default body, whose keys stand in another order (seen by a production client)."""
    query = f"?{request.environ['QUERY_STRING']}" if request.environ["QUERY_STRING"] else ""
    told = f"Cannot {request.method} {request.environ[RAW_PATH]}"
    message = f"{told}{query}"
    answer = reply({"message": message, "error": "Not Found", "statusCode": 404}, 404)
    meant = _routes_meant_by(request.path, request.method)
    one_of = meant or _routes_like(request.path)
    hint = f"{'did you mean' if meant else 'there are:'} {', '.join(one_of)}{'?' if meant else ''}"
    return _with_hint(answer, hint, remark=told)  # a query may hold what no log should


def _routes_meant_by(path: str, method: str) -> list[str]:
    """The routes of this path, or of the path below `/v1`; that of the method if there is one."""
    routes = _routes_of(path) or _routes_of(VENDOR_PREFIX + path.removeprefix("/api"))
    return [route for route in routes if route.startswith(f"{method} ")] or routes


def _routes_of(path: str) -> list[str]:
    adapter = current_app.url_map.bind("")
    found = []
    for method in adapter.allowed_methods(path):
        rule, _ = adapter.match(path, method, return_rule=True)
        found += _methods_of(rule)
    return sorted(set(found))


def _methods_of(rule: Rule) -> list[str]:
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [f"{method} {_PARAMETER.sub('{id}', rule.rule)}" for method in methods]


def _routes_like(path: str) -> list[str]:
    """The routes with the same beginning, or those of the vendor's API."""
    rules = list(current_app.url_map.iter_rules())
    beginning = "/" + path.split("/")[1] if path.startswith("/_") else VENDOR_PREFIX
    return [
        route for rule in rules if rule.rule.startswith(beginning) for route in _methods_of(rule)
    ]


def _unforeseen_error(error: Exception) -> Response:
    _logger.error("%s %s failed", request.method, request.path, exc_info=error)
    hint = "this is a fault of the emulator; its log has the traceback"
    return error_reply(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error", hint=hint)
