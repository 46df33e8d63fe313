"""Files of evidence: their names, how they are written, and the document that they carry."""

import hashlib
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.evidence.document import FORMAT
from mock_sendpilot.redaction import redacted
from mock_sendpilot.version import __version__

DATA_ID = "sendpilot-evidence"
"""The id of the element that has the document as JSON."""
MAX_BYTES = 1_000_000
"""Of a file."""
_MAX_NAME_LENGTH = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DATA = re.compile(
    rf'<script type="application/json" id="{DATA_ID}">(.*?)</script>', flags=re.DOTALL
)
_BEGUN = f'id="{DATA_ID}"'
_MAX_READ_BYTES = 50 * MAX_BYTES
_KINDS = ("sandbox", "exploration")


def file_name(name: str) -> str:
    """Return a file name for a test, which every file system takes.

    Two names never have one file, also where case does not count.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    words = _UNSAFE.sub("-", redacted(name).replace("::", "-")).strip("-.")
    # The end, since the beginnings of names are the folders that many tests share.
    return f"{words[-_MAX_NAME_LENGTH:].strip('-.') or 'test'}-{digest}.html"


def checked_folder(folder: Path) -> Path:
    """Return a folder that exists and that a file can be written to; it is made if need be.

    Raises:
        InvalidInput: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(8)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidInput(f"{folder}: cannot be written to: {error.strerror or error}") from None
    return folder


def write(path: Path, text: str) -> None:
    """Write a file at once: another process that writes the same one leaves no mixture.

    Raises:
        InvalidInput: it cannot be written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode("utf-8", "replace"))
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from None


def is_evidence(content: bytes) -> bool:
    """Return whether the content of a file is evidence, be it damaged."""
    return _BEGUN.encode() in content


def embedded(document: dict[str, Any]) -> str:
    """Return the JSON of a document as the text of an element of HTML, which it cannot end."""
    text = orjson.dumps(document).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def read(path: Path) -> dict[str, Any]:
    """Return the document of a file.

    Raises:
        InvalidInput: it cannot be read, it is no evidence, it is damaged, or it was made by a newer
            version.
    """
    try:
        if path.stat().st_size > _MAX_READ_BYTES:
            raise InvalidInput(f"{path}: expected evidence of at most 1 MB, got a larger file")
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}") from None
    found = _DATA.search(text)
    if found is None:
        if _BEGUN in text:
            raise InvalidInput(f"{path}: the file is damaged: its end is missing")
        raise InvalidInput(
            f"{path}: expected an HTML file that --sendpilot-artifacts or save_evidence has made"
        )
    try:
        document = orjson.loads(found[1])
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{path}: the file is damaged: {error}") from None
    _check(document, path)
    checked: dict[str, Any] = document
    return checked


def _check(document: Any, path: Path) -> None:
    number = document.get("format") if isinstance(document, dict) else None
    if type(number) is int and number > FORMAT:
        raise InvalidInput(
            f"{path}: made by a newer version of mock_sendpilot, {document.get('version')}: this "
            f"is {__version__}; upgrade"
        )
    if number is True or number != FORMAT or document.get("kind") not in _KINDS:
        raise InvalidInput(f"{path}: the file is damaged: it has no format that is known")
