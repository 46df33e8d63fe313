"""The URLs to which webhooks can be sent."""

import ipaddress
import socket
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit

from mock_sendpilot.redaction import redacted_url

MAX_URL_LENGTH = 2048
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_WITH_IPV4_AT_THE_END = (
    ipaddress.IPv6Network("::/96"),  # "compatible", as in ::169.254.169.254
    ipaddress.IPv6Network("::ffff:0:0/96"),  # mapped
    ipaddress.IPv6Network("::ffff:0:0:0/96"),  # translated
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64
    _LOCAL_NAT64,
)
_ISATAP = frozenset({b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"})
_DELIMITERS = frozenset('\\/?#@<>^`{|}"')
URL_FORMAT = "an absolute http or https URL such as http://127.0.0.1:9000/webhooks"


def url_problems(url: object) -> list[str]:
    """Return why no webhooks can be sent to a URL, a sentence for each reason."""
    # The vendor requires public HTTPS; here local receivers are the purpose. Link-local addresses
    # are refused, since clouds serve credentials there.
    if not isinstance(url, str):
        return [f"expected {URL_FORMAT}, got {url!r}"]
    if len(url) > MAX_URL_LENGTH:
        return [f"expected at most {MAX_URL_LENGTH} characters, got {len(url)}"]
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        return [f"expected {URL_FORMAT}, got {redacted_url(url)!r}: {redacted_url(str(error))}"]
    if parts.scheme not in {"http", "https"} or not has_host or not url.isprintable() or " " in url:
        return [f"expected {URL_FORMAT}, got {redacted_url(url)!r}"]
    return _problems_of_parts(parts)


def _problems_of_parts(parts: SplitResult) -> list[str]:
    if parts.username is not None or parts.password is not None:
        return ["expected a URL without a user name and password"]
    if parts.fragment:
        return [f"expected no fragment, got '#{parts.fragment}', which would never be sent"]
    if _DELIMITERS & set(unquote(parts.netloc)):  # clients disagree about the host
        return [f"expected {URL_FORMAT}, got the host {parts.netloc!r}"]
    if is_link_local(parts.hostname or ""):
        return [f"expected no link-local address, got {parts.hostname}"]
    return []


def is_link_local(host: str) -> bool:
    """Return whether a host is a link-local address in any spelling that some client accepts.

    These are: percent-encoded, in compatibility characters, or with ignored characters between;
    decimal, octal or hexadecimal; an IPv6 address that stands for an IPv4 address.
    """
    text = unicodedata.normalize("NFKC", unquote(host)).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    readable = "".join(character for character in text if character.isascii())
    address = _address(readable.partition("%")[0].strip("[]").rstrip("."))
    return address is not None and any(one.is_link_local for one in (address, *_inside(address)))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    with suppress(OSError, UnicodeError):
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 2852039166, 0xa9fea9fe, 169.254.1
    return None


def _inside(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address may stand for."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    packed = address.packed
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _WITH_IPV4_AT_THE_END):
        yield ipaddress.IPv4Address(packed[12:])
    if packed[8:12] in _ISATAP:
        yield ipaddress.IPv4Address(packed[12:])
    if address in _LOCAL_NAT64:  # around the ninth byte, after a prefix of 48, 56 or 64 bits
        rest = packed[:8] + packed[9:]
        yield from (ipaddress.IPv4Address(rest[start : start + 4]) for start in (6, 7, 8))
