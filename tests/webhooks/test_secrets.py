"""Signing secrets: their randomness, and representations that do not show them."""

import secrets

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import sandbox_options
from mock_sendpilot.webhooks.deliveries import AppliedDisruption
from mock_sendpilot.webhooks.endpoints import RetiredSecret
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from tests.support import SECRET
from tests.webhooks.conftest import START

URL = "http://127.0.0.1:9/webhooks"


def secrets_of(random_seed: str | None) -> list[str]:
    """Return the secrets of a seed, an endpoint and a rotation, and one for all workspaces."""
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


def test_secrets_without_a_seed_come_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can compute a secret from the seed of the ids, or from ids."""
    monkeypatch.setattr(secrets, "token_hex", lambda _count: "known")
    replayed = secrets_of("known")

    assert set(secrets_of(None)).isdisjoint(replayed)
    assert len({*secrets_of(None), *secrets_of(None)}) == 8


def test_secrets_with_a_seed_are_repeatable() -> None:
    assert secrets_of("42") == secrets_of("42") != secrets_of("43")


def test_the_key_of_a_sandbox_does_not_follow_from_its_workspace_id(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        sandbox = Sandbox(LocalHost(server), sandbox_options())
    key = sandbox.api_key.removeprefix("sp_test_")

    assert len(key) == 32
    assert sandbox.workspace.id.removeprefix("ws_") not in key
    assert sandbox.random_seed not in key


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(ApiKey(key=SECRET), id="API key"),
        pytest.param(RetiredSecret(SECRET, START), id="retired secret"),
        pytest.param(
            AppliedDisruption(
                disruption_id="dis_1", kind="old_secret", options={}, old_secret=SECRET
            ),
            id="disruption",
        ),
        pytest.param(EndpointSeed(url="http://a.example/", secret=SECRET), id="seed"),
    ],
)
def test_no_repr_shows_a_secret(holder: object) -> None:
    assert SECRET not in repr(holder)
