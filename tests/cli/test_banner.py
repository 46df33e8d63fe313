"""The banner of `start`: where the server listens, what it asks for, and which secrets it shows."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sendpilot.cli.banner import json_banner, text_banner
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.cli.test_start import COMMAND, environment
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
    """Says that it listens on all addresses, and does not: no test opens a port to others."""

    @property
    def host(self) -> str:
        return "0.0.0.0"


@pytest.fixture
def exposed(own_world: Emulator) -> Iterator[EmulatorServer]:
    with Exposed(own_world, control_token="s3cret") as server:
        yield server


def test_an_address_for_all_is_named_beside_the_url_that_works_here(
    exposed: EmulatorServer,
) -> None:
    lines = text_banner(exposed, shows_secrets=False).splitlines()

    assert f"  Base URL    {exposed.base_url}  for https://api.sendpilot.ai/v1" in lines
    assert "  Listening   on 0.0.0.0, where other machines can reach it" in lines
    assert json.loads(json_banner(exposed))["host"] == "0.0.0.0"


def test_that_a_token_is_asked_for_is_said_and_the_token_is_not(exposed: EmulatorServer) -> None:
    text = text_banner(exposed, shows_secrets=True)

    assert f"{exposed.control_url}  requires its token" in text
    assert "s3cret" not in text
    assert json.loads(json_banner(exposed))["controlNeedsToken"] is True


def test_a_loopback_address_and_an_open_control_api_are_not_remarked(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    assert "Listening" not in text
    assert f"  Control     {server.control_url}\n" in text


def test_each_workspace_says_once_how_many_leads_and_which_contract_it_has(
    own_world: Emulator,
) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    assert "ws_1  One, 1 lead, contract documented" in text
    assert "ws_2  Two, 0 leads, contract live" in text
    assert text.lower().count("contract") == 2


def test_where_a_log_may_hold_it_keys_and_secrets_are_cut_short(own_world: Emulator) -> None:
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


def test_asked_for_they_are_there_in_full(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        text = text_banner(server, shows_secrets=True)

    for words in (KEY, SECRET, f"'X-API-Key: {KEY}'", "token=abcdef"):
        assert words in text
    assert "--show-secrets" not in text


def test_keys_that_everybody_knows_need_no_remark(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        assert text_banner(server, shows_secrets=False) == text_banner(server, shows_secrets=True)


@pytest.mark.parametrize(
    ("is_terminal", "arguments", "is_shown"),
    [
        pytest.param(False, [], False, id="a pipe"),
        pytest.param(True, [], True, id="a terminal"),
        pytest.param(False, ["--show-secrets"], True, id="a pipe, asked for"),
    ],
)
def test_only_a_terminal_shows_them_unasked(
    tmp_path: Path, is_terminal: bool, arguments: list[str], is_shown: bool
) -> None:
    ours, theirs = os.openpty() if is_terminal else os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--empty", "--api-key", KEY, *arguments],
        cwd=tmp_path,
        env=environment(),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    printed = b""
    while b"Ctrl+C" not in printed:
        printed += os.read(ours, 4096)
    process.terminate()
    process.wait(timeout=10)
    os.close(ours)

    assert (KEY.encode() in printed) is is_shown


def test_the_line_of_json_is_for_the_program_that_starts_the_server(own_world: Emulator) -> None:
    with EmulatorServer(own_world) as server:
        workspace = json.loads(json_banner(server))["workspaces"][0]

    assert (workspace["apiKeys"], workspace["endpoints"][0]["secret"]) == ([KEY], SECRET)
