"""Requests for `https://api.sendpilot.ai` that go to an emulator, or nowhere.

The whole process is affected, since an app may send from any thread and any event loop.
"""

import inspect
import itertools
import os
import re
import secrets
import socket
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.network import VENDOR_HOST
from mock_sendpilot.testing.direct_socket import DirectSocket
from mock_sendpilot.testing.http_clients import (
    Address,
    LateClients,
    Method,
    Patches,
    patch_clients,
    patch_late,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.testing.sandbox import Sandbox

_HOST_NAME = re.compile(r"(?!\d+(\.\d+)*$)[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_TEST_VARIABLE = "PYTEST_CURRENT_TEST"
_UNKNOWN_KEY = (
    "no workspace has this key; give the app sendpilot.api_key, or name the key that the app has, "
    "as api_key= of the marker sendpilot or of intercept()"
)
_PACKAGE = str(Path(__file__).parents[1])


class LeakedRequest(AssertionError):
    """A request was about to leave for the real host; the message names the test and the line."""


class LeakGuard(AbstractContextManager["LeakGuard"]):
    """Hosts to which nothing may be sent, from `__enter__` to `__exit__`.

    Args:
        hosts: their names.

    Attributes:
        test: the test that has made it; empty outside pytest.
        is_made_in_body: True if that test did so itself, not its fixtures.
        thread: the thread that has made it.
    """

    remedy = "give the app sendpilot.base_url, or use the fixture sendpilot_intercepted"

    def __init__(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts
        self.test = _current_test()
        self.is_made_in_body = os.environ.get(_TEST_VARIABLE, "").endswith(" (call)")
        self.thread = threading.current_thread()
        self._leaks: list[str] = []

    def __enter__(self) -> "Self":
        _ROUTES.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.end()
        if kind is None:
            self.raise_leaks()

    def end(self) -> None:
        """Stop guarding; a second time does nothing."""
        _ROUTES.remove(self)

    def refuse(self, host: str) -> NoReturn:
        """Refuse a request, and keep it in mind for `raise_leaks`.

        Raises:
            LeakedRequest: always.
        """
        __tracebackhide__ = True
        places = [f" at {_calling_line()}", f" in {_current_test()}"]
        place = "".join(one for one in places if not one.endswith(" "))
        message = f"leaked to the real host: {host}{place}; {self.remedy}"
        self._leaks.append(message)
        raise LeakedRequest(message)

    def take_leaks(self) -> list[str]:
        """Return what was refused, and forget it."""
        leaks, self._leaks = self._leaks, []
        return list(dict.fromkeys(leaks))

    def raise_leaks(self) -> None:
        """Report what was refused, also if the app has swallowed the exceptions.

        Raises:
            LeakedRequest: something was refused.
        """
        __tracebackhide__ = True
        if leaks := self.take_leaks():
            raise LeakedRequest("\n".join(leaks))


class _Route(LeakGuard):
    """Hosts whose requests go to a server. Clients that are not patched are refused."""

    remedy = (
        "this client is not intercepted (requests, httpx, httpx2, aiohttp, urllib3 and "
        "urllib.request are): give it sendpilot.base_url"
    )

    def __init__(self, hosts: frozenset[str], origin: str, server: "EmulatorServer | None") -> None:
        super().__init__(hosts)
        parts = urlsplit(origin)
        self.address: Address = (str(parts.hostname), parts.port or 80)
        self._server = server
        self._client_ports = itertools.cycle(range(1, 65536))
        self.connections: WeakKeyDictionary[Any, socket.socket] = WeakKeyDictionary()

    def connect(self, timeout_seconds: float | None) -> socket.socket:
        """Connect to the server, without the network for requests that need none.

        Raises:
            OSError: it has stopped.
        """
        if self._server is not None and self._server.takes_direct_calls:
            port = next(self._client_ports)
            return DirectSocket(self._server, port=port, timeout_seconds=timeout_seconds)
        return socket.create_connection(self.address, timeout_seconds)

    def end(self) -> None:
        """Stop, and close the connections that http.client keeps for later requests."""
        super().end()
        for connection, opened in list(self.connections.items()):
            if connection.sock is opened:
                connection.close()


class _Routes:
    """The guards and routes of the process, the latest last; without one nothing is patched."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._guards: tuple[LeakGuard, ...] = ()
        self._patches = Patches()
        self._finder = LateClients(self._patch_late)

    def add(self, guard: LeakGuard) -> None:
        """Begin to guard or to redirect.

        Raises:
            RuntimeError: another thread redirects the same hosts to another server.
        """
        with self._lock:
            if isinstance(guard, _Route):
                self._refuse_second_server(guard)
            if not self._guards:
                self._patches.replace(socket, "getaddrinfo", self._guarded)
                patch_clients(self._patches, self)
                sys.meta_path.insert(0, self._finder)
            self._guards = (*self._guards, guard)

    def remove(self, guard: LeakGuard) -> None:
        """End it; the last one puts everything back."""
        with self._lock:
            if guard not in self._guards:
                return
            self._guards = tuple(one for one in self._guards if one is not guard)
            if not self._guards:
                sys.meta_path.remove(self._finder)
                self._patches.undo()

    def all(self) -> tuple[LeakGuard, ...]:
        """Return those that are active."""
        return self._guards

    def refuses(self, host: str | bytes | None) -> bool:
        """Return whether requests for a host are refused."""
        guard = self._latest(host)
        return guard is not None and not isinstance(guard, _Route)

    def find(self, host: str | bytes | None) -> _Route | None:
        """Return the route of a request for a host; None if the host is left alone.

        Raises:
            LeakedRequest: requests for the host are refused.
        """
        __tracebackhide__ = True
        guard = self._latest(host)
        if guard is not None and not isinstance(guard, _Route):
            guard.refuse(_normal(host))
        return guard

    def _latest(self, host: str | bytes | None) -> LeakGuard | None:
        """Return the latest route of a host, else its latest guard."""
        name = _normal(host)
        guards = [one for one in reversed(self._guards) if name in one.hosts]
        routes = (one for one in guards if isinstance(one, _Route))
        return next(routes, guards[0] if guards else None)

    def _guarded(self, getaddrinfo: Method) -> Method:
        def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            guard = self._latest(host)
            if guard is not None:
                guard.refuse(_normal(host))
            return getaddrinfo(host, *arguments, **options)

        return guarded

    def _refuse_second_server(self, route: _Route) -> None:
        for other in self._guards:
            if (
                isinstance(other, _Route)
                and other.address != route.address
                and other.hosts & route.hosts
                and other.thread is not route.thread
                and other.thread.is_alive()
            ):
                raise RuntimeError(
                    f"the thread {other.thread.name!r} intercepts {VENDOR_HOST} for another "
                    "server, and an interception holds for the whole process: use sandboxes of "
                    "one server, such as those of sendpilot_factory, or end the other one first"
                )

    def _patch_late(self, name: str, module: ModuleType) -> None:
        with self._lock:
            if self._guards:
                patch_late(name, module, self._patches, self)


_ROUTES = _Routes()


class _Interception(AbstractContextManager["Sandbox"]):
    def __init__(
        self, sandbox: "Sandbox | None", api_key: str | None, hosts: frozenset[str]
    ) -> None:
        self._sandbox = sandbox
        self._api_key = api_key
        self._hosts = hosts
        self._stack: ExitStack | None = None

    def __enter__(self) -> "Sandbox":
        if self._stack is not None:
            raise RuntimeError("this interception is active already; call intercept() again")
        with ExitStack() as stack:
            sandbox = self._sandbox or stack.enter_context(_own_sandbox())
            if self._api_key is not None:
                stack.enter_context(_further_key(sandbox, self._api_key))
            server = sandbox.host.route_vendor_hosts(self._hosts, unknown_key_hint=_UNKNOWN_KEY)
            stack.enter_context(_Route(self._hosts, sandbox.origin, server))
            self._stack = stack.pop_all()
        return sandbox

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        if self._stack is not None:
            stack, self._stack = self._stack, None
            stack.__exit__(kind, error, traceback)


def intercept(
    sandbox: "Sandbox | None" = None, *, api_key: str | None = None, hosts: Iterable[str] = ()
) -> AbstractContextManager["Sandbox"]:
    """Send what this process sends to `https://api.sendpilot.ai` to an emulator.

    Requests of requests, httpx, httpx2, aiohttp, urllib3 and urllib.request go there without TLS
    and past any proxy; clients may have been made before. A request that a fault may hit goes over
    a real socket; most others need none, which the client cannot tell. All other clients are
    refused the vendor's address. In a nested interception the inner one gets the requests.

    Args:
        sandbox: the workspace; by default one of an emulator of its own, which ends with it.
        api_key: the key that the app has; it opens the sandbox as the sandbox's own key does.
        hosts: further host names that are the vendor's for the app.

    Returns:
        A context manager with the sandbox. At its end it raises `LeakedRequest` if something was
        refused and the app has swallowed that.

    Raises:
        InvalidInput: one of `hosts` is no host name; when entered, if another workspace of the
            server has the API key.
        RuntimeError: when entered, if another thread intercepts for another server.
    """
    return _Interception(sandbox, api_key, checked_hosts(hosts))


def route_to(server: "EmulatorServer", hosts: frozenset[str]) -> LeakGuard:
    """Return a context in which requests of this process for these hosts go to a server.

    They go over the network, which a server can be stopped on while it answers one.
    """
    server.allow_hosts(hosts)
    return _Route(hosts, server.origin, None)


def no_leaks(*, hosts: Iterable[str] = ()) -> LeakGuard:
    """Refuse what this process sends to `https://api.sendpilot.ai`, unless it is intercepted.

    Args:
        hosts: further host names that are the vendor's for the app.

    Returns:
        A context manager. At its end it raises `LeakedRequest` if something was refused and the app
        has swallowed that.

    Raises:
        InvalidInput: one of `hosts` is no host name.
    """
    return LeakGuard(checked_hosts(hosts))


def checked_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """Return the vendor's host and others, in lower case.

    Raises:
        InvalidInput: one is no name of a host, or that of this machine.
    """
    names = {VENDOR_HOST}
    for host in (hosts,) if isinstance(hosts, str) else hosts:
        name = _normal(host) if isinstance(host, str) else ""
        if not _HOST_NAME.fullmatch(name) or name.rpartition(".")[2] == "localhost":
            raise InvalidInput(
                "hosts: expected names without scheme and port, and not of this machine, such as "
                f"'api.eu.sendpilot.ai', got {host!r}"
            )
        names.add(name)
    return frozenset(names)


def raise_leaks() -> None:
    """Report what was refused, also if the app has swallowed the exceptions.

    Raises:
        LeakedRequest: something was refused.
    """
    __tracebackhide__ = True
    for guard in _ROUTES.all():
        guard.raise_leaks()


def end_forgotten(test: str) -> None:
    """End what the body of a test has begun, after its fixtures have ended.

    Raises:
        RuntimeError: there was something.
    """
    __tracebackhide__ = True
    forgotten = [one for one in _ROUTES.all() if one.is_made_in_body and one.test == test]
    for guard in forgotten:
        guard.end()
    if forgotten:
        raise RuntimeError(
            f"{test} has begun an interception and not ended it, so it was ended: write "
            "with mock_sendpilot.intercept():"
        )


def take_leaks() -> list[str]:
    """Return what was refused and not reported, and forget it."""
    return [leak for guard in _ROUTES.all() for leak in guard.take_leaks()]


@contextmanager
def _own_sandbox() -> Iterator["Sandbox"]:
    from mock_sendpilot.testing.emulator_url import own_host
    from mock_sendpilot.testing.sandbox import Sandbox
    from mock_sendpilot.testing.sandbox_options import sandbox_options

    random_seed = secrets.token_hex(16)
    with (
        own_host(None, random_seed=random_seed) as host,
        Sandbox(host, sandbox_options()) as sandbox,
    ):
        yield sandbox


@contextmanager
def _further_key(sandbox: "Sandbox", api_key: str) -> Iterator[None]:
    from mock_sendpilot.api.fields import SecretText
    from mock_sendpilot.control.seed_loading import load_value

    key: str = load_value(SecretText(required=True), api_key, "api_key")
    is_added = sandbox.backend.add_api_key(key)
    try:
        yield
    finally:
        if is_added:
            sandbox.backend.remove_api_key(key)


def _normal(host: str | bytes | None) -> str:
    """Return a host in lower case, as it is sent."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    name = (host or "").lower().rstrip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return name
    return name


def _current_test() -> str:
    """Return the id of the test that pytest runs now, with its phase cut off."""
    return os.environ.get(_TEST_VARIABLE, "").rpartition(" (")[0]


def _calling_line() -> str:
    """Return the line of the app, or of the test, that has made the request."""
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib")}
    outside = (*libraries, _PACKAGE, "<")
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(outside):
        frame = frame.f_back
    if frame is None:  # the thread of a resolver
        return ""
    path = Path(frame.f_code.co_filename)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path}:{frame.f_lineno}"
