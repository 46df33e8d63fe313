"""LinkedIn profile URLs, and the normal form in which two of them are compared.

The vendor's pages write `https://www.linkedin.com/in/<slug>`. Clients report that production data
also has country hosts, trailing slashes and queries. That all of these are the same person is an
assumption of this emulator, and so are the characters of a slug.
"""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlsplit

_NORMAL = re.compile(r"https://www\.linkedin\.com/in/[a-z0-9_~'-][a-z0-9_.~'-]{0,199}")  # most
_HOST = re.compile(r"(?:(?:www|m|[a-z]{2})\.)?linkedin\.com\.?")
_SCHEME = re.compile(r"[a-zA-Z]+://")
_WITHOUT_HOST = re.compile(r"/?in/", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)
_PROFILE_PARTS = frozenset({"detail", "details", "overlay", "recent-activity"})
_INTERNAL_ID = re.compile(r"AC[ow]AA[A-Za-z0-9_-]+")
_CONTROLS = re.compile(r"[\t\r\n]")
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_MAX_SLUG_LENGTH = 200
_MAX_DECOMPOSED_LENGTH = 4 * _MAX_SLUG_LENGTH  # a letter and its marks become one
_ASCII_SIGNS = "-_.~'"
# Persian and the scripts of India need joiners; emoji are joined, and the flags of England,
# Scotland and Wales are spelled with tags.
_JOINERS = frozenset("\u200c\u200d")
_TAGS = range(0xE0020, 0xE0080)
_REPLACEMENT = "\ufffd"

PROFILE_URL_FORMAT = "a LinkedIn profile URL such as https://www.linkedin.com/in/john-doe"


def made_up_profile_url(lead_id: str) -> str:
    """Return the profile URL of a lead that was added without one."""
    return f"https://www.linkedin.com/in/{lead_id}".replace("_", "-")


def normal_profile_url(text: str) -> str | None:
    """Return the URL as `https://www.linkedin.com/in/<slug>`, or None when it is no profile URL.

    Ignored are scheme, host (`www`, `m`, a country's, or none), letter case, surrounding blanks,
    trailing slashes, query and fragment, and after the slug a language (`/in/x/en`) or a part of
    the profile (`/in/x/overlay/…`). Internal ids (`ACoAA…`, `ACwAA…`) keep their case, which
    distinguishes people. The normal form of a normal form is itself.
    """
    if _NORMAL.fullmatch(text):
        return text
    slug = _slug_of(text.strip())
    if slug is None or len(slug) > _MAX_DECOMPOSED_LENGTH:
        return None
    # Composed and decomposed accents spell the same name.
    name = unicodedata.normalize("NFC", slug)
    if not _INTERNAL_ID.fullmatch(name):
        # Lower case may decompose again: that of İ is an i and a dot above.
        name = unicodedata.normalize("NFC", name.lower())
    has_characters = all(map(_is_slug_character, name)) and bool(name.strip("."))
    if not has_characters or len(name) > _MAX_SLUG_LENGTH:
        return None
    return "https://www.linkedin.com/in/" + quote(name, safe=_ASCII_SIGNS)


def is_internal(url: str) -> bool:
    """Return whether a normal profile URL has an internal id in place of the public slug."""
    return bool(_INTERNAL_ID.fullmatch(url.rpartition("/")[2]))


def _slug_of(text: str) -> str | None:
    """Return the decoded slug of a URL, with any characters."""
    if _WITHOUT_HOST.match(text):  # one client reports events with such URLs
        text = f"www.linkedin.com/{text.lstrip('/')}"
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"https://{text.removeprefix('//')}")
        # urlsplit drops control characters, so the text itself is searched for them.
        is_linkedin = _is_linkedin(parts) and not _CONTROLS.search(text)
        _, head, slug, *rest = parts.path.rstrip("/").split("/")
        if not is_linkedin or head.lower() != "in" or not _may_follow(rest):
            return None
        return unquote(slug, errors="strict").strip()
    except ValueError:  # no port, no UTF-8, or too few segments
        return None


def _is_linkedin(parts: SplitResult) -> bool:
    is_usual_port = parts.scheme in _PORTS and parts.port in {None, _PORTS[parts.scheme]}
    return is_usual_port and "@" not in parts.netloc and bool(_HOST.fullmatch(parts.hostname or ""))


def _may_follow(rest: list[str]) -> bool:
    """Return whether the path may continue so after the slug of a person."""
    if len(rest) > 1:  # a part of the profile, such as details/experience
        return rest[0].lower() in _PROFILE_PARTS
    return not rest or bool(_LANGUAGE.fullmatch(rest[0]))


def _is_slug_character(character: str) -> bool:
    """Return whether a character may be in a slug: a letter, mark, digit, sign or emoji."""
    if character.isascii():
        return character.isalnum() or character in _ASCII_SIGNS
    if character in _JOINERS or ord(character) in _TAGS:
        return True
    # Not an invisible character, nor the replacement of a lost one. A code point that this Python
    # does not know may be a newer emoji.
    category = unicodedata.category(character)
    return (category == "Cn" or category[0] not in "CZ") and character != _REPLACEMENT
