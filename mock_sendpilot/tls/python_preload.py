"""Runs first in each Python below `mock-sendpilot exec`, under the name `sitecustomize`.

Clients that ignore proxies find the emulator at the vendor's host. The file stands alone: that
Python may be another one, without this package.
"""

from __future__ import annotations

import _socket
import os
import socket
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HOST, _, _target = os.environ.get("MOCK_SENDPILOT_REDIRECT", "").partition("=")
ADDRESS, _, _port = _target.partition(":")

PLACEHOLDER = "127.73.63.1"
"""An address for clients that keep the port of the URL; it is replaced when they connect."""


def redirect() -> None:
    """Let connections to the host go to the address, whatever their port."""
    getaddrinfo, gethostbyname = _socket.getaddrinfo, _socket.gethostbyname
    names = (HOST, HOST.encode())

    def find(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host not in names:
            return getaddrinfo(host, port, *args, **options)
        # The second is for gevent, which connects in its own way.
        found = getaddrinfo(PLACEHOLDER, int(_port), *args, **options)
        return found + getaddrinfo(ADDRESS, int(_port), *args, **options)

    def find_by_name(host: Any) -> Any:
        return PLACEHOLDER if host in names else gethostbyname(host)

    def redirected(connect: Callable[..., Any]) -> Callable[..., Any]:
        def connect_to(connection: socket.socket, address: Any) -> Any:
            if isinstance(address, tuple) and address[0] in (*names, PLACEHOLDER):
                address = (ADDRESS, int(_port))
            return connect(connection, address)

        return connect_to

    patches = (
        (_socket, "getaddrinfo", find),
        (_socket, "gethostbyname", find_by_name),
        (socket, "gethostbyname", find_by_name),
        (socket.socket, "connect", redirected(socket.socket.connect)),
        (socket.socket, "connect_ex", redirected(socket.socket.connect_ex)),
    )
    for place, name, function in patches:
        setattr(place, name, function)


def run_next() -> None:
    """Run the `sitecustomize` that this one hides, if there is any."""
    folder = __file__.rpartition(os.sep)[0]
    sys.path[:] = [path for path in sys.path if path != folder]
    spec = PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None and spec.origin != __file__:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    if _port:
        redirect()
    run_next()
