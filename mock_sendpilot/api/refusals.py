"""Refusals of requests, in the vendor's error envelope `{statusCode, message, error}`.

A 400 has the vendor's two words as `message`, and its sentences in `errors`: the name of that key
is invented, for the real one is unknown. What the emulator knows beyond the vendor's words goes
into a header (`hints.py`), so that the body is what the vendor would send.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeGuard

from marshmallow import ValidationError

from mock_sendpilot import errors
from mock_sendpilot.api.authorization import contract_of
from mock_sendpilot.api.exchange import json_content
from mock_sendpilot.api.problems import problems_of
from mock_sendpilot.http_server.reason_phrases import reason_phrase
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.paths import VENDOR_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mock_sendpilot.emulator import Emulator

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


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal.

    Attributes:
        status: the status.
        content: the body, JSON.
        hint: the header `X-Emulator-Hint`; empty for none.
        remark: the remark of its line in the log.
        retry_after_seconds: the header `Retry-After`, or None.
    """

    status: HTTPStatus
    content: bytes
    hint: str
    remark: str
    retry_after_seconds: int | None = None


def refusal(
    status: HTTPStatus,
    message: str | list[str],
    *,
    hint: str = "",
    sentences: list[str] | None = None,
    retry_after_seconds: int | None = None,
) -> Refusal:
    """Return a refusal; with the sentences of a 400 if they are given."""
    envelope = {"statusCode": int(status), "message": message, "error": reason_phrase(status)}
    if sentences is not None:
        envelope["errors"] = sentences
    return Refusal(status, json_content(envelope), hint, hint or str(message), retry_after_seconds)


def is_refusal(error: Exception | None) -> TypeGuard[errors.SendPilotError | ValidationError]:
    """Return whether an exception says why a request is refused."""
    return type(error) in _STATUSES or isinstance(error, ValidationError)


def refusal_for(
    error: errors.SendPilotError | ValidationError,
    environ: "WSGIEnvironment",
    emulator: "Emulator",
) -> Refusal:
    """Return the refusal of a request for which an error was raised."""
    if isinstance(error, ValidationError):
        problems = problems_of(error)
        rules = [problem.rule for problem in problems]
        return bad_request(errors.bounded(problems), environ, emulator, rules=rules)
    if isinstance(error, errors.InvalidInput):
        return bad_request(error.problems, environ, emulator, hint=error.hint)
    seconds = None
    if isinstance(error, errors.LimitExceeded) and contract_of(environ, emulator).retry_after:
        seconds = error.retry_after_seconds
    status = _STATUSES[type(error)]
    return refusal(status, error.message, hint=error.hint, retry_after_seconds=seconds)


def bad_request(
    problems: Sequence[str],
    environ: "WSGIEnvironment",
    emulator: "Emulator",
    *,
    hint: str = "",
    rules: Iterable[str] | None = None,
) -> Refusal:
    """Return a 400 in the style of the contract; the control API always gives the details.

    Args:
        problems: what is wrong.
        environ: the WSGI environment of the request.
        emulator: its workspaces have the contracts.
        hint: follows the problems.
        rules: the vendor's sentences, by default those of the problems. One that many array items
            have in common is listed once.
    """
    details = "; ".join(problems)
    detailed = f"{_VALIDATION_FAILED}: {details}"
    path = environ["PATH_INFO"].lstrip("/")  # Flask takes any number of slashes there for one
    if not f"/{path}".startswith(f"{VENDOR_PREFIX}/"):
        return refusal(HTTPStatus.BAD_REQUEST, detailed, hint=hint)
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
    return refusal(
        HTTPStatus.BAD_REQUEST, **styles[contract_of(environ, emulator).validation_message]
    )
