"""A client's connection to a server of this process, which needs no network for most requests."""

import _socket
import io
import socket
from typing import TYPE_CHECKING, Any

from mock_sendpilot.network import Socket, connected

if TYPE_CHECKING:
    from mock_sendpilot.http_server.direct import DirectCall
    from mock_sendpilot.server import EmulatorServer

_PLACEHOLDER = (socket.AF_INET, socket.SOCK_DGRAM)


class DirectFile(io.BufferedReader):
    """The file of a direct connection, from which a response with a body is read."""


class DirectSocket(Socket):
    """A socket that answers requests in the thread that sends them.

    A client cannot tell it from a connection: requests go in as bytes, and responses come out as
    bytes. A request that may be slow, hang or break goes over a real connection, made for it.

    Args:
        server: the server.
        port: stands for the port of the client.
        timeout_seconds: the timeout of a real connection, and its operations; None for none.
    """

    def __init__(
        self, server: "EmulatorServer", *, port: int, timeout_seconds: float | None
    ) -> None:
        # Clients with a pool of connections look whether one has something to read, which tells
        # them that it has ended. This one never has.
        super().__init__(*_PLACEHOLDER, fileno=_socket.socket(*_PLACEHOLDER).detach())
        super().settimeout(timeout_seconds)
        self._server = server
        self._port = port
        self._call: DirectCall | None = None
        self._sent = b""  # of the current request
        self._is_complete = True  # so the next bytes that are sent begin a request
        self._responses = b""  # what is not received yet
        self._is_closed_by_server = False
        self._real: socket.socket | None = None
        self._is_real = False  # if the current request goes over the real connection
        self._expects_continue = False  # and if its client reads before it has sent all

    # --- sending ----------------------------------------------------------------------------------

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send a part of a request, or all of it."""
        if self._is_complete:
            self._begin_request()
        if self._is_real:
            self._real_connection().sendall(data, flags)
        else:
            self._take(bytes(data))

    def send(self, data: Any, flags: int = 0) -> int:
        """Send a part of a request, and return its length."""
        self.sendall(data, flags)
        return len(data)

    def _begin_request(self) -> None:
        if self._real is not None:  # a fault may have broken it, or the server closed it
            self._real.close()
            self._real = None
        self._is_complete = self._is_real = False
        self._sent = b""
        is_direct = self._server.takes_direct_calls  # else a real connection says why not
        self._call = self._server.direct_call(self._port) if is_direct else None

    def _take(self, data: bytes) -> None:
        self._sent += data
        call = self._call
        if call is None:
            self._go_real()
            return
        request = call.request
        while data and not request.completed:
            data = data[request.received(data) :]
        is_known = request.headers_finished or request.completed
        if is_known and (request.rest or self._server.needs_connection(request)):
            self._go_real()
        elif request.completed:
            self._is_complete = True
            self._responses += call.respond()
            self._is_closed_by_server = call.closes

    def _go_real(self) -> None:
        if self._call is not None:
            self._expects_continue = "EXPECT" in self._call.request.headers
            self._call.request.close()
        self._is_real = True
        self._real_connection().sendall(self._sent)

    def _real_connection(self) -> socket.socket:
        if self._real is None:
            host, port = self.getpeername()
            self._real = connected(host, port, timeout_seconds=self.gettimeout())
            self._real.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._real.settimeout(self.gettimeout())
        return self._real

    # --- receiving --------------------------------------------------------------------------------

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive a part of the response."""
        data = self.recv(nbytes or len(buffer), flags)
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Return a part of the response; nothing at the end of the connection."""
        if self._responses or self._is_closed_by_server:
            data, self._responses = self._responses[:bufsize], self._responses[bufsize:]
            return data
        if self._is_real:
            self._is_complete = not self._expects_continue
            return self._real_connection().recv(bufsize, flags)
        # Nothing will ever come; a client that reads on waits until its timeout.
        return super().recv(bufsize, flags)

    def makefile(self, *arguments: Any, **options: Any) -> Any:
        """Return a file of the connection."""
        command = "" if self._call is None else self._call.request.command
        # A response to HEAD has no body, whatever its head says.
        if arguments == ("rb",) and not options and command not in {"", "HEAD"}:
            return DirectFile(super().makefile("rb", 0))
        return super().makefile(*arguments, **options)

    # --- the rest of a connection -----------------------------------------------------------------

    def getpeername(self) -> tuple[str, int]:
        """Return the address of the server."""
        return "127.0.0.1", self._server.port

    def getsockname(self) -> tuple[str, int]:
        """Return the address of the client, as the server sees it."""
        return "127.0.0.1", self._port

    def settimeout(self, value: float | None) -> None:
        """Set the timeout of what comes next."""
        super().settimeout(value)
        if self._real is not None:
            self._real.settimeout(value)

    def setsockopt(self, *arguments: Any) -> None:
        """Set an option of the real connection, if there is one."""
        if self._real is not None:
            self._real.setsockopt(*arguments)

    def shutdown(self, how: int) -> None:
        """Shut the real connection down, if there is one."""
        if self._real is not None:
            self._real.shutdown(how)

    def close(self) -> None:
        """Close it, and the real connection, once the response to a closed one has been read."""
        super().close()
        if self._real is not None and self.fileno() < 0:
            self._real.close()
