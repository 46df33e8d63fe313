"""HTTP connections that keep to one deadline for the whole answer.

A socket's own timeout starts anew with every byte, so a receiver that sends one byte now and then
would never be given up.
"""

import socket
import ssl
from collections.abc import Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from mock_sendpilot.domain.clock import SystemClock
from mock_sendpilot.domain.urls import is_link_local
from mock_sendpilot.final_response import FinalResponse


class _Deadline(socket.socket):
    """Of a socket: when all has to be there."""

    deadline = float("inf")

    def recv_into(self, *arguments: Any, **options: Any) -> int:  # noqa: ANN401 - the socket's own
        """Wait at most until the deadline."""
        remaining = self.deadline - SystemClock.running_seconds()
        if remaining <= 0:
            raise TimeoutError("timed out")
        if remaining < float("inf"):
            self.settimeout(remaining)
        return super().recv_into(*arguments, **options)


class _DeadlineTlsSocket(_Deadline, ssl.SSLSocket):
    """The same over TLS, where a read may take several of the socket's: they have one timeout."""


class _KeepsToDeadline(HTTPConnection):
    response_class = FinalResponse

    def getresponse(self) -> Any:  # noqa: ANN401 - urllib3's own
        """Read the head of the answer; its body has to come before the same deadline."""
        if isinstance(self.sock, _Deadline) and self.timeout is not None:
            self.sock.deadline = SystemClock.running_seconds() + self.timeout
        return super().getresponse()


class _DeadlineConnection(_KeepsToDeadline):
    def _new_conn(self) -> socket.socket:
        connected = _checked(super()._new_conn())
        timed = _Deadline(fileno=connected.detach())
        timed.settimeout(self.timeout)
        return timed


class _DeadlineTlsConnection(_KeepsToDeadline, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())

    def connect(self) -> None:
        """Connect with such a socket; which certificates are good is for requests to say."""
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context()
            self.ssl_context.sslsocket_class = _DeadlineTlsSocket
        super().connect()


def _checked(connected: socket.socket) -> socket.socket:
    """Let go of a connection to a link-local address, to which a name may lead as well."""
    address = str(connected.getpeername()[0])
    if is_link_local(address):
        connected.close()
        raise OSError(f"nothing is sent to the link-local address {address}")
    return connected


class _DeadlinePool(HTTPConnectionPool):
    ConnectionCls = _DeadlineConnection


class _DeadlineTlsPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineTlsConnection


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _DeadlinePool, "https": _DeadlineTlsPool}
"""urllib3's pools, with such connections. The deadline is that of the timeout of a request."""
