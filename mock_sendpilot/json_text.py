"""Reading JSON that strangers wrote, with an error for what would break on the way back.

So it is with the values of Python code: what no JSON can hold is refused where it comes in.

orjson reads objects nested 1,024 deep and writes them 254 deep; what is accepted must be writable.
"""

import codecs
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from mock_sendpilot.errors import InvalidInput

if TYPE_CHECKING:
    from mock_sendpilot.world.seed import WorkspaceSeed

_MAX_DEPTH = 200
_INTEGERS = range(-(2**63), 2**64)
_MAX_SHOWN = 80
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_utf8(content: bytes) -> bytes:
    """Return what a person saved in a file, in UTF-8 and without a byte order mark.

    PowerShell and Notepad write the mark, and PowerShell 5 redirects in UTF-16.

    Raises:
        InvalidInput: the content is not in the encoding that its mark names.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except UnicodeDecodeError as error:
                raise InvalidInput(
                    f"must be in {encoding.upper()}, as its byte order mark says; "
                    f"byte {error.start} is not"
                ) from error
    return content.removeprefix(codecs.BOM_UTF8)


def parse_json(text: bytes) -> object:
    """The value of a JSON text.

    Raises:
        InvalidInput: it is not UTF-8, no JSON, or nested deeper than 200 levels; it says where.
    """
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(_reason(text, error)) from error
    if text.count(b"[") + text.count(b"{") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise InvalidInput(f"is nested deeper than {_MAX_DEPTH} levels")
    return value


def plain_json(value: object, name: str) -> Any:
    """Return a copy of a value that JSON can hold; what it was made of may change later.

    Args:
        value: any value of Python code.
        name: stands for it in the error.

    Raises:
        InvalidInput: JSON cannot hold it, or a part of it; the message says which.
    """
    return _plain(value, name, _MAX_DEPTH)


def check_seed(seed: "WorkspaceSeed") -> None:
    """Refuse a seed with something that no reply could hold.

    Raises:
        InvalidInput: it says what cannot be held.
    """
    try:
        orjson.dumps(replace(seed, contract=None), default=_plain_part)
    except TypeError as error:
        raise InvalidInput(f"workspace {seed.id!r} must be made of JSON values: {error}") from error


def _plain_part(value: object) -> object:
    """Return a part of a seed that is no JSON value as one."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):  # of the classes that freeze time in tests
        return value.isoformat()
    raise TypeError(f"it has {_shown(value)}")


def _plain(value: object, name: str, levels: int) -> Any:
    if value is None or isinstance(value, bool) or _is_plain_text(value) or _is_number(value):
        return value
    if isinstance(value, Mapping | list | tuple) and not levels:
        raise InvalidInput(f"{name} must be nested at most {_MAX_DEPTH} levels deep")
    if isinstance(value, Mapping) and all(map(_is_plain_text, value)):
        return {key: _plain(one, f"{name}.{key}", levels - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, f"{name}[{index}]", levels - 1) for index, one in enumerate(value)]
    expected = "a text, a number of 64 bits, True, False, None, a list or a dict with text keys"
    raise InvalidInput(
        f"{name} must be something that JSON can hold: {expected}; it was {_shown(value)}"
    )


def _is_plain_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value)


def _is_number(value: object) -> bool:
    if isinstance(value, int):
        return value in _INTEGERS
    return isinstance(value, float) and math.isfinite(value)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # of any class, and of an int with more digits than Python prints
        text = f"of the type {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


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
