"""Responses of the receiver for tests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from wsgiref.util import is_hop_by_hop

import orjson

from mock_sendpilot.errors import InvalidInput

_LOWEST, _HIGHEST = 100, 999
_HEADER = re.compile(r"[\w-]+: [^\x00-\x1f\x7f\u0100-\U0010ffff]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def status_line(self) -> str:
        """The status with its reason: `503 Service Unavailable`; an unknown status is `Unknown`."""
        known = self.status in set(HTTPStatus)
        return f"{self.status} {HTTPStatus(self.status).phrase if known else 'Unknown'}"


def answer(status: object, headers: Mapping[str, object], body: object) -> Answer:
    """Return a response with this status, these headers and this body.

    Raises:
        InvalidInput: a status or a header that cannot be sent, or a body that is neither bytes nor
            text nor JSON.
    """
    if isinstance(status, bool) or not isinstance(status, int) or not _LOWEST <= status <= _HIGHEST:
        expected = f"a whole number from {_LOWEST} to {_HIGHEST}"
        raise InvalidInput(f"status must be {expected}; it was {status!r}")
    texts = {name: str(value) for name, value in headers.items()}
    for name, text in texts.items():
        _check_header(name, text)
    if isinstance(body, dict | list) and "content-type" not in {name.lower() for name in texts}:
        texts["Content-Type"] = "application/json"
    return Answer(int(status), texts, _content(body))


def _check_header(name: str, text: str) -> None:
    if not isinstance(name, str) or is_hop_by_hop(name):
        raise InvalidInput(f"headers cannot have {name!r}, which is the server's own or no name")
    if not _HEADER.fullmatch(f"{name}: {text}"):
        raise InvalidInput(f"headers must be Latin-1 on one line each; {name!r} was {text!r}")


def _content(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        if isinstance(body, str):
            return body.encode()
        if isinstance(body, dict | list):
            return orjson.dumps(body)
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidInput(f"body cannot be written as UTF-8 or JSON: {error}") from error
    raise InvalidInput(f"body must be bytes, a text, or a dict or list for JSON; it was {body!r}")
