"""Reasons not to listen where other machines can reach the emulator."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mock_sendpilot.control.exposure import exposure_problems
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidApiKey, NotAllowed
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import WorkspaceSeed

OWN_KEY = "sp_live_of_my_own"
KNOWN_KEY = "the seed has an API key that everybody knows, with YOUR_ in it"
OPEN_CONTROL = "the control API is open"


def problems(
    host: str, *keys: str, has_control: bool = True, token: str | None = None
) -> list[str]:
    return exposure_problems(host, api_keys=keys, has_control=has_control, control_token=token)


@pytest.fixture
def own_emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    emulator.load([WorkspaceSeed(id="ws_own", name="Own", api_keys=(ApiKey(key=OWN_KEY),))])
    yield emulator
    emulator.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_a_loopback_address_has_no_problem(host: str) -> None:
    assert problems(host, "YOUR_API_KEY") == []


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.20", "8.8.8.8", "fe80::1", "myhost", "", "app.localhost"]
)
@pytest.mark.parametrize("key", ["YOUR_API_KEY", "YOUR_OTHER_API_KEY", "sp_live_YOUR_KEY"])
def test_a_demo_key_is_a_problem_elsewhere(host: str, key: str) -> None:
    found = problems(host, OWN_KEY, key, token="s3cret")

    assert len(found) == 1
    assert found[0].startswith(f"{host} can be reached from other machines, and {KNOWN_KEY}: ")
    assert "(--fixtures FILE)" in found[0]


@pytest.mark.parametrize("token", [None, ""])
def test_an_open_control_api_is_a_problem_elsewhere(token: str | None) -> None:
    found = problems("0.0.0.0", OWN_KEY, token=token)

    assert len(found) == 1
    assert found[0].startswith(f"0.0.0.0 can be reached from other machines, and {OPEN_CONTROL}: ")
    assert "(--control-token TOKEN)" in found[0]
    assert "(--no-control)" in found[0]


def test_a_public_token_is_a_problem_elsewhere() -> None:
    (problem,) = problems("0.0.0.0", OWN_KEY, token="YOUR_CONTROL_TOKEN")

    assert "everybody knows the control token YOUR_CONTROL_TOKEN: choose one of your own" in problem


def test_both_problems_are_reported_at_once() -> None:
    known, control = problems("0.0.0.0", "YOUR_API_KEY")

    assert KNOWN_KEY in known
    assert OPEN_CONTROL in control


def test_private_keys_and_a_token_are_no_problem() -> None:
    assert problems("0.0.0.0", OWN_KEY, token="s3cret") == []


def test_private_keys_without_the_control_api_are_no_problem() -> None:
    assert problems("0.0.0.0", OWN_KEY, has_control=False) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_with_the_demo_keys_is_not_made_for_others(emulator: Emulator, host: str) -> None:
    with pytest.raises(NotAllowed, match=re.escape(f"{host} can be reached from other machines")):
        EmulatorServer(emulator, host=host, control_token="s3cret")


def test_a_server_with_an_open_control_api_is_not_made_for_others(own_emulator: Emulator) -> None:
    with pytest.raises(NotAllowed, match=OPEN_CONTROL):
        EmulatorServer(own_emulator, host="0.0.0.0")


def test_the_refusal_of_a_server_has_every_problem(emulator: Emulator) -> None:
    with pytest.raises(NotAllowed) as caught:
        EmulatorServer(emulator, host="0.0.0.0")

    assert KNOWN_KEY in str(caught.value)
    assert OPEN_CONTROL in str(caught.value)


KNOWN = WorkspaceSeed(id="ws_known", name="Known", api_keys=(ApiKey(key="YOUR_API_KEY"),))


@pytest.fixture
def open_server(own_emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(own_emulator, host="0.0.0.0", has_control=False) as server:
        yield server


def test_a_public_key_cannot_be_added_to_an_open_server(
    own_emulator: Emulator, open_server: EmulatorServer
) -> None:
    with pytest.raises(NotAllowed, match=KNOWN_KEY):
        own_emulator.add_workspace(KNOWN)

    assert [workspace.id for workspace in own_emulator.workspaces()] == ["ws_own"]
    with pytest.raises(InvalidApiKey):
        own_emulator.keys.open("YOUR_API_KEY")


def test_a_public_key_keeps_all_workspaces_from_being_added(
    own_emulator: Emulator, open_server: EmulatorServer
) -> None:
    fine = WorkspaceSeed(id="ws_fine", name="Fine", api_keys=(ApiKey(key="fine"),))
    with pytest.raises(NotAllowed, match=KNOWN_KEY):
        own_emulator.load([fine, KNOWN])

    assert [workspace.id for workspace in own_emulator.workspaces()] == ["ws_own"]


def test_a_private_key_can_be_added_to_an_open_server(
    own_emulator: Emulator, open_server: EmulatorServer
) -> None:
    own_emulator.add_workspace(replace(KNOWN, api_keys=(ApiKey(key="another"),)))

    assert own_emulator.keys.open("another").workspace.id == "ws_known"


def test_a_public_key_can_be_added_once_the_server_has_stopped(
    own_emulator: Emulator, open_server: EmulatorServer
) -> None:
    open_server.stop()
    own_emulator.add_workspace(KNOWN)

    assert own_emulator.keys.open("YOUR_API_KEY").workspace.id == "ws_known"


def test_a_server_that_cannot_listen_leaves_no_rule_behind(own_emulator: Emulator) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - each system has words of its own
        EmulatorServer(own_emulator, host="192.0.2.1", has_control=False)
    own_emulator.add_workspace(KNOWN)

    assert own_emulator.keys.open("YOUR_API_KEY").workspace.id == "ws_known"


def test_a_server_for_this_machine_is_made_with_the_demo_keys(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        assert server.origin.startswith("http://127.0.0.1:")
