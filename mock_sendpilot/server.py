"""The server of an emulator, which listens on a port."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from mock_sendpilot.api.operation import operation_ids
from mock_sendpilot.control.body_limits import LARGE_BODY_ROUTES, MAX_SEED_BYTES
from mock_sendpilot.control.exposure import exposure_problems
from mock_sendpilot.control.hosts import Hosts
from mock_sendpilot.errors import NotAllowed
from mock_sendpilot.first_app import create_first_app
from mock_sendpilot.http_server.connections import ConnectionLimits
from mock_sendpilot.http_server.direct import DirectCall
from mock_sendpilot.http_server.parsing import MAX_BODY_BYTES, Parser
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.lazy_app import LazyApp, Stage
from mock_sendpilot.network import is_loopback
from mock_sendpilot.paths import (
    CONTROL_PREFIX,
    DASHBOARD,
    VENDOR_PREFIX,
    is_leads_or_health_path,
    is_vendor_path,
)
from mock_sendpilot.traffic.injection import FAULT_HEADER

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask
    from typing_extensions import Self

    from mock_sendpilot.control.guard import Guard
    from mock_sendpilot.emulator import Emulator

_VENDOR_ALONE, _COMPLETE = -2, -1
"""The places of the apps of Flask among the stages."""
DEFAULT_HOST = "127.0.0.1"
_FAULT_KEY = FAULT_HEADER.upper().replace("-", "_")  # waitress's form of a header's name
_LARGE_BODY_PATHS = frozenset(f"{CONTROL_PREFIX}{route}" for route in LARGE_BODY_ROUTES)
_MAX_QUICK_BODY_BYTES = 64_000  # to parse a body of 1 MB takes so long that others would wait


class EmulatorServer(AbstractContextManager["EmulatorServer"]):
    """Serve an emulator on a port, from `start` to `stop` or as a context manager.

    The emulator is not closed with it.

    Args:
        emulator: the emulator. It may change while the server runs, but a key that everybody knows
            cannot be added while the address is open to others.
        host: the address to listen on. Containers reach `0.0.0.0`, not the default;
            docs/how-to/pytest.md says what has to be protected then.
        port: the port; 0 takes a free one.
        allowed_hosts: names of the server next to addresses and `localhost`; on a loopback address
            `api.sendpilot.ai` is allowed, too.
        cors_origins: origins whose pages may call the vendor's API.
        control_token: the token that the control API requires.
        has_control: serve the control API.
        has_dashboard: serve the dashboard, if the control API is served.

    Raises:
        NotAllowed: the address is open to others, and so is a key or the control API.
        OSError: the port is taken, or the address is not an address of this machine.
    """

    def __init__(
        self,
        emulator: "Emulator",
        *,
        host: str = DEFAULT_HOST,
        port: int = 0,
        allowed_hosts: Sequence[str] = (),
        cors_origins: Sequence[str] = (),
        control_token: str | None = None,
        has_control: bool = True,
        has_dashboard: bool = True,
    ) -> None:
        self._control_token = control_token
        self._has_control = has_control
        self.emulator = emulator
        self._hosts = Hosts(allowed_hosts, allows_vendor_host=is_loopback(host))
        self._has_dashboard = has_control and has_dashboard
        self._cors_origins = cors_origins
        stages = [
            Stage(is_leads_or_health_path, self._make_first_app),
            Stage(is_vendor_path, self._make_vendor_app),
            Stage(lambda _: True, self._make_complete_app),
        ]
        # Pages of other origins get headers with each response, which an extension of Flask makes.
        self._app = LazyApp(stages[1:] if cors_origins else stages)
        self._host = host
        # A rule, and not one check now: keys may be added as long as the server runs.
        if not is_loopback(host):
            emulator.keys.add_rule(self._check_keys)
        try:
            self._http = HttpServer(
                self._app,
                host=host,
                port=port,
                speaks_for_vendor=True,
                never_waits=_never_waits,
                background=emulator.workers,
                limits=ConnectionLimits(max_body_bytes=_max_body_bytes),
            )
        except Exception:
            emulator.keys.remove_rule(self._check_keys)
            raise

    @property
    def app(self) -> "Flask":
        """The Flask app that it serves."""
        return cast("Flask", self._app.at(_COMPLETE))

    @property
    def operations(self) -> list[str]:
        """The ids of the vendor's operations."""
        return operation_ids(cast("Flask", self._app.at(_VENDOR_ALONE)))

    @property
    def host(self) -> str:
        """The address that it listens on, which may be a wildcard."""
        return self._host

    @property
    def needs_control_token(self) -> bool:
        """True if the control API requires a token."""
        return self._has_control and self._control_token is not None

    @property
    def origin(self) -> str:
        """The origin, such as `http://127.0.0.1:7363`."""
        return self._http.origin

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._http.port

    @property
    def base_url(self) -> str:
        """The URL to use in place of `https://api.sendpilot.ai/v1`."""
        return self.origin + VENDOR_PREFIX

    @property
    def control_url(self) -> str | None:
        """The URL of the control API; None without one."""
        return self.origin + CONTROL_PREFIX if self._has_control else None

    @property
    def dashboard_url(self) -> str | None:
        """The URL of the dashboard; None without one."""
        return f"{self.origin}{DASHBOARD}/" if self._has_dashboard else None

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start to serve; every request from now on gets a response.

        Raises:
            RuntimeError: it was started or stopped before.
        """
        self._http.start()

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Accept no more requests, and wait for those that are running until the timeout."""
        self._http.stop(timeout_seconds=timeout_seconds)
        self.emulator.keys.remove_rule(self._check_keys)

    def allow_hosts(self, names: Iterable[str]) -> None:
        """Allow further names of the server, which clients send as Host."""
        self._hosts.allow(names)

    @property
    def takes_direct_calls(self) -> bool:
        """True if it runs, and in this process: requests need no connection then."""
        return self._http.takes_direct_calls

    def direct_call(self, client_port: int) -> DirectCall:
        """Return a request to be made in this thread, without a connection."""
        return self._http.direct_call(client_port)

    def needs_connection(self, request: Parser) -> bool:
        """Return whether a request, whose headers have been read, has to come over a connection.

        That is so if it may wait for something, or if a fault may hit it: only a connection can be
        slow, hang or break.
        """
        if request.error or "EXPECT" in request.headers or not _never_waits(request):
            return True
        access = self.emulator.keys.find(request.headers.get("X_API_KEY"))
        return _FAULT_KEY in request.headers or (access is not None and access.faults.is_armed)

    def _make_first_app(self) -> "WSGIApplication":
        return create_first_app(
            self.emulator, hosts=self._hosts, make_flask_app=self._make_leads_app
        )

    def _make_leads_app(self) -> "Flask":
        from mock_sendpilot.vendor_app import create_leads_app

        return create_leads_app(self.emulator, guard=self._make_guard())

    def _make_vendor_app(self) -> "Flask":
        from mock_sendpilot.vendor_app import create_vendor_app

        return create_vendor_app(
            self.emulator, guard=self._make_guard(), cors_origins=self._cors_origins
        )

    def _make_complete_app(self) -> "Flask":
        from mock_sendpilot.app import create_app

        return create_app(
            self.emulator,
            guard=self._make_guard(),
            cors_origins=self._cors_origins,
            has_control=self._has_control,
            has_dashboard=self._has_dashboard,
        )

    def _make_guard(self) -> "Guard":
        from mock_sendpilot.control.guard import Guard

        return Guard(hosts=self._hosts, control_token=self._control_token)

    def _check_keys(self, api_keys: Iterable[str]) -> None:
        """Refuse API keys that must not be open to others.

        Raises:
            NotAllowed: names the key, or the control API.
        """
        problems = exposure_problems(
            self._host,
            api_keys=api_keys,
            has_control=self._has_control,
            control_token=self._control_token,
        )
        if problems:
            raise NotAllowed("; ".join(problems))


def _max_body_bytes(path: str) -> int:
    return MAX_SEED_BYTES if path in _LARGE_BODY_PATHS else MAX_BODY_BYTES


def _never_waits(request: Parser) -> bool:
    """Return whether a request is one for the vendor's API, with a body that is soon read.

    The control API has calls that wait for something to happen, and calls that do much.
    """
    is_for_vendor: bool = request.path.startswith(VENDOR_PREFIX)
    return is_for_vendor and request.body_bytes_received <= _MAX_QUICK_BODY_BYTES
