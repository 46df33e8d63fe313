from collections.abc import Iterator

import pytest

from mock_sendpilot import EmulatorServer, Sandbox, SandboxFactory
from mock_sendpilot.evidence.recording import recorded
from mock_sendpilot.testing.backends.local import LocalHost


@pytest.fixture
def factory(sendpilot_server: EmulatorServer) -> Iterator[SandboxFactory]:
    made = SandboxFactory(recorded(LocalHost(sendpilot_server)))
    yield made
    made.close()


@pytest.fixture
def sandbox(factory: SandboxFactory) -> Sandbox:
    """Return a sandbox that is recorded, with a frozen clock."""
    return factory(frozen=True, starts_at="2030-01-31T09:00:00Z", random_seed="evidence")
