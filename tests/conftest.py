"""Fixtures of the whole suite."""

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timezone
from functools import partialmethod
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from flask import Flask

from mock_sendpilot.app import create_app
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.api.world import make_world  # noqa: F401 - a fixture
from tests.support import Api, ApiUnder, eventually, in_process, over_a_socket

if TYPE_CHECKING:
    import trustme

pytest_plugins = ["pytester"]

if "mix_stderr" in signature(CliRunner).parameters:  # click before 8.2
    CliRunner.__init__ = partialmethod(CliRunner.__init__, mix_stderr=False)  # type: ignore[method-assign,assignment]

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
IN_PROCESS, OVER_A_SOCKET = "in process", "over a socket"
Serve = Callable[[Emulator], Api]
_OURS = ("mock-sendpilot", "waitress")


def pytest_configure() -> None:
    """Undo what a shell does to jobs in the background, for the processes that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests marked `over_a_socket_too` in process and over a socket."""
    marker = metafunc.definition.get_closest_marker("over_a_socket_too")
    if marker is not None and "serve" in metafunc.fixturenames:
        metafunc.parametrize("serve", [IN_PROCESS, OVER_A_SOCKET], indirect=True)


def _our_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(_OURS)]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the slow tests first: begun last, one would keep a single worker busy at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


_SERVERS = pytest.StashKey[list[EmulatorServer]]()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note the server of the session."""
    made = yield
    if isinstance(made, EmulatorServer) and fixturedef.argname == "sendpilot_server":
        request.config.stash.setdefault(_SERVERS, []).append(made)
    return made


def _threads_of_the_session(request: pytest.FixtureRequest) -> set[threading.Thread]:
    """The worker's threads of the server of the session, which may start one at any time."""
    servers = request.config.stash.get(_SERVERS, [])
    return {thread for server in servers for thread in server.emulator._workers._threads}


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if "sendpilot_server" in request.fixturenames:  # it lives as long as the session
        yield
        return
    before = set(_our_threads())
    yield
    eventually(lambda: not set(_our_threads()) - before - _threads_of_the_session(request))


@pytest.fixture(scope="session")
def demo_seeds() -> list[WorkspaceSeed]:
    """The demo world, read once; what is in it cannot change."""
    return parse_seed(demo_text(), now=NOW)


@pytest.fixture
def make_emulator(demo_seeds: list[WorkspaceSeed]) -> Iterator[Callable[..., Emulator]]:
    """Emulators with the demo world, under a contract and options."""
    made: list[Emulator] = []

    def make(contract: str = "documented", **options: str) -> Emulator:
        emulator = Emulator(contract=named_contract(contract, options.items()), random_seed="tests")
        emulator.load(demo_seeds)
        made.append(emulator)
        return emulator

    yield make
    for emulator in made:
        emulator.close()


@pytest.fixture
def emulator(make_emulator: Callable[..., Emulator]) -> Emulator:
    """An emulator with the demo world under the default contract."""
    return make_emulator()


@pytest.fixture
def app(emulator: Emulator) -> Flask:
    """The app, for pytest-flask's `client`."""
    return create_app(emulator)


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Clients of an emulator: of its Flask app, or of a server in tests marked so."""
    servers: list[EmulatorServer] = []

    def connect(emulator: Emulator) -> Api:
        if getattr(request, "param", IN_PROCESS) == IN_PROCESS:
            return in_process(create_app(emulator).test_client())
        server = EmulatorServer(emulator)
        server.start()
        servers.append(server)
        return over_a_socket(server.origin)

    yield connect
    for server in servers:
        server.stop()


@pytest.fixture
def api(serve: Serve, emulator: Emulator) -> Api:
    """Requests to the demo world."""
    return serve(emulator)


@pytest.fixture
def api_under(serve: Serve, make_emulator: Callable[..., Emulator]) -> ApiUnder:
    """Requests to the demo world under a contract: `api_under("live", patch_reply="schema")`."""

    def make(contract: str, **options: str) -> Api:
        return serve(make_emulator(contract, **options))

    return make


@pytest.fixture(scope="session")
def authority() -> "trustme.CA":
    """Vouches for the TLS servers of tests."""
    import trustme  # only the TLS tests pay for it

    return trustme.CA()


@pytest.fixture
def authority_bundle(authority: "trustme.CA", tmp_path: Path) -> Path:
    """The file by which it is trusted."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    return bundle
