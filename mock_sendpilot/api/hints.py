"""Hints: what the emulator knows beyond the vendor's words, in the header `X-Emulator-Hint`.

The vendor ignores unknown query parameters, fields and filters without a word, and answers an
unknown route with a bare 404. The replies here are the same; the hint says what was probably meant.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from mock_sendpilot import errors
from mock_sendpilot.api.exchange import CURRENT_EXCHANGE, Exchange
from mock_sendpilot.suggestions import nearest_word, same_letters

HINT_HEADER = "X-Emulator-Hint"
REMARK = "mock_sendpilot.remark"
"""The key of the WSGI environment under which the access log finds why a request was refused."""

_MAX_HINT_CHARACTERS = 1000
_MAX_NAMES = 5
_MAX_NAME_LENGTH = 40
_MAX_FIELD_NAMES = 1000
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
# The names that other APIs have for it, in lower-case letters.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "limit": ("pagesize", "perpage", "size", "count", "maxresults", "top", "take"),
    "page": ("pagenumber", "pageno", "pageindex"),
    "offset": ("skip", "start"),
    "continuationToken": ("cursor", "pagetoken", "nexttoken", "nextpagetoken", "after", "token"),
    "search": ("q", "query"),
    "message": ("text", "body", "content"),
}


def add_hint(hint: str) -> None:
    """Add a hint to the response of the operation that is running, whatever it will be."""
    # An error response has it as well: often the ignored name is why a field is missing.
    if hint:
        CURRENT_EXCHANGE.get().hints.append(hint)


def append_hints(exchange: Exchange, hint: str = "") -> str:
    """Append the hints of an operation to that of its response, and to the remark in the log.

    Returns:
        The hint for the header; empty if there is none.
    """
    environ = exchange.environ
    for one in exchange.hints:
        hint = header_text("; ".join(filter(None, (hint, one))))
        environ[REMARK] = header_text("; ".join(filter(None, (environ.get(REMARK), one))))
    return hint


def header_text(text: str) -> str:
    """Return a text for a header and a line of the log: printable ASCII, shortened."""
    one_line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    printable = _CONTROL_CHARACTERS.sub(lambda match: f"\\x{ord(match[0]):02x}", one_line)
    return errors.shortened(printable, _MAX_HINT_CHARACTERS)


def hint_on_ignored(noun: str, names: Iterable[str], known: Collection[str]) -> str:
    """Return a hint on the names that are unknown and ignored; an empty one if there are none.

    Args:
        noun: the kind of the names, in the plural.
        names: the names that were sent.
        known: the names that are accepted.
    """
    unknown = [name for name in names if name not in known]
    if not unknown:
        return ""
    quoted = [_with_suggestion(name, _likely_name(name, known)) for name in unknown[:_MAX_NAMES]]
    return f"unknown {noun} are ignored: {_enumeration(quoted, len(unknown))}"


def hint_on_custom_fields(entries: Iterable[object], known: Collection[str]) -> str:
    """Return a hint on the custom fields of new leads whose names look like the vendor's fields.

    Any name will do for a custom field: only one with the same letters (`first_name`) is a slip.
    """
    names = dict.fromkeys(name for entry in entries if isinstance(entry, dict) for name in entry)
    slips = {}
    for name in islice(names, _MAX_FIELD_NAMES):
        likely = None if name in known else same_letters(name, known)
        if likely is not None:
            slips[name] = likely
    if not slips:
        return ""
    quoted = [_with_suggestion(*slip) for slip in islice(slips.items(), _MAX_NAMES)]
    return f"taken for custom fields of leads: {_enumeration(quoted, len(slips))}"


def _likely_name(name: str, known: Collection[str]) -> str | None:
    for own_name, other_names in _OTHER_NAMES.items():
        if own_name in known and same_letters(name, other_names):
            return own_name
    return nearest_word(name, known)


def _with_suggestion(name: str, likely: str | None) -> str:
    suggestion = "" if likely is None else f" (did you mean {likely!r}?)"
    return f"{name[:_MAX_NAME_LENGTH]!r}{suggestion}"


def _enumeration(names: list[str], count: int) -> str:
    more = f", and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(names) + more
