"""URLs that webhooks can be sent to."""

import ipaddress
import socket
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from mock_sendpilot.domain.redaction import redacted_url

LONGEST_URL = 2048
EXPECTED = "an absolute http or https URL such as http://127.0.0.1:9000/webhooks"


def url_problems(url: object) -> list[str]:
    """What speaks against sending webhooks to a URL.

    The vendor wants public HTTPS; here local receivers are the purpose. Link-local addresses, where
    clouds keep credentials, are refused.
    """
    if not isinstance(url, str):
        return [f"must be {EXPECTED}; it was {url!r}"]
    if len(url) > LONGEST_URL:
        return [f"must be at most {LONGEST_URL} characters long; it has {len(url)}"]
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        return [f"must be {EXPECTED}; {redacted_url(url)!r} is none: {redacted_url(str(error))}"]
    if parts.scheme not in {"http", "https"} or not has_host or not url.isprintable() or " " in url:
        return [f"must be {EXPECTED}; it was {redacted_url(url)!r}"]
    return _unwanted(parts)


def _unwanted(parts: SplitResult) -> list[str]:
    if parts.username is not None or parts.password is not None:
        return ["must not hold a user name or password"]
    if parts.fragment:
        return [f"must have no fragment: '#{parts.fragment}' would never be sent"]
    if is_link_local(parts.hostname or ""):
        return [f"must not be a link-local address; it was {parts.hostname}"]
    return []


def is_link_local(host: str) -> bool:
    """Whether a host is a link-local address, in any of the spellings that the system reads."""
    address = _address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_link_local


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    with suppress(OSError, UnicodeError):
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 2852039166, 0xa9fea9fe, 169.254.1
    return None
