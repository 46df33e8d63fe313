"""The pytest plugin: `sendpilot_server`, `sendpilot` and `sendpilot_receiver`.

It is loaded in every test run where the package is installed, so it imports nothing of the package
until one of its fixtures is asked for.
"""

# ruff: noqa: PLC0415 - see above
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_sendpilot.domain.contracts import Contract
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.testing.receiver import WebhookReceiver
    from mock_sendpilot.testing.sandbox import Sandbox

_SERVER = pytest.StashKey["EmulatorServer"]()
"""The server whose endpoints are looked through when nothing comes to a receiver."""
_MARKER = (
    "sendpilot(contract, **points): the contract under which the fixture `sendpilot` answers, "
    "such as @pytest.mark.sendpilot('live', patch_reply='example')"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def sendpilot_server() -> "Iterator[EmulatorServer]":
    """The emulator on a free port of 127.0.0.1, in a thread of this process; one a session."""
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.server import EmulatorServer

    emulator = Emulator(id_seed="pytest")
    with EmulatorServer(emulator) as server:
        yield server
    emulator.close()


@pytest.fixture
def sendpilot(
    sendpilot_server: "EmulatorServer", request: pytest.FixtureRequest
) -> "Iterator[Sandbox]":
    """A fresh workspace of this test's own; see `mock_sendpilot.testing.sandbox.Sandbox`."""
    from mock_sendpilot.testing.sandbox import Sandbox

    request.config.stash[_SERVER] = sendpilot_server
    marker = request.node.get_closest_marker("sendpilot")
    contract = _contract_of(*marker.args, **marker.kwargs) if marker else _contract_of()
    sandbox = Sandbox(sendpilot_server, contract, random_seed=request.node.nodeid)
    yield sandbox
    sandbox.close()


@pytest.fixture
def sendpilot_receiver(request: pytest.FixtureRequest) -> "Iterator[WebhookReceiver]":
    """A webhook receiver on a free port; see `mock_sendpilot.testing.receiver.WebhookReceiver`."""
    from mock_sendpilot.testing.receiver import WebhookReceiver

    def explain(url: str) -> "Sequence[str]":
        from mock_sendpilot.testing.failures import why_it_does_not_come

        server = request.config.stash.get(_SERVER, None)
        return () if server is None else tuple(why_it_does_not_come(server.emulator, url))

    with WebhookReceiver(explain=explain) as receiver:
        yield receiver


def _contract_of(contract: str = "documented", **points: str) -> "Contract":
    """What the marker says; its arguments are those of this function."""
    from mock_sendpilot.domain.contracts import named_contract

    return named_contract(contract, points.items())
