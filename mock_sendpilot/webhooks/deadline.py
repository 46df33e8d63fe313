"""HTTP connections that keep one deadline for the whole response.

The timeout of a socket starts again with every byte, so a receiver that sends one byte now and then
would never time out.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import urllib3.connection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.ssl_ import create_urllib3_context

from mock_sendpilot.final_response import FinalResponse
from mock_sendpilot.network import Socket, connected, defined_in, own_copy
from mock_sendpilot.plain_heads import read_plain_head
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


_ADDED = frozenset({"host", "accept-encoding", "user-agent", "content-length"})
"""The headers that urllib3 or http.client add if they do not get them."""
_PLAIN_LINES = re.compile(r"(?:[!#-'*+.^-z|~A-Z0-9-]+: [\t -~]*\r\n)*")
"""Headers that http.client would send as they are."""


class _DeadlineSocket(Socket):
    """A socket that reads nothing after `deadline`."""

    deadline = float("inf")

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive, waiting until the deadline at most."""
        remaining = self.deadline - SystemClock.running_seconds()
        if remaining <= 0:
            raise TimeoutError("timed out")
        if remaining < float("inf"):
            self.settimeout(remaining)
        return super().recv_into(*arguments, **options)


class _DeadlineTlsSocket(_DeadlineSocket, ssl.SSLSocket):
    """The same over TLS, where one read may take several of the socket's, under one timeout."""


class _PostResponse(FinalResponse):
    """A response to a POST."""

    def begin(self) -> None:
        """Read the head: a plain one at once, every other as http.client does."""
        if not read_plain_head(self):
            super().begin()


def _without_plain_lines(headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    """Return the headers for http.client, and the lines of all others.

    http.client checks and encodes each by itself, which takes half of the time of a request.
    """
    others = {name: value for name, value in headers.items() if name.lower() not in _ADDED}
    lines = "".join([f"{name}: {value}\r\n" for name, value in others.items()])
    # A value with a line in it could pass for two headers.
    if lines.count("\n") != len(others) or not _PLAIN_LINES.fullmatch(lines):
        return headers, b""
    return {name: headers[name] for name in headers if name not in others}, lines.encode()


class _DeadlineConnection(HTTPConnection):
    response_class = _PostResponse
    socket_class: type[socket.socket] = _DeadlineSocket
    _rest = b""

    def request(self, *arguments: Any, **options: Any) -> None:
        """Send a request as urllib3 does, but a body of bytes together with the head."""
        body, self._rest = options.get("body"), b""
        if isinstance(body, bytes) and body:
            options["body"] = None
            options["headers"], lines = _without_plain_lines(options["headers"])
            self._rest = b"%b\r\n%b" % (lines, body)
        super().request(*arguments, **options)

    def send(self, data: Any) -> None:
        """Send the head of a request with what waits for it, or a part of a body."""
        # To send them one by one costs a system call more here, and a look more over there.
        if self._rest:
            data, self._rest = data[:-2] + self._rest, b""  # without the blank line
        super().send(data)

    def getresponse(self) -> Any:
        """Read the head of the response; its body must arrive before the same deadline."""
        if self.sock is None:  # it was reset while the request was sent, which urllib3 ignores
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        if isinstance(self.sock, _DeadlineSocket) and self.timeout is not None:
            self.sock.deadline = SystemClock.running_seconds() + self.timeout
        return super().getresponse()

    def _new_conn(self) -> socket.socket:
        try:
            made = connected(
                self._dns_host,  # with the dot that ends an absolute name
                self.port,
                timeout_seconds=cast("float", self.timeout),
                options=self.socket_options or (),
                socket_class=self.socket_class,
            )
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        address = str(made.getpeername()[0])
        if is_link_local(address):  # the name of a host may resolve to one, unlike a checked URL
            made.close()
            raise OSError(f"nothing is sent to the link-local address {address}")
        return made


class _DeadlineTlsConnection(_DeadlineConnection, HTTPSConnection):
    socket_class = Socket  # TLS wraps it in the class that the context below names

    def connect(self) -> None:
        """Connect with a TLS socket that has a deadline; requests decides which certificates count.

        urllib3 makes the context, so that is where the class of its sockets can be set.
        """
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context()
            self.ssl_context.sslsocket_class = _DeadlineTlsSocket
        super().connect()


class _DeadlinePool(HTTPConnectionPool):
    ConnectionCls = _DeadlineConnection


class _DeadlineTlsPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineTlsConnection


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _DeadlinePool, "https": _DeadlineTlsPool}
"""urllib3's pools, with such connections. The deadline is the timeout of a request."""
