"""`mock-sendpilot ready`, `seed` and `contracts`, and the options of `start`."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mock_sendpilot.cli.start import start
from mock_sendpilot.cli.start_options import KEYS
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.version import __version__
from tests.cli.commands import invoke
from tests.support import reserved_port


def test_the_version_is_printed() -> None:
    assert invoke("--version").output == f"mock-sendpilot, version {__version__}\n"


def test_commands_import_neither_the_server_nor_the_world() -> None:
    # `check-receiver` sends webhooks itself. `start` imports the server once it is needed.
    code = """
import sys
from importlib import import_module
from mock_sendpilot.cli import main
for name, module in main.modules.items():
    if name != "check-receiver":
        import_module(module)
print(*sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    heavy = ("flask", "marshmallow", "requests", "mock_sendpilot.world", "mock_sendpilot.control")

    imported = done.stdout.split()
    assert "mock_sendpilot.cli.simulate" in imported
    assert [name for name in imported if name.startswith(heavy)] == []


def test_ready_exits_with_0_when_the_server_answers(emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        result = invoke("ready", "--url", server.origin)
    assert (result.exit_code, result.output) == (0, f"{server.origin} is ready\n")


def test_ready_exits_with_1_when_no_server_answers() -> None:
    with reserved_port() as port:
        result = invoke("ready", "--url", f"http://127.0.0.1:{port}", "--wait", "0.1")
    assert result.exit_code == 1
    assert "is not ready" in result.stderr


def test_ready_refuses_an_invalid_url() -> None:
    assert invoke("ready", "--url", "127.0.0.1").exit_code == 2


@pytest.mark.parametrize("source", ["file", "-"])
def test_seed_check_accepts_the_demo_world(tmp_path: Path, source: str) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(demo_text())
    result = invoke("seed", "check", str(path) if source == "file" else "-", stdin=demo_text())
    assert (result.exit_code, result.output) == (0, "valid: 2 workspaces, 96 leads\n")


def test_seed_check_prints_each_problem_with_its_path() -> None:
    result = invoke("seed", "check", "-", stdin=b'{"workspaces": [{"id": "w", "apiKeys": 3}]}')
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "$.workspaces[0].name: expected a non-empty string, got nothing",
        "$.workspaces[0].apiKeys: expected an array, got 3",
    ]


def test_seed_check_prints_json_with_the_option() -> None:
    result = invoke("seed", "check", "-", "--json", stdin=b"[]")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "valid": False,
        "workspaces": 0,
        "leads": 0,
        "problems": ["$: expected a JSON object, got []"],
    }


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["text", "JSON"])
def test_seed_check_refuses_an_unknown_contract_before_it_checks_the_file(
    json: tuple[str, ...],
) -> None:
    result = invoke("seed", "check", "-", "--contract", "life", *json, stdin=demo_text())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'live'?" in result.stderr


def test_contracts_list_prints_contracts_and_options() -> None:
    lines = invoke("contracts", "list").output.splitlines()
    assert lines[0] == "contracts: documented, example, schema, live, strict, observed"
    assert any(line.startswith("patch_reply: keys of the PATCH response") for line in lines)


def test_contracts_show_prints_each_option() -> None:
    values = json.loads(invoke("contracts", "show", "live", "--json").output)
    assert values["patch_reply"] == ["success", "leadId", "status", "message"]
    assert values["list_needs_campaign"] is True


def test_contracts_show_refuses_an_unknown_contract() -> None:
    result = invoke("contracts", "show", "life")
    assert result.exit_code == 2
    assert "did you mean 'live'?" in result.stderr


@pytest.mark.parametrize("key", KEYS)
def test_each_option_of_start_has_help_with_an_example_and_a_variable(key: str) -> None:
    (option,) = [one for one in start.params if one.name == key]
    assert isinstance(option, click.Option)
    assert "Example: --" in (option.help or "")
    assert option.envvar == f"MOCK_SENDPILOT_{key.upper()}"


def test_every_command_has_help_with_an_example() -> None:
    for words in (["start"], ["ready"], ["seed", "check"], ["contracts", "show"]):
        result = invoke(*words, "--help")
        assert result.exit_code == 0
        assert "Example" in result.output
