"""HTTP clients whose requests for some hosts are sent to another server.

A client is patched where it opens connections, below what its users see: the URL, the Host header,
timeouts, retries and pools stay its own. That is also below what responses, respx or vcrpy replace.
"""

import copy
import http.client
import importlib.abc
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import urlsplit

from mock_sendpilot.network import defined_in
from mock_sendpilot.plain_heads import read_plain_head
from mock_sendpilot.testing.direct_socket import DirectFile

Address = tuple[str, int]
Method = Callable[..., Any]


class Route(Protocol):
    """A server that gets the requests for some hosts."""

    @property
    def address(self) -> Address:
        """The address of the server."""

    def connect(self, timeout_seconds: float | None) -> socket.socket:
        """Connect to the server.

        Raises:
            OSError: it has stopped.
        """

    @property
    def connections(self) -> MutableMapping[Any, socket.socket]:
        """The connections of http.client that were opened to it, with their sockets."""


class Routes(Protocol):
    """The routes of the process."""

    def refuses(self, host: str | bytes | None) -> bool:
        """Return whether requests for a host are refused."""

    def find(self, host: str | bytes | None) -> Route | None:
        """Return the route of a request for a host; None if the host is left alone.

        Raises:
            LeakedRequest: requests for the host are refused.
        """


class Patches:
    """Attributes that are replaced, and put back where nobody else has replaced them since."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Method], Method]) -> None:
        """Replace a function by one that is made from it."""
        original = vars(owner)[name]
        replacement = make(original)
        setattr(owner, name, replacement)
        self._replaced.append((owner, name, original, replacement))

    def undo(self) -> None:
        """Put everything back. What stays in somebody else's hands does nothing without a route."""
        while self._replaced:
            owner, name, original, replacement = self._replaced.pop()
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)


def patch_clients(patches: Patches, routes: Routes) -> None:
    """Patch the clients that are imported, and the others when they are."""
    for name, patch in _CLIENTS.items():
        if name in sys.modules:
            patch(sys.modules[name], patches, routes)


