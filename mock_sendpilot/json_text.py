"""Reading JSON that strangers wrote, with an error for what would break on the way back.

orjson reads objects nested 1,024 deep and writes them 254 deep; what is accepted must be writable.
"""

import codecs

import orjson

from mock_sendpilot.domain.errors import InvalidInput

_DEEPEST = 200
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
