"""Fixtures of the tests of the leads API."""

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.backends.local import LocalBackend
from mock_sendpilot.testing.recorded_events import RecordedEvents
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import WorkspaceSeed
from mock_sendpilot.world.store import Store

pytest.register_assert_rewrite("tests.api.expect")

from tests.api.expect import NO_SCOPE_KEY, READ_KEY, REVOKED_KEY, WRITE_KEY  # noqa: E402


@pytest.fixture
def limited_keys(emulator: Emulator) -> None:
    """A workspace whose keys may not do everything."""
    keys = (
        ApiKey(key=READ_KEY, scopes=frozenset({"leads:read"})),
        ApiKey(key=WRITE_KEY, scopes=frozenset({"leads:write"})),
        ApiKey(key=NO_SCOPE_KEY, scopes=frozenset()),
        ApiKey(key=REVOKED_KEY, is_revoked=True),
    )
    emulator.add_workspace(WorkspaceSeed(id="ws_limited", name="Limited", api_keys=keys))


@pytest.fixture
def store(emulator: Emulator) -> Store:
    """The store of the demo workspace, behind `api`."""
    return emulator.workspaces()[0].store


@pytest.fixture
def sent(emulator: Emulator) -> RecordedEvents:
    """The webhooks that the demo workspace, behind `api`, sends from now on."""
    workspace = emulator.workspaces()[0]
    return RecordedEvents(LocalBackend(emulator, workspace))
