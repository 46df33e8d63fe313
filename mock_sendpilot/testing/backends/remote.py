"""Workspaces on an emulator that runs elsewhere, over its control API alone."""

import socket
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from mock_sendpilot.errors import InvalidInput, NotAllowed, NotFound, SendPilotError
from mock_sendpilot.network import is_loopback
from mock_sendpilot.paths import VENDOR_PREFIX
from mock_sendpilot.testing.backends.control_api import CONTROL_PREFIX, ControlApi
from mock_sendpilot.testing.backends.copies import initial_state
from mock_sendpilot.testing.backends.protocol import (
    EmulatorUnavailable,
    NotInThisProcess,
    WorkspaceView,
)
from mock_sendpilot.testing.backends.remote_workspace import RemoteBackend
from mock_sendpilot.version import __version__
from mock_sendpilot.world.seed import WorkspaceSeed

if TYPE_CHECKING:
    from flask import Flask

    from mock_sendpilot.server import EmulatorServer

_NAME = "mock_sendpilot"
TOKEN_VARIABLE = "MOCK_SENDPILOT_CONTROL_TOKEN"
_NOBODY = "none"


class ServerElsewhere:
    """A stand-in for the server of an emulator that is not in this process.

    Args:
        origin: the origin of the emulator.

    Attributes:
        origin: the same.
        base_url: the URL that replaces `https://api.sendpilot.ai/v1`.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.base_url = f"{origin}{VENDOR_PREFIX}"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # asked for by those who look at any object
            raise AttributeError(name)
        raise NotInThisProcess(
            f"sendpilot_server.{name}", self.origin, instead="use its origin or base_url"
        )


class RemoteHost:
    """An emulator at a URL.

    Args:
        url: the URL, without a path.
        control_token: the token of its control API, if it has one.
        random_seed: the same one, and the same random seed of a sandbox, give the same ids.

    Raises:
        InvalidInput: it is no such URL.
    """

    def __init__(self, url: str, *, control_token: str | None, random_seed: str) -> None:
        self._api = ControlApi(url, control_token)
        self._has_token = bool(control_token)
        self._random_seed = random_seed
        self._opened: list[RemoteBackend] = []
        self.origin = self._api.origin

    def check(self) -> None:
        """Require an emulator of this version, whose control API may be used.

        Raises:
            EmulatorUnavailable: there is none.
        """
        __tracebackhide__ = True
        try:
            found = self._api.parsed(
                self._api.fetch("GET", "/", headers={"Accept": "application/json"})
            )
        except NotAllowed as error:
            raise EmulatorUnavailable(f"{self.origin}: {error}") from None
        if found.get("name") != _NAME:
            raise EmulatorUnavailable(f"{self.origin} is not a mock_sendpilot server")
        version = found.get("version")
        if version != __version__:
            raise EmulatorUnavailable(
                f"{self.origin} has version {version} of mock_sendpilot, and these tests have "
                f"{__version__}: install the same version in both places"
            )
        try:
            self._api.request("GET", f"/workspaces/{_NOBODY}")
        except NotFound:
            return
        except NotAllowed as error:
            raise EmulatorUnavailable(f"{self.origin}: {self._refusal(error)}") from None
        except EmulatorUnavailable as error:
            raise EmulatorUnavailable(
                f"{self.origin} has no control API ({CONTROL_PREFIX}): start it without "
                f"--no-control ({error.message})"
            ) from None

    def _refusal(self, error: NotAllowed) -> str:
        if "token" not in error.message:
            return str(error)
        if self._has_token:
            return f"{error.message}; {TOKEN_VARIABLE} is not that token"
        return f"{error.message}; set {TOKEN_VARIABLE} to it"

    @cached_property
    def app(self) -> "Flask":
        """An app of this version: the operations of the emulator are the same."""
        from mock_sendpilot.app import create_app
        from mock_sendpilot.emulator import Emulator

        emulator = Emulator()
        app = create_app(emulator)
        emulator.close()
        return app

    @cached_property
    def operations(self) -> Collection[str]:
        """The ids of all operations."""
        from mock_sendpilot.api.operation import operation_ids

        return tuple(operation_ids(self.app))

    @property
    def server(self) -> "EmulatorServer":
        """Refuse: the server is not in this process."""
        raise NotInThisProcess(
            "sendpilot.server", self.origin, instead="use sendpilot.origin or sendpilot.base_url"
        )

    def open(self, seed: WorkspaceSeed) -> RemoteBackend:
        """Add a workspace with the API key of its seed; the emulator makes its id."""
        __tracebackhide__ = True
        state = initial_state(seed, random_seed=f"{self._random_seed}/{seed.random_seed}")
        (api_key,) = seed.api_keys
        contents = {"apiKeys": [{"key": api_key.key}]}
        # With the key as header, too: of several emulators behind an address, it leads to one.
        added = self._api.request("POST", "/workspaces", {"seed": contents}, api_key=api_key.key)
        backend = RemoteBackend(self._api, added["id"], added["apiKey"], state.world.contract)
        try:
            backend.put_state(state)
        except SendPilotError:
            backend.close()
            raise
        still_open = [one for one in self._opened if one.is_open]
        self._opened = [*still_open, backend]
        return backend

    def views(self) -> list[WorkspaceView]:
        """Return the workspaces of this process that are open."""
        return [one.view() for one in self._opened if one.is_open]

    def receiver_notes(self, url: str) -> list[str]:
        """Say that the emulator may be where it cannot reach this process."""
        where = "in a container or on another machine"
        return [f"the emulator runs at {self.origin}: {where} it cannot reach {url}"]

    def check_can_reach_apps(self) -> None:
        """Require that the emulator is on this machine.

        Raises:
            InvalidInput: it is not.
        """
        if not _is_this_machine(self._api.host):
            raise InvalidInput(
                f"the emulator runs on another machine, {self.origin}, and cannot reach an app "
                "that is served on 127.0.0.1 of this process: run the emulator on this machine, or "
                "serve the app yourself and pass a URL that the emulator can reach"
            )

    def own_workspace(self, _view: WorkspaceView) -> NoReturn:
        """Refuse: the object is not in this process."""
        raise NotInThisProcess(
            "sendpilot.workspace",
            self.origin,
            instead="use the methods of sendpilot, such as lead(), simulate() or clock",
        )

    def route_vendor_hosts(self, hosts: Iterable[str], *, unknown_key_hint: str) -> None:  # noqa: ARG002
        """Require that the emulator answers under these names.

        The hint of a 401 is the emulator's own.

        Raises:
            InvalidInput: it does not.
        """
        if self.origin.startswith("https:"):
            raise InvalidInput(
                f"intercept: expected an emulator at an http:// URL, since interception leaves out "
                f"TLS, got {self.origin}"
            )
        for host in sorted(hosts):
            try:
                self._api.fetch("GET", "/health", headers={"Host": host})
            except SendPilotError as error:
                raise InvalidInput(
                    f"intercept: {self.origin} does not answer requests for {host}: start it with "
                    f"--allowed-host {host} ({error})"
                ) from None


def _is_this_machine(host: str) -> bool:
    """Return whether a host is an address of this machine."""
    if is_loopback(host):
        return True
    with suppress(OSError):
        for family, kind, _, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM):
            with suppress(OSError), socket.socket(family, kind) as probe:
                probe.bind(address)  # only addresses of this machine can be bound
                return True
    return False
