"""Hints on names that the vendor ignores: what is not taken, and what was probably meant.

The vendor passes over unknown query parameters, fields and filters without a word, and so does the
reply here; the header `X-Emulator-Hint` has the words.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from itertools import islice

from flask import after_this_request

from mock_sendpilot.api.envelope import with_hint
from mock_sendpilot.suggestions import nearest_word, same_letters

_MAX_NAMED = 5
_MAX_NAME_LENGTH = 40
_MAX_FIELD_NAMES = 1000
# What other APIs call it, in lower-case letters.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "limit": ("pagesize", "perpage", "size", "count", "maxresults", "top", "take"),
    "page": ("pagenumber", "pageno", "pageindex"),
    "offset": ("skip", "start"),
    "continuationToken": ("cursor", "pagetoken", "nexttoken", "nextpagetoken", "after", "token"),
    "search": ("q", "query"),
    "message": ("text", "body", "content"),
}


def hint_on_ignored(what: str, names: Iterable[str], known: Collection[str]) -> str:
    """Return a hint on the names that are not known; at most five are named, and shortened.

    Args:
        what: what they are names of, in the plural.
        names: all of those that were sent.
        known: those that are taken.
    """
    unknown = [name for name in names if name not in known]
    if not unknown:
        return ""
    named = [_with_guess(name, _meant(name, known)) for name in unknown[:_MAX_NAMED]]
    return f"unknown {what} are ignored: {_listed(named, len(unknown))}"


def hint_on_custom_fields(entries: Iterable[object], known: Collection[str]) -> str:
    """Return a hint on the keys of new leads that are custom fields and look like the vendor's.

    Any name will do for a custom field: only the same letters (`first_name`) look like a slip.
    """
    names = dict.fromkeys(name for entry in entries if isinstance(entry, dict) for name in entry)
    slips = {}
    for name in islice(names, _MAX_FIELD_NAMES):
        meant = None if name in known else same_letters(name, known)
        if meant is not None:
            slips[name] = meant
    if not slips:
        return ""
    named = [_with_guess(name, meant) for name, meant in islice(slips.items(), _MAX_NAMED)]
    return f"taken for custom fields of leads: {_listed(named, len(slips))}"


def add_hint(hint: str) -> None:
    """Add a hint to the reply to this request, whatever it is going to be."""
    if hint:
        after_this_request(partial(with_hint, hint=hint))


def _meant(name: str, known: Collection[str]) -> str | None:
    for one, others in _OTHER_NAMES.items():
        if one in known and same_letters(name, others):
            return one
    return nearest_word(name, known)


def _with_guess(name: str, meant: str | None) -> str:
    guess = "" if meant is None else f" (did you mean {meant!r}?)"
    return f"{name[:_MAX_NAME_LENGTH]!r}{guess}"


def _listed(named: list[str], count: int) -> str:
    rest = count - len(named)
    return ", ".join(named) + (f", and {rest} more" if rest else "")
