"""The machine's own sockets and libraries, whatever a test has put in their place.

Suites that mock other APIs patch the whole process: responses `HTTPAdapter.send`, pook `urlopen`,
vcrpy the connection classes, httpretty `socket.socket`. A webhook on its way to a receiver is no
call of the app under test: it must be neither swallowed nor recorded, also where requests is
imported for the first time while such a patch is active.
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

_COOPERATIVE = frozenset({"gevent", "eventlet"})
SocketOption = tuple[int, int, int | bytes]


def _own_socket_class() -> type[socket.socket]:
    """Return the class that the standard library defines.

    Under gevent and eventlet all blocking calls have to be theirs, so their class stays.
    """
    if socket.socket.__module__.partition(".")[0] in _COOPERATIVE:
        return socket.socket
    derived = _socket.socket.__subclasses__()
    found = next((one for one in derived if one.__module__ == "socket"), socket.socket)
    return cast("type[socket.socket]", found)


if TYPE_CHECKING:
    Socket = socket.socket
else:
    Socket = _own_socket_class()


@functools.cache
def own_copy(name: str) -> ModuleType:
    """Return a module loaded once more from its source, which nobody else can patch."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def defined_in(module: str, found: type) -> type:
    """Return the class that a module itself defines, where `found` was derived from it."""
    return next((one for one in found.__mro__ if one.__module__ == module), found)


class _ListeningSocket(Socket):
    """A listening socket whose connections are the machine's own."""

    def accept(self) -> tuple[socket.socket, object]:
        """Accept a connection; the standard library would make it with `socket.socket`."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]
        return Socket(self.family, self.type, self.proto, fileno=descriptor), address


def listening_socket(address: tuple[Any, ...], *, family: int, backlog: int) -> socket.socket:
    """Listen on an address, as `socket.create_server` does; on `::` for IPv4 callers as well.

    Raises:
        OSError: the address is taken, or not of this machine.
    """
    made = _ListeningSocket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with suppress(OSError):  # a system without IPv4 takes no 0
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        made.bind(address)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def connected(
    host: str,
    port: int,
    *,
    timeout_seconds: float | None,
    options: Sequence[SocketOption] = (),
    socket_class: type[socket.socket] = Socket,
) -> socket.socket:
    """Connect to the first address of a host that accepts.

    To this machine itself with its own sockets. Elsewhere with what `socket.socket` is now: a test
    that closes the network to the outside closes it to webhooks, too.

    Args:
        host: a name or an address.
        port: the port there.
        timeout_seconds: how long each address may take.
        options: set before the connection is made.
        socket_class: the class of the socket, where it is the machine's own.

    Raises:
        OSError: no address accepted; that of the last one. What a test has put in place of
            `socket.socket` may raise anything else.
    """
    find = _socket.getaddrinfo if is_loopback(host) else socket.getaddrinfo
    failure: Exception = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in find(host, port, 0, socket.SOCK_STREAM):
        is_own = is_loopback(str(address[0])) or socket.socket is Socket
        made = (socket_class if is_own else socket.socket)(family, kind, protocol)
        try:
            for option in options:
                made.setsockopt(*option)
            made.settimeout(timeout_seconds)
            made.connect(address)
        except Exception as error:  # raised below, unless another address accepts
            made.close()
            failure = error
        else:
            return made
    raise failure


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself, by an address or by the name localhost."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    return host == "localhost" or host.endswith(".localhost")
