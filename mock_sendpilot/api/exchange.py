"""An exchange with the vendor's API: a request, and what its operation needs of the app.

An operation runs with or without a context of Flask (`dispatch.py`), so it asks the exchange.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONTENT_TYPE = "application/json; charset=utf-8"
EXCHANGE = "mock_sendpilot.exchange"
"""The key of the WSGI environment for the exchange that has failed, for Flask to answer."""


class Exchange:
    """One request.

    Args:
        environ: its WSGI environment.
        extensions: the extensions of the app, which keep what is made once for each app.

    Attributes:
        hints: what the response will have in `X-Emulator-Hint`.
        error: the exception that the operation has raised.
    """

    __slots__ = ("environ", "error", "extensions", "hints")

    def __init__(self, environ: "WSGIEnvironment", extensions: dict[str, Any]) -> None:
        self.environ = environ
        self.extensions = extensions
        self.hints: list[str] = []
        self.error: Exception | None = None


CURRENT_EXCHANGE: ContextVar[Exchange] = ContextVar("mock_sendpilot.exchange")
"""The exchange of the operation that is running."""


def json_content(payload: object) -> bytes:
    """Return the body of a JSON response; the keys keep their order."""
    return orjson.dumps(payload)
