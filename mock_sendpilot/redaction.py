"""Redaction: texts that are printed, logged or sent, with their secrets masked.

A secret is known by its form (a key of the vendor, a signing secret, credentials in a URL) or by
its name (`apiKeys`, `Authorization`, `?token=`).
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "…"
_MAX_VISIBLE = 10
_SECRET_NAME = re.compile(
    # The vendor's continuationToken is the position in a list, and needed to understand a request.
    r"apikey|secret|password|passwd|authorization|credential|cookie|bypass"
    r"|(?<!continuation)token|^(pwd|key|keys|auth|sig)$",
)
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_IN_TEXT = re.compile(
    # Credentials of a URL. A password may hold what should have been encoded, such as a slash;
    # then a port has to be ruled out.
    r"(?P<scheme>://)(?:[^\s/?#\[\]'\"]{1,300}"
    r"|[^\s/?#@:\[\]'\"]{1,100}:(?!\d{1,5}(?:[/?#]|$))[^\s@'\"]{1,200})@"
    r"|(?P<token>sp_(?:live|test)_[\w-]{6,}|whsec_[A-Za-z0-9+/=_-]{8,})"
    r"|(?P<bearer>[Bb]earer )[A-Za-z0-9+/=._~-]{8,}"
    r"|(?P<parameter>[?&](?P<name>[\w.%\[\]-]{1,80})=)[^\s&#'\"]+"
)


def masked(secret: str) -> str:
    """Return the beginning of a secret: enough to tell it from another one."""
    return secret[: min(_MAX_VISIBLE, len(secret) // 2)] + MASK


def is_secret_name(name: str) -> bool:
    """Return whether a name is that of a secret, however it is written."""
    return _SECRET_NAME.search(_NO_LETTER.sub("", name.lower())) is not None


def redacted(text: str) -> str:
    """Return a text with its secrets masked."""
    return _IN_TEXT.sub(_masked_match, text)


def redacted_url(url: str) -> str:
    """Return a refused URL without anything that may have been meant as credentials."""
    before, at, after = url.rpartition("@")
    if not at:
        return redacted(url)
    scheme, separator, _ = before.rpartition("://")
    return f"{scheme}{separator}{MASK}@{redacted(after)}"


def redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the secrets among their values masked."""
    return {
        name: masked(value) if is_secret_name(name) else value for name, value in headers.items()
    }


def redacted_value(value: Any) -> Any:
    """Return a JSON value with every member masked whose name is that of a secret."""
    if isinstance(value, Mapping):
        return {
            name: MASK if is_secret_name(str(name)) else redacted_value(inner)
            for name, inner in value.items()
        }
    return [redacted_value(inner) for inner in value] if isinstance(value, list) else value


def _masked_match(match: "re.Match[str]") -> str:
    if match["scheme"]:
        return f"{match['scheme']}{MASK}@"
    if match["token"]:
        return masked(match["token"])
    if match["bearer"]:
        return f"{match['bearer']}{MASK}"
    return f"{match['parameter']}{MASK}" if is_secret_name(match["name"]) else match[0]
