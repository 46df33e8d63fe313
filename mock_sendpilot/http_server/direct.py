"""Requests that are answered in the thread of their client, without a connection."""

import logging
from typing import Any

from waitress.utilities import InternalServerError

from mock_sendpilot.http_server.connections import JsonErrorTask, Listener
from mock_sendpilot.http_server.parsing import Parser
from mock_sendpilot.http_server.tasks import AppTask

_CLIENT_HOST = "127.0.0.1"
_logger = logging.getLogger(__name__)


class DirectCall:
    """One request for the app of a server, and its response, both as they go over the wire.

    waitress parses the one and writes the other, as for a request that comes over a connection.
    The environment of WSGI has no function for transmissions: only a connection can be slow, hang
    or break.

    Args:
        listener: the server's.
        client_port: stands for the port of the client, and is the same for all its requests.

    Attributes:
        closes: True if the connection ends with the response.
    """

    def __init__(self, listener: Listener, client_port: int) -> None:
        self.addr = (_CLIENT_HOST, client_port)
        self.server = listener
        self.adj = listener.gathering
        self.request = Parser(self.adj)
        self.request.max_body_bytes = listener.max_body_bytes
        self._written: list[bytes] = []
        self.closes = False

    def respond(self) -> bytes:
        """Return the response to the request, which is complete.

        It is empty if a fault that was armed just now breaks the connection: waitress takes the
        error for that of a client which has gone.
        """
        task = AppTask(self, self.request)
        try:
            task.service()
        except Exception:
            _logger.exception("a request could not be answered")
            self._written.clear()
            self.request.error = InternalServerError("")
            task = JsonErrorTask(self, self.request)
            task.service()
        finally:
            self.request.close()
        self.closes = bool(task.close_on_finish)
        return b"".join(self._written)

    # --- what waitress asks of a connection -------------------------------------------------------

    def write_soon(self, data: Any) -> int:
        """Take in a part of the response."""
        self._written.append(bytes(data))
        return len(data)

    def check_client_disconnected(self) -> bool:
        """Return False: the client waits."""
        return False
