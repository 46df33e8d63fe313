"""URLs that webhooks can be sent to."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 2048
EXPECTED = "an absolute http or https URL such as http://127.0.0.1:9000/webhooks"


def url_problems(url: str) -> list[str]:
    """What speaks against sending webhooks to a URL.

    The vendor wants public HTTPS; here local receivers are the purpose. Link-local addresses, where
    clouds keep credentials, are refused.
    """
    if len(url) > LONGEST_URL:
        return [f"must be at most {LONGEST_URL} characters long; it has {len(url)}"]
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        return [f"must be {EXPECTED}; {url!r} is none: {error}"]
    if parts.scheme not in {"http", "https"} or not has_host or not url.isprintable() or " " in url:
        return [f"must be {EXPECTED}; it was {url!r}"]
    return _unwanted(parts)


def _unwanted(parts: SplitResult) -> list[str]:
    if parts.username is not None or parts.password is not None:
        return ["must not hold a user name or password"]
    if parts.fragment:
        return [f"must have no fragment: '#{parts.fragment}' would never be sent"]
    if _is_link_local(parts.hostname or ""):
        return [f"must not be a link-local address; it was {parts.hostname}"]
    return []


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_link_local
    except ValueError:
        return False
