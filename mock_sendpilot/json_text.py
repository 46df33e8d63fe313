"""Reading JSON that strangers wrote, with an error for what would break on the way back.

orjson reads objects nested 1,024 deep and writes them 254 deep; what is accepted must be writable.
"""

import orjson

from mock_sendpilot.domain.errors import InvalidInput

_DEEPEST = 200


def parse_json(text: bytes) -> object:
    """The value of a JSON text.

    Raises:
        InvalidInput: it is not UTF-8, no JSON, or nested deeper than 200 levels; it says where.
    """
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(_reason(text, error)) from error
    if text.count(b"[") + text.count(b"{") > _DEEPEST and _depth(value) > _DEEPEST:
        raise InvalidInput(f"is nested deeper than {_DEEPEST} levels")
    return value


def _reason(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as undecodable:
        return f"must be JSON in UTF-8; byte {undecodable.start} is not UTF-8"
    return f"is not valid JSON: {error}"


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [inner for outer in level for inner in _inside(outer)]:
        depth += 1
    return depth


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
