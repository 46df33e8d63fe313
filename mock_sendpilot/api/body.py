"""Reading a JSON body: at most 1 MB, only `application/json`.

The vendor's error bodies are those of NestJS. What that framework does with other types and larger
bodies is not documented by the vendor; the limits here are the emulator's.
"""

from typing import Any

from flask import request

from mock_sendpilot.errors import BodyTooLarge, InvalidInput, Problem
from mock_sendpilot.json_text import parse_json

MOST_BYTES = 1_048_576
_JSON = "application/json"
_EXPECTED = "the body must be a JSON object"


def json_object() -> dict[str, Any]:
    """The body, a JSON object.

    Raises:
        BodyTooLarge: it has more than 1 MB.
        InvalidInput: there is none, it is no JSON or no object; it says which.
    """
    content = _content()
    if request.environ.get("CONTENT_TYPE") != _JSON and request.mimetype != _JSON:
        found = f"it was {request.mimetype!r}" if request.mimetype else "there was none"
        found = f"{found}, and then the body counts as empty"
        raise InvalidInput(Problem(f"Content-Type must be {_JSON}", found))
    if not content.strip():
        raise InvalidInput(Problem(_EXPECTED, "it was empty"))
    parsed = _parsed(content)
    if not isinstance(parsed, dict):
        raise InvalidInput(Problem(_EXPECTED, f"it was {_kind(parsed)}"))
    return parsed


def optional_object() -> dict[str, Any]:
    """The same, where no body at all is an empty object."""
    return json_object() if _content() else {}


def _content() -> bytes:
    size = request.content_length or 0
    content = b"" if size > MOST_BYTES else request.get_data()
    size = max(size, len(content))
    if size > MOST_BYTES:
        hint = f"the body has {size} bytes; at most {MOST_BYTES} are taken"
        raise BodyTooLarge("request entity too large", hint=hint)
    return content


def _parsed(content: bytes) -> object:
    try:
        return parse_json(content)
    except InvalidInput as error:
        encoding = request.content_encoding
        because = f" (Content-Encoding {encoding!r} is not supported)" if encoding else ""
        raise InvalidInput(Problem(f"the body {error}{because}", rule=_EXPECTED)) from error


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return "null" if value is None else names.get(type(value), "a number")
