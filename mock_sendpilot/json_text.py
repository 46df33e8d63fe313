"""JSON text and the values of Python code, refused on the way in if they cannot be written again.

orjson reads objects that are nested 1,024 deep, but writes them only up to 254 deep. The bytes that
it writes occupy four to eight times their length.
"""

import codecs
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from mock_sendpilot.errors import InvalidInput

if TYPE_CHECKING:
    from mock_sendpilot.world.seed import WorkspaceSeed

_MAX_DEPTH = 200
_INTEGER_RANGE = range(-(2**63), 2**64)  # what orjson writes
_CHECKED_AT_ONCE = 1_000  # the text of a million leads would occupy half a gigabyte
_MAX_REPR_LENGTH = 80
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # first, since it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_utf8(content: bytes) -> bytes:
    """Return the content of a file in UTF-8, without a byte order mark.

    PowerShell and Notepad write the mark, and PowerShell 5 redirects in UTF-16.

    Raises:
        InvalidInput: the content is not in the encoding that its mark names.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except UnicodeDecodeError as error:
                raise InvalidInput(
                    f"expected {encoding.upper()}, as its byte order mark says, got other bytes "
                    f"at {error.start}"
                ) from error
    return content.removeprefix(codecs.BOM_UTF8)


def bytes_to_keep(content: bytes) -> bytes:
    """Return a copy that occupies its length alone, unlike the bytes that orjson has written.

    What lives as long as a response needs no copy; what a log keeps does.
    """
    return bytes(memoryview(content))


def parse_json(text: bytes) -> object:
    """Return the value of a JSON text.

    Raises:
        InvalidInput: not UTF-8, not JSON, or nested deeper than 200 levels; it says where.
    """
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            text.decode()
        except UnicodeDecodeError as undecodable:
            position = undecodable.start
            raise InvalidInput(f"expected UTF-8, got other bytes at {position}") from error
        raise InvalidInput(f"not valid JSON: {error}") from error
    # To count brackets is cheap; only a text that could be too deep is measured.
    if text.count(b"[") + text.count(b"{") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise InvalidInput(f"expected at most {_MAX_DEPTH} nested levels, got more")
    return value


def plain_json(value: object, name: str) -> Any:
    """Return a copy of a value if JSON can hold it.

    Args:
        value: any value of Python code.
        name: the name of the value in the error.

    Raises:
        InvalidInput: JSON cannot hold it or a part of it; the message says which.
    """
    return _plain(value, name, _MAX_DEPTH)


def check_seed(seed: "WorkspaceSeed") -> None:
    """Refuse a seed with a value that JSON cannot hold.

    Raises:
        InvalidInput: names the value.
    """
    try:
        orjson.dumps(replace(seed, contract=None, leads=()), default=_json_value)
        for start in range(0, len(seed.leads), _CHECKED_AT_ONCE):
            orjson.dumps(seed.leads[start : start + _CHECKED_AT_ONCE], default=_json_value)
    except TypeError as error:
        raise InvalidInput(
            f"workspace {seed.id!r}: expected values that JSON can hold: {error}"
        ) from error


def _json_value(value: object) -> object:
    """Return a JSON value for a value of a seed that orjson cannot write itself."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):  # orjson refuses the subclass of a library that freezes time
        return value.isoformat()
    raise TypeError(f"it has {short_repr(value)}")


def _plain(value: object, name: str, levels: int) -> Any:
    if value is None or isinstance(value, bool) or _is_plain_text(value) or _is_number(value):
        return value
    if isinstance(value, Mapping | list | tuple) and not levels:
        raise InvalidInput(f"{name}: expected at most {_MAX_DEPTH} nested levels, got more")
    if isinstance(value, Mapping) and all(map(_is_plain_text, value)):
        return {key: _plain(one, f"{name}.{key}", levels - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, f"{name}[{index}]", levels - 1) for index, one in enumerate(value)]
    expected = "a text, a number of 64 bits, True, False, None, a list or a dict with text keys"
    raise InvalidInput(
        f"{name}: expected a value that JSON can hold ({expected}), got {short_repr(value)}"
    )


def _is_plain_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value)


def _is_number(value: object) -> bool:
    if isinstance(value, int):
        return value in _INTEGER_RANGE
    return isinstance(value, float) and math.isfinite(value)


def short_repr(value: object) -> str:
    """Return the beginning of the representation of a value, for an error message."""
    try:
        text = repr(value)
    except Exception:  # of any class; and Python refuses to print an int of many digits
        text = f"of the type {type(value).__name__}"
    return text if len(text) <= _MAX_REPR_LENGTH else f"{text[:_MAX_REPR_LENGTH]}…"


def short_json(value: object) -> str:
    """Return the beginning of a value as JSON, for an error message; of no JSON, as `short_repr`.

    It is not for values that may hold secrets.
    """
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        return short_repr(value)
    return text if len(text) <= _MAX_REPR_LENGTH else f"{text[:_MAX_REPR_LENGTH]}…"


def _depth(value: object) -> int:
    """Return how deep a value is nested, without recursion."""
    depth, level = 0, _containers([value])
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in _containers(outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    """Return the objects and arrays that are not empty."""
    return [one for one in values if isinstance(one, dict | list) and one]
