"""HTTP connections that keep to one deadline for the whole answer.

A socket's own timeout starts anew with every byte, so a receiver that sends one byte now and then
would never be given up.
"""

import errno
import os
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import urllib3.connection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.ssl_ import create_urllib3_context

from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.network import Socket, connected, defined_in, own_copy
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.urls import is_link_local

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
else:  # as urllib3 defines them, should this be imported while a test has put others in their place
    HTTPConnection = defined_in("urllib3.connection", urllib3.connection.HTTPConnection)
    HTTPSConnection = defined_in("urllib3.connection", urllib3.connection.HTTPSConnection)
    HTTPConnectionPool = own_copy("urllib3.connectionpool").HTTPConnectionPool
    HTTPSConnectionPool = own_copy("urllib3.connectionpool").HTTPSConnectionPool


class _DeadlineSocket(Socket):
    """Of a socket: when all has to be there."""

    deadline = float("inf")

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Wait at most until the deadline."""
        remaining = self.deadline - SystemClock.running_seconds()
        if remaining <= 0:
            raise TimeoutError("timed out")
        if remaining < float("inf"):
            self.settimeout(remaining)
        return super().recv_into(*arguments, **options)


class _DeadlineTlsSocket(_DeadlineSocket, ssl.SSLSocket):
    """The same over TLS, where a read may take several of the socket's: they have one timeout."""


class _KeepsToDeadline(HTTPConnection):
    response_class = FinalResponse

    def getresponse(self) -> Any:
        """Read the head of the answer; its body has to come before the same deadline."""
        if self.sock is None:  # reset while it was made, which urllib3 passes over
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        if isinstance(self.sock, _DeadlineSocket) and self.timeout is not None:
            self.sock.deadline = SystemClock.running_seconds() + self.timeout
        return super().getresponse()


class _DeadlineConnection(_KeepsToDeadline):
    def _new_conn(self) -> socket.socket:
        return _connected(self, _DeadlineSocket)


class _DeadlineTlsConnection(_KeepsToDeadline, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self, Socket)

    def connect(self) -> None:
        """Connect with such a socket; which certificates are good is for requests to say."""
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context()
            self.ssl_context.sslsocket_class = _DeadlineTlsSocket
        super().connect()


def _connected(connection: HTTPConnection, socket_class: type[socket.socket]) -> socket.socket:
    try:
        made = connected(
            connection._dns_host,  # noqa: SLF001 - with the dot that ends a whole name
            connection.port,
            timeout_seconds=cast("float", connection.timeout),
            options=connection.socket_options or (),
            socket_class=socket_class,
        )
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no connection in time") from error
    return _checked(made)


def _checked(made: socket.socket) -> socket.socket:
    """Let go of a connection to a link-local address, to which a name may lead as well."""
    address = str(made.getpeername()[0])
    if is_link_local(address):
        made.close()
        raise OSError(f"nothing is sent to the link-local address {address}")
    return made


class _DeadlinePool(HTTPConnectionPool):
    ConnectionCls = _DeadlineConnection


class _DeadlineTlsPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineTlsConnection


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _DeadlinePool, "https": _DeadlineTlsPool}
"""urllib3's pools, with such connections. The deadline is that of the timeout of a request."""
