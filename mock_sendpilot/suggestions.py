"""Suggestions: the known word that was probably meant by an unknown one.

All code that refuses or ignores a word gets its suggestion here, so that all suggest alike.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_MAX_WORD_LENGTH = 80
_MIN_ABBREVIATION = 3
_MIN_LIKENESS = 0.7  # at difflib's 0.6 "serve" is like "seed", and "leads" like "ready"
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or None.

    It is one with the same letters (`first_name` for `firstName`), or else one that the word
    abbreviates (`dup` for `duplicate`, `accept` for `accept_connection`, `premium` for
    `is_premium`), or else one with a similar spelling.
    """
    letters = _letters(word)
    if not letters:
        return None
    by_letters = _by_letters(known)
    if letters in by_letters:
        return by_letters[letters]
    if len(letters) >= _MIN_ABBREVIATION:
        longer = [
            key
            for key, candidate in by_letters.items()
            if key.startswith(letters) or _abbreviates(_parts(word), _parts(candidate))
        ]
        if longer:
            return by_letters[min(longer, key=len)]
    near = get_close_matches(letters, by_letters, n=1, cutoff=_MIN_LIKENESS)
    return by_letters[near[0]] if near else None


def same_letters(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that differs only in letter case and separators, or None."""
    letters = _letters(word)
    return _by_letters(known).get(letters) if letters else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question for a message that names the nearest known word; or an empty text."""
    near = nearest_word(word, known)
    return "" if near is None else f"did you mean {near!r}? "


def _by_letters(known: Iterable[str]) -> dict[str, str]:
    by_letters: dict[str, str] = {}
    for one in known:
        by_letters.setdefault(_letters(one), one)
    return by_letters


def _letters(word: str) -> str:
    """Return the letters and digits of a word in lower case."""
    # No known word is so long; difflib would need seconds for a text of megabytes.
    if len(word) > _MAX_WORD_LENGTH:
        return ""
    return "".join(character for character in word.casefold() if character.isalnum())


def _parts(word: str) -> list[str]:
    return [part.lower() for part in _PARTS.findall(word)]


def _abbreviates(parts: list[str], of: list[str]) -> bool:
    """Return whether each part begins a part of the other word, in the same order."""
    rest = iter(of)
    return bool(parts) and all(any(each.startswith(part) for each in rest) for part in parts)
