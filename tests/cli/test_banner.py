"""The banner of `start`: addresses, requirements, and secrets in full or cut short."""

import json
from collections.abc import Iterator

import pytest

from mock_sendpilot.cli.banner import json_banner, text_banner
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.conftest import NOW
from tests.support import SECRET

KEY = "sp_live_4f7c2a9e51d84b0c9a6e"
WORLD = {
    "workspaces": [
        {
            "id": "ws_1",
            "name": "One",
            "apiKeys": [{"key": KEY}],
            "campaigns": [{"id": "c", "name": "C"}],
            "leads": [
                {"id": "l", "campaignId": "c", "linkedinUrl": "https://www.linkedin.com/in/ida"}
            ],
            "endpoints": [{"url": "http://127.0.0.1:9/x?token=abcdef", "secret": SECRET}],
        },
        {"id": "ws_2", "name": "Two", "contract": "live", "apiKeys": [{"key": "YOUR_API_KEY"}]},
    ]
}


@pytest.fixture
def own_world() -> Iterator[Emulator]:
    emulator = Emulator()
    emulator.load(parse_seed(json.dumps(WORLD).encode(), now=NOW))
    yield emulator
    emulator.close()


class Exposed(EmulatorServer):
    """A server that claims to listen on all addresses: no test opens a port to others."""

    @property
    def host(self) -> str:
        return "0.0.0.0"


@pytest.fixture
def exposed(own_world: Emulator) -> Iterator[EmulatorServer]:
    with Exposed(own_world, control_token="s3cret") as server:
        yield server


def test_the_banner_names_an_open_address_next_to_the_url_of_this_machine(
    exposed: EmulatorServer,
) -> None:
    lines = text_banner(exposed, shows_secrets=False).splitlines()

    assert f"  Base URL    {exposed.base_url}  for https://api.sendpilot.ai/v1" in lines
    assert "  Listening   on 0.0.0.0, where other machines can reach it" in lines
    assert json.loads(json_banner(exposed))["host"] == "0.0.0.0"


def test_the_banner_says_that_a_token_is_required_but_not_which(exposed: EmulatorServer) -> None:
    text = text_banner(exposed, shows_secrets=True)

    assert f"{exposed.control_url}  requires its token" in text
    assert "s3cret" not in text
    assert json.loads(json_banner(exposed))["controlNeedsToken"] is True


def test_the_banner_does_not_mention_the_usual_address_and_control_api(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    assert "Listening" not in text
    assert f"  Control     {server.control_url}\n" in text


def test_the_banner_has_the_lead_count_and_contract_of_each_workspace_once(
    own_world: Emulator,
) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    assert "ws_1  One, 1 lead, contract documented" in text
    assert "ws_2  Two, 0 leads, contract live" in text
    assert text.lower().count("contract") == 2


def test_the_banner_cuts_keys_and_secrets_short(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=False)

    for secret in (KEY, SECRET, "abcdef"):
        assert secret not in text
    for words in (
        "API key   sp_live_4f…",
        "API key   YOUR_API_KEY",
        "secret    whsec_c2Vu…",
        "http://127.0.0.1:9/x?token=…",
        "--show-secrets prints them in full",
        '"X-API-Key: $MOCK_SENDPILOT_API_KEY"',
    ):
        assert words in text


def test_the_banner_has_keys_and_secrets_in_full_with_the_option(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    for words in (KEY, SECRET, f"'X-API-Key: {KEY}'", "token=abcdef"):
        assert words in text
    assert "--show-secrets" not in text


def test_the_banner_of_the_demo_world_has_nothing_to_hide(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        assert text_banner(server, shows_secrets=False) == text_banner(server, shows_secrets=True)


def test_the_line_of_json_has_keys_and_secrets_in_full(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        workspace = json.loads(json_banner(server))["workspaces"][0]

    assert (workspace["apiKeys"], workspace["endpoints"][0]["secret"]) == ([KEY], SECRET)


def test_the_banner_takes_no_other_disruption_for_chaos(emulator: Emulator) -> None:
    disruptions = emulator.outbox(emulator.workspaces()[0]).disruptions
    disruptions.arm("drop")
    with EmulatorServer(emulator) as server:
        before = json.loads(json_banner(server))["chaos"]
        disruptions.arm_chaos("42", rate=0.3)
        after = json.loads(json_banner(server))["chaos"]

    assert (before, after) == (None, {"rate": 0.3, "randomSeed": "42"})
