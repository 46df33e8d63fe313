"""Reason phrases as a Node server writes them: `Not Found`, where Werkzeug writes `NOT FOUND`.

The vendor's server is NestJS, and clients see the phrase: requests prints it in its exceptions.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_NODE_PHRASES: Mapping[int, str] = {
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a Teapot",
    422: "Unprocessable Entity",
    509: "Bandwidth Limit Exceeded",
}
"""Node's phrases where Python, or some version of it, has another."""


@cache
def reason_phrase(status: int) -> str:
    """Return the phrase that Node has for a status; `unknown` where it has none."""
    if status in _NODE_PHRASES:
        return _NODE_PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"


class NodeStatusLines:
    """WSGI middleware that gives each response the reason phrase of a Node server."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and rewrite the status of its response."""

        def start(status: str, *rest: Any) -> Callable[[bytes], object]:
            code = status.partition(" ")[0]
            return start_response(f"{code} {reason_phrase(int(code))}", *rest)

        return self._app(environ, start)
