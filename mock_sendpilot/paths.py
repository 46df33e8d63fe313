"""Paths as the client wrote them: an encoded slash is part of a segment, not a separator.

WSGI servers decode a path before an app sees it, and `/leads/a%2Fb` becomes `/leads/a/b`. This
middleware decodes the path itself, segment by segment, and keeps `/` and `%` inside a segment
encoded; the converter `opaque` of the routes (`api/routing.py`) decodes those two.

`/api/v1`, the prefix in the vendor's first pages, is another name for `/v1`.
"""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VENDOR_PREFIX = "/v1"
CONTROL_PREFIX = "/_emulate"
DASHBOARD = "/dashboard"
"""The beginning of the paths of the dashboard."""
HEALTH_PATHS = ("/health", "/livez", "/readyz")
_ALIAS = "/api/v1"
_LEADS = re.compile(rf"({_ALIAS}|{VENDOR_PREFIX})/leads(/[^/]+(/status)?)?")
_ORIGIN = re.compile(r"^[a-z]+://[^/]*", re.IGNORECASE)
RAW_PATH = "mock_sendpilot.raw_path"
"""The key of the WSGI environment for the path as it was sent, which messages quote."""


class RawPaths:
    """WSGI middleware that takes the path from the request line instead of the decoded one."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Pass the request on with its own `PATH_INFO` and with `RAW_PATH`."""
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        path = target.partition("?")[0]
        if not path.startswith("/"):  # HTTP also allows `GET http://host/path HTTP/1.1`
            path = _ORIGIN.sub("", path) or "/"
        environ[RAW_PATH] = path
        mounted_at = environ.get("SCRIPT_NAME", "")
        if mounted_at and path.startswith(mounted_at):
            path = path[len(mounted_at) :]
        decoded = "/".join(map(_decode, path.split("/"))) if "%" in path else path
        is_alias = decoded.startswith(f"{_ALIAS}/")
        environ["PATH_INFO"] = VENDOR_PREFIX + decoded[len(_ALIAS) :] if is_alias else decoded
        return self._app(environ, start_response)


def is_leads_or_health_path(path: str) -> bool:
    """Return whether a path is that of leads, of one, or of its status; or of a health check."""
    return path in HEALTH_PATHS or _LEADS.fullmatch(path) is not None


def is_vendor_path(path: str) -> bool:
    """Return whether a path belongs to the vendor's API, or to a health check."""
    return path in HEALTH_PATHS or path.startswith((f"{VENDOR_PREFIX}/", f"{_ALIAS}/"))


def _decode(segment: str) -> str:
    text = unquote_to_bytes(segment.encode("latin-1", "replace")).decode("latin-1")
    return text.replace("%", "%25").replace("/", "%2F")
