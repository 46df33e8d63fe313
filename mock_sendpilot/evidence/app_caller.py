"""Requests for an app without a connection: nothing is transmitted, so nothing takes time."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mock_sendpilot.http_server.transmission import TRANSMIT
from mock_sendpilot.redaction import MASK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class AppCaller:
    """Makes requests of a WSGI app, in the thread of the caller.

    Args:
        app: the app.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str],
        content: bytes,
        api_key: str,
    ) -> tuple[int, str]:
        """Make a request, and return the status and the body of the response.

        Args:
            method: the method.
            path: the path as the journal has it: an encoded slash stays encoded.
            query: the query as it is sent.
            headers: the headers; masked ones are left out.
            content: the body.
            api_key: the key of the workspace.
        """
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "REQUEST_URI": quote(path, safe="/%:@!$&'()*+,;=-._~"),
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_API_KEY": api_key,
            "CONTENT_LENGTH": str(len(content)) if content else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(content),
            "wsgi.errors": _Silent(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            TRANSMIT: _transmit_at_once,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            if key != "X_API_KEY" and MASK not in value:
                environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        statuses: list[str] = []

        def start(status: str, _headers: Any, *_: Any) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _: None

        body = b"".join(self._app(environ, start))
        return int(statuses[-1][:3]), body.decode("utf-8", "replace")


class _Silent:
    """A stream for errors, which the status of the response reports."""

    def write(self, _text: str) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""


def _transmit_at_once(_transmission: object) -> None:
    """Let a fault take no time: the client of a replay waits for nothing."""
