"""Paths as the client wrote them: an encoded slash is part of a segment, not a separator.

Besides, `/api/v1` (the first generation of the vendor's pages) is another name of `/v1`.

WSGI servers decode a path before an app sees it, and `/leads/a%2Fb` becomes `/leads/a/b`. This
middleware decodes the path anew, segment by segment, and keeps `/` and `%` inside a segment
encoded; the converter `opaque` of the routes decodes those two.
"""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter, Map, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VENDOR_PREFIX = "/v1"
_ALIAS = "/api/v1"
_ORIGIN = re.compile(r"^[a-z]+://[^/]*", re.IGNORECASE)
RAW_PATH = "mock_sendpilot.raw_path"
"""Where the path as it was sent stands in the WSGI environment, for messages."""


class RawPaths:
    """WSGI middleware: takes the path from the request line instead of the decoded one."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Pass the request on with `PATH_INFO` and `RAW_PATH` set anew."""
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        path = target.partition("?")[0]
        if not path.startswith("/"):  # `GET http://host/path HTTP/1.1` is allowed, too
            path = _ORIGIN.sub("", path) or "/"
        environ[RAW_PATH] = path
        mounted_at = environ.get("SCRIPT_NAME", "")
        if mounted_at and path.startswith(mounted_at):
            path = path[len(mounted_at) :]
        decoded = "/".join(map(_decoded, path.split("/"))) if "%" in path else path
        is_alias = decoded.startswith(f"{_ALIAS}/")
        environ["PATH_INFO"] = VENDOR_PREFIX + decoded[len(_ALIAS) :] if is_alias else decoded
        return self._app(environ, start_response)


class OpaqueId(BaseConverter):
    """A path segment of any content: ids are opaque, and some hold `/` or `%`."""

    regex = "[^/]+"
    part_isolating = True  # the pattern names the slash to leave it out

    def to_python(self, value: str) -> str:
        """The segment as the client meant it."""
        return value.replace("%2F", "/").replace("%25", "%")


class RawMap(Map):
    """Routes that take a path as it is: two slashes are not one.

    Werkzeug before 3.0.3 heeds `merge_slashes` only here.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(merge_slashes=False, strict_slashes=False, **options)
        self.converters["opaque"] = OpaqueId


class OneWayRule(Rule):
    """A route that finds its view and makes no URLs.

    Werkzeug compiles a function for `url_for` into every route, which takes longer than all else
    that makes the app, and nothing here asks for URLs.
    """

    def _compile_builder(self, append_unknown: bool = True) -> "Callable[..., tuple[str, str]]":  # noqa: ARG002, FBT001, FBT002 - Werkzeug's signature
        def build(*_: object, **__: object) -> tuple[str, str]:
            raise NotImplementedError("no URLs are made from routes")

        return build


def _decoded(segment: str) -> str:
    text = unquote_to_bytes(segment.encode("latin-1", "replace")).decode("latin-1")
    return text.replace("%", "%25").replace("/", "%2F")
