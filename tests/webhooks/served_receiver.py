"""A receiver of one test: a WSGI app on a port, for as long as a `with` block runs."""

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from mock_sendpilot.http_server.server import HttpServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from typing_extensions import Self


class ServedReceiver(AbstractContextManager["ServedReceiver"]):
    """The base class of a receiver at `url`."""

    def __init__(self) -> None:
        self._server = HttpServer(self._answer)
        self.url = f"{self._server.origin}/"

    def __enter__(self) -> "Self":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @abstractmethod
    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Respond to a request."""
