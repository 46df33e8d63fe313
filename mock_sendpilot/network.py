"""Sockets and modules that tests have not patched.

Suites that mock other APIs patch the whole process: responses `HTTPAdapter.send`, pook `urlopen`,
vcrpy the connection classes, httpretty `socket.socket`. A webhook on its way to a receiver is no
call of the app under test, so it must be neither swallowed nor recorded, even if requests is
imported while such a patch is active.
"""

import _socket
import functools
import importlib.util
import ipaddress
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

VENDOR_HOST = "api.sendpilot.ai"
_COOPERATIVE = frozenset({"gevent", "eventlet"})
SocketOption = tuple[int, int, int | bytes]


def _own_socket_class() -> type[socket.socket]:
    """Return the class that the standard library defines, or that of gevent or eventlet.

    Under those two, every blocking call has to be theirs.
    """
    if socket.socket.__module__.partition(".")[0] in _COOPERATIVE:
        return socket.socket
    subclasses = _socket.socket.__subclasses__()
    own = next((one for one in subclasses if one.__module__ == "socket"), socket.socket)
    return cast("type[socket.socket]", own)


if TYPE_CHECKING:
    Socket = socket.socket
else:
    Socket = _own_socket_class()


@functools.cache
def own_copy(name: str) -> ModuleType:
    """Return a second copy of a module, loaded from its source, which no test patches."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def defined_in(module: str, patched: type) -> type:
    """Return the class that a module defines itself, of which a patch may be derived."""
    return next((one for one in patched.__mro__ if one.__module__ == module), patched)


class _ListeningSocket(Socket):
    """A listening socket whose connections no test patches."""

    def accept(self) -> tuple[socket.socket, object]:
        """Accept a connection, without the `socket.socket` of the standard library's `accept`."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]
        return Socket(self.family, self.type, self.proto, fileno=descriptor), address


def listening_socket(address: tuple[Any, ...], *, family: int, backlog: int) -> socket.socket:
    """Listen on an address like `socket.create_server`; on `::` also for IPv4 clients.

    Raises:
        OSError: the address is taken, or not an address of this machine.
    """
    listening = _ListeningSocket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows it would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with suppress(OSError):  # a system without IPv4 refuses 0
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        listening.bind(address)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def connected(
    host: str,
    port: int,
    *,
    timeout_seconds: float | None,
    options: Sequence[SocketOption] = (),
    socket_class: type[socket.socket] = Socket,
) -> socket.socket:
    """Connect to the first address of a host that accepts.

    Connections to this machine ignore the patches of tests. All others use `socket.socket` as it is
    now: a test that closes the network to the outside closes it to webhooks, too.

    Args:
        host: a name or an address.
        port: the port of the host.
        timeout_seconds: the timeout for each address.
        options: socket options, set before the connection is made.
        socket_class: the class of a socket that ignores patches.

    Raises:
        OSError: no address accepted; the error of the last one. A patched `socket.socket` may raise
            any other error.
    """
    # Names below localhost are this machine's (RFC 6761). They are no address to listen on safely,
    # though: a resolver of the network may give them to another machine.
    is_here = is_loopback(host) or host.endswith(".localhost")
    getaddrinfo = _socket.getaddrinfo if is_here else socket.getaddrinfo
    failure: Exception = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        ignores_patches = is_loopback(str(address[0])) or socket.socket is Socket
        connection = (socket_class if ignores_patches else socket.socket)(family, kind, protocol)
        try:
            for option in options:
                connection.setsockopt(*option)
            connection.settimeout(timeout_seconds)
            connection.connect(address)
        except Exception as error:  # raised below, unless another address accepts
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host: a loopback address or `localhost`.

    It decides what is open to other machines, so no other name counts, not even `app.localhost`.
    """
    with suppress(ValueError):
        address = ipaddress.ip_address(host.strip("[]"))
        # Clients over IPv4 of a socket for both: ::ffff:127.0.0.1, no loopback before Python 3.13.
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    return host == "localhost"
