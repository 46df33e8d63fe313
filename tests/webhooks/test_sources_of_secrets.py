"""Signing secrets come from the system's source of randomness, unless a replay is asked for."""

import secrets

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import sandbox_options
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

URL = "http://127.0.0.1:9/webhooks"


def secrets_of(random_seed: str | None) -> list[str]:
    """Those that an emulator makes: for a seed, by hand, at a rotation, for all workspaces."""
    emulator = Emulator(random_seed=random_seed)
    seed = WorkspaceSeed(
        id="w", name="W", api_keys=(ApiKey(key="k"),), endpoints=(EndpointSeed(url=URL),)
    )
    endpoints = emulator.outbox(emulator.add_workspace(seed)).endpoints
    (seeded,) = endpoints.all()
    added = endpoints.add(URL)
    rotated = endpoints.rotate(added.id)
    made = [seeded.secret, added.secret, rotated.secret, emulator.new_secret()]
    emulator.close()
    return made


def test_without_a_seed_they_come_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows the seed of the ids, or enough ids, does not know the secrets."""
    monkeypatch.setattr(secrets, "token_hex", lambda _count: "known")
    replayed = secrets_of("known")

    assert set(secrets_of(None)).isdisjoint(replayed)
    assert len({*secrets_of(None), *secrets_of(None)}) == 8


def test_with_a_seed_they_are_the_same_again() -> None:
    assert secrets_of("42") == secrets_of("42") != secrets_of("43")


def test_the_key_of_a_sandbox_has_nothing_to_do_with_its_workspace_id(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        sandbox = Sandbox(server, sandbox_options())
    key = sandbox.api_key.removeprefix("sp_test_")

    assert len(key) == 32
    assert sandbox.workspace.id.removeprefix("ws_") not in key
    assert sandbox.random_seed not in key
