"""Parse the query and the JSON body of a request.

The vendor's error bodies are those of NestJS. The vendor does not document what that framework does
with other content types and with larger bodies: the limits here are the emulator's. Flask reads
only what is not of the usual form.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from mock_sendpilot.api.fields import json_kind
from mock_sendpilot.errors import BodyTooLarge, InvalidInput, Problem
from mock_sendpilot.json_text import parse_json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Request

MAX_BODY_BYTES = 1_048_576
_MAX_DIGITS = 10
_JSON = "application/json"
_OBJECT = "a JSON object"
_BODY = "the body"


def query_parameters(environ: "WSGIEnvironment | None" = None) -> dict[str, Any]:
    """Return the parameters of the query; one that is repeated is a list, which no field takes.

    They are those of Flask's request without an `environ`, as the body is.
    """
    query = (environ or _flask_request().environ).get("QUERY_STRING")
    if not query:
        return {}
    text = query.encode("latin-1").decode("utf-8", "replace")
    # Not `request.args`, which gives the first value of a repeated parameter.
    parameters = parse_qs(text, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in parameters.items()}


def has_plain_body(environ: "WSGIEnvironment") -> bool:
    """Return whether `json_object` needs nothing of Flask's request to read and parse the body."""
    is_json = environ.get("CONTENT_TYPE") == _JSON
    return is_json and _plain_length(environ, MAX_BODY_BYTES) is not None


def json_object(
    environ: "WSGIEnvironment | None" = None, *, max_bytes: int = MAX_BODY_BYTES
) -> dict[str, Any]:
    """Return the body, a JSON object.

    Args:
        environ: the WSGI environment; by default that of Flask's request.
        max_bytes: its greatest length.

    Raises:
        BodyTooLarge: the body is longer.
        InvalidInput: the body is missing, not JSON, or no object; the error says which.
    """
    environ = environ or _flask_request().environ
    return _parsed(_content(max_bytes, environ), environ)


def optional_json_object(*, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the body, or an empty object without a body."""
    environ = _flask_request().environ
    content = _content(max_bytes, environ)
    return _parsed(content, environ) if content else {}


def _parsed(content: bytes, environ: "WSGIEnvironment") -> dict[str, Any]:
    # The first comparison saves Werkzeug's parsing of a header that is nearly always the same.
    if environ.get("CONTENT_TYPE") != _JSON:
        mimetype = _flask_request().mimetype
        if mimetype != _JSON:
            got = f"{repr(mimetype) if mimetype else 'none'}, and then the body counts as empty"
            raise InvalidInput(Problem.expected(_JSON, got=got, of="Content-Type"))
    if not content.strip():
        raise InvalidInput(Problem.expected(_OBJECT, got="an empty one", of=_BODY))
    try:
        body = parse_json(content)
    except InvalidInput as error:
        encoding = environ.get("HTTP_CONTENT_ENCODING")
        reason = f" (Content-Encoding {encoding!r} is not supported)" if encoding else ""
        rule = f"{_BODY} must be {_OBJECT}"
        raise InvalidInput(Problem(f"{_BODY}: {error}{reason}", rule=rule)) from error
    if not isinstance(body, dict):
        raise InvalidInput(Problem.expected(_OBJECT, got=json_kind(body), of=_BODY))
    return body


def _content(max_bytes: int, environ: "WSGIEnvironment") -> bytes:
    """Return the bytes of the body, which can be read once."""
    length = _plain_length(environ, max_bytes)
    if length is not None:
        # The stream itself: what Werkzeug puts around it takes longer than a small body.
        content: bytes = environ["wsgi.input"].read(length)
        if len(content) == length:
            return content
        from werkzeug.exceptions import ClientDisconnected

        raise ClientDisconnected
    request = _flask_request()
    size = request.content_length or 0
    content = b"" if size > max_bytes else request.get_data()
    size = max(size, len(content))
    if size > max_bytes:
        hint = f"the body has {size} bytes; at most {max_bytes} are taken"
        raise BodyTooLarge("request entity too large", hint=hint)
    return content


def _flask_request() -> "Request":
    from flask import request

    return request


def _plain_length(environ: "WSGIEnvironment", max_bytes: int) -> int | None:
    """Return the length of the body; None if it is not known, or too great."""
    length = environ.get("CONTENT_LENGTH", "")
    if length.isdecimal() and len(length) < _MAX_DIGITS and int(length) <= max_bytes:
        return int(length)
    return None
