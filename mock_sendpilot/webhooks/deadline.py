"""HTTP connections that keep to one deadline for the whole answer.

A socket's own timeout starts anew with every byte, so a receiver that sends one byte now and then
would never be given up. Over TLS only the socket's own timeout holds.
"""

import socket
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from mock_sendpilot.domain.clock import SystemClock


class _DeadlineSocket(socket.socket):
    deadline = float("inf")

    def recv_into(self, *arguments: Any, **options: Any) -> int:  # noqa: ANN401 - the socket's own
        """Wait at most until the deadline."""
        remaining = self.deadline - SystemClock.running_seconds()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self.settimeout(remaining)
        return super().recv_into(*arguments, **options)


class _DeadlineConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        timed = _DeadlineSocket(fileno=connected.detach())
        timed.settimeout(self.timeout)
        return timed

    def getresponse(self) -> Any:  # noqa: ANN401 - urllib3's own
        """Read the head of the answer; its body has to come before the same deadline."""
        if isinstance(self.sock, _DeadlineSocket) and self.timeout is not None:
            self.sock.deadline = SystemClock.running_seconds() + self.timeout
        return super().getresponse()


class DeadlinePool(HTTPConnectionPool):
    """urllib3's pool, with such connections. The deadline is that of the timeout of a request."""

    ConnectionCls = _DeadlineConnection
