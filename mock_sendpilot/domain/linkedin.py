"""LinkedIn profile URLs: what counts as one, and the form in which two of them are compared.

The vendor's pages write `https://www.linkedin.com/in/<slug>`. Production data also holds country
hosts, trailing slashes and queries, as clients report; that all of these mean the same person is
this emulator's reading.
"""

import re
from urllib.parse import quote, unquote, urlsplit

_HOST = re.compile(r"(?:[a-z]{2,3}\.)?linkedin\.com")
_SLUG = re.compile(r"(?!\.+$)[\w.\-~']{1,200}")
_SCHEME = re.compile(r"[a-zA-Z]+://")
_WITHOUT_HOST = re.compile(r"/?in/")
_INTERNAL_ID = re.compile(r"ACoAA[\w-]+")

EXPECTED = "a LinkedIn profile URL such as https://www.linkedin.com/in/john-doe"


def normal_profile_url(text: str) -> str | None:
    """The URL as `https://www.linkedin.com/in/<slug>`, or None when it is no profile URL.

    Scheme, host (`www`, of a country, or none), letter case, trailing slashes, query and fragment
    do not count. The internal ids (`ACoAA…`) keep their case: there it distinguishes people.
    """
    if _WITHOUT_HOST.match(text):  # as one client reports events to have it
        text = f"www.linkedin.com/{text.lstrip('/')}"
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    head, _, slug = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in {"http", "https"} or port or not _HOST.fullmatch(host):
        return None
    name = unquote(slug)
    if head.lower() != "/in" or not _SLUG.fullmatch(name):
        return None
    if not _INTERNAL_ID.fullmatch(name):
        name = name.lower()
    return "https://www.linkedin.com/in/" + quote(name, safe="-_.~'")


def is_internal(url: str) -> bool:
    """Whether a normal profile URL has an internal id (`ACoAA…`) in place of the public slug."""
    return bool(_INTERNAL_ID.fullmatch(url.rpartition("/")[2]))