class LateClients(importlib.abc.MetaPathFinder):
    """A finder of modules that patches clients when they are imported."""

    def __init__(self, patch: Callable[[str, ModuleType], None]) -> None:
        self._patch = patch

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a client as the other finders do; leave every other module to them."""
        if name not in _CLIENTS:
            return None
        others = (finder for finder in list(sys.meta_path) if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((one for one in found if one is not None), None)
        if spec is not None and spec.loader is not None:
            self._patch_after(spec.loader, name)
        return spec

    def _patch_after(self, loader: Any, name: str) -> None:
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            if sys.modules.get(name) is module:  # else a copy for somebody's own use
                self._patch(name, module)

        loader.exec_module = exec_module


def patch_late(name: str, module: ModuleType, patches: Patches, routes: Routes) -> None:
    """Patch a client that was imported just now."""
    _CLIENTS[name](module, patches, routes)


# --- http.client, and what is built on it -------------------------------------------------------


def _patch_http_client(module: ModuleType, patches: Patches, routes: Routes) -> None:
    """Patch the classes of http.client: those of urllib.request, and the base of urllib3's.

    A request opens a new connection unless its route has opened the one there is. So a connection
    from before is not used, and subclasses that connect in their own way are covered.
    """

    def make_putrequest(original: Method) -> Method:
        def putrequest(
            connection: Any, method: str, url: str, *arguments: Any, **options: Any
        ) -> Any:
            # A proxy gets the whole URL of a request that needs no TLS.
            host = urlsplit(url).hostname if url.startswith("http://") else None
            route = routes.find(host or _target_host(connection))
            if route is not None:
                if route.connections.get(connection) is not connection.sock:
                    connection.close()
                if connection.sock is None:
                    _open(connection, route)
            return original(connection, method, url, *arguments, **options)

        return putrequest

    plain = _class_of(module, "HTTPConnection")
    patches.replace(plain, "putrequest", make_putrequest)
    _patch_connect(plain, patches, routes)
    _patch_connect(_class_of(module, "HTTPSConnection"), patches, routes)
    patches.replace(_class_of(module, "HTTPResponse"), "begin", _make_begin)


def _make_begin(original: Method) -> Method:
    """Make the method that reads the head of a response: quickly, if no network is in between."""

    def begin(response: Any) -> None:
        is_direct = isinstance(response.fp, DirectFile) and response.headers is None
        # With a debug level, http.client prints what it reads.
        if not is_direct or response.debuglevel or not read_plain_head(response):
            original(response)

    return begin


def _patch_urllib3(module: ModuleType, patches: Patches, routes: Routes) -> None:
    """Patch the classes of urllib3, and thus of requests, which connect before the request."""
    for name in ("HTTPConnection", "HTTPSConnection"):
        _patch_connect(_class_of(module, name), patches, routes)


def _patch_connect(owner: type, patches: Patches, routes: Routes) -> None:
    def make_connect(original: Method) -> Method:
        def connect(connection: Any) -> None:
            route = routes.find(_target_host(connection))
            if route is None:
                original(connection)
            else:
                _open(connection, route)

        return connect

    patches.replace(owner, "connect", make_connect)


def _target_host(connection: Any) -> str:
    """Return the host that a connection is for, also behind a proxy."""
    host: str = getattr(connection, "_tunnel_host", None) or connection.host
    return host


def _open(connection: Any, route: Route) -> None:
    seconds = connection.timeout
    if not (seconds is None or isinstance(seconds, int | float)):  # http.client's own default
        seconds = socket.getdefaulttimeout()
    opened = route.connect(seconds)
    connection.sock = route.connections[connection] = opened
    if hasattr(connection, "is_verified"):  # urllib3 warns of TLS that is not verified
        vars(connection).update(
            is_verified=True, _has_connected_to_proxy=connection.proxy is not None
        )


def _class_of(module: ModuleType, name: str) -> Any:
    """Return the class that a module defines, even if a test has put another in its place."""
    replaced = getattr(module, name)
    replaced = getattr(replaced, "_baseclass", replaced)  # vcrpy's are no subclasses
    return defined_in(module.__name__, replaced)


# --- httpcore, on which httpx is built, and its successors --------------------------------------


def _patch_httpcore(module: ModuleType, patches: Patches, routes: Routes) -> None:
    """Patch pools and connections, which are for our origin where the request has the other one.

    A pool finds a connection by its origin. So it uses neither one from before nor, later, ours.
    """

    def make_can_handle(original: Method) -> Method:
        def can_handle_request(connection: Any, origin: Any) -> Any:
            if routes.refuses(origin.host):
                return False  # so the pool makes a connection, which refuses
            route = routes.find(origin.host)
            return original(connection, _origin_at(route.address, origin) if route else origin)

        return can_handle_request

    for interface in (module.ConnectionInterface, module.AsyncConnectionInterface):
        for connection_class in _with_subclasses(interface):
            if "can_handle_request" in vars(connection_class):
                patches.replace(connection_class, "can_handle_request", make_can_handle)
    for pool_class in (module.ConnectionPool, module.AsyncConnectionPool):
        _patch_pools(pool_class, patches, routes)


def _patch_pools(pool_class: Any, patches: Patches, routes: Routes) -> None:
    create_directly = vars(pool_class)["create_connection"]

    def make_create(original: Method) -> Method:
        def create_connection(pool: Any, origin: Any) -> Any:
            direct = copy.copy(pool)  # neither through a proxy nor with HTTP/2
            vars(direct).update(
                _proxy=None, _uds=None, _local_address=None, _http1=True, _http2=False
            )
            if routes.refuses(origin.host):
                return _refusing(create_directly(direct, origin), origin, routes)
            route = routes.find(origin.host)
            if route is None:
                return original(pool, origin)
            _connect_with(direct, route)
            return create_directly(direct, _origin_at(route.address, origin))

        return create_connection

    for one in _with_subclasses(pool_class):
        if "create_connection" in vars(one):
            patches.replace(one, "create_connection", make_create)


def _connect_with(pool: Any, route: Route) -> None:
    """Let a pool connect as a route does, if it connects as it was made to."""
    backend: Any = vars(pool).get("_network_backend")
    name = type(backend).__module__.partition(".")[0]  # httpcore, or one of its successors
    own = sys.modules.get(f"{name}._backends.sync")
    if own is None or type(backend) is not own.SyncBackend:  # asynchronous, or the user's own
        return
    make_stream = own.SyncStream

    class Backend:
        def connect_tcp(self, *arguments: Any, timeout: float | None = None, **options: Any) -> Any:
            try:
                return make_stream(route.connect(timeout))
            except OSError:  # the backend raises an exception of its own
                return backend.connect_tcp(*arguments, timeout=timeout, **options)

    vars(pool)["_network_backend"] = Backend()


def _refusing(connection: Any, origin: Any, routes: Routes) -> Any:
    """Let a connection refuse its request. A pool that could not make it would lose others."""

    def refuse(request: Any) -> None:
        del request
        routes.find(origin.host)

    vars(connection).update(
        handle_request=refuse, handle_async_request=refuse, _connect_failed=True
    )
    return connection


def _origin_at(address: Address, origin: Any) -> Any:
    host, port = address
    return type(origin)(scheme=b"http", host=host.encode(), port=port)


def _with_subclasses(owner: type) -> Iterator[type]:
    yield owner
    subclasses: list[type] = owner.__subclasses__()
    for subclass in subclasses:
        yield from _with_subclasses(subclass)


# --- aiohttp ------------------------------------------------------------------------------------


def _patch_aiohttp(module: ModuleType, patches: Patches, routes: Routes) -> None:
    """Patch connectors: they connect for a copy of the request with another URL."""

    def make_connect(original: Method) -> Method:
        async def connect(connector: Any, request: Any, *arguments: Any, **options: Any) -> Any:
            is_tcp = isinstance(connector, module.TCPConnector)
            route = routes.find(request.url.raw_host) if is_tcp else None
            if route is not None:
                host, port = route.address
                request = copy.copy(request)
                request.url = request.url.with_scheme("http").with_host(host).with_port(port)
                request.proxy = None
            return await original(connector, request, *arguments, **options)

        return connect

    patches.replace(module.BaseConnector, "connect", make_connect)


_CLIENTS: Mapping[str, Callable[[ModuleType, Patches, Routes], None]] = {
    http.client.__name__: _patch_http_client,
    "urllib3.connection": _patch_urllib3,
    "httpcore": _patch_httpcore,
    "httpcore2": _patch_httpcore,
    "aiohttp.connector": _patch_aiohttp,
}
