"""`mock-sendpilot workspaces`, `reset` and `seed load|export`, against a server that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask, request, request_started

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.control.world import WORLD

LEAD = "lead_hb5qqh"


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"workspaces": WORLD["workspaces"][:1]}))
    return path


def run(server: EmulatorServer, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--url", server.origin])


def lead_count(server: EmulatorServer) -> int:
    return len(server.emulator.workspaces()[0].store.leads())


def test_a_workspace_is_added_listed_and_removed(server: EmulatorServer) -> None:
    added = run(server, "workspaces", "add", "--contract", "live", "--frozen")
    workspace = server.emulator.workspaces()[-1]
    listed = run(server, "workspaces", "list")
    removed = run(server, "workspaces", "remove", workspace.id)

    assert added.exit_code == listed.exit_code == removed.exit_code == 0
    assert f"{workspace.id}: contract live; 0 campaigns; 0 leads" in added.stdout
    assert "API key: sp_test_" in added.stdout
    assert workspace.id in listed.stdout
    assert workspace not in server.emulator.workspaces()


def test_a_workspace_is_added_with_a_key_that_the_request_carries(server: EmulatorServer) -> None:
    keys: list[str | None] = []

    def note_key(app: Flask) -> None:
        keys.append(request.headers.get("X-API-Key"))

    with request_started.connected_to(note_key, sender=server.app):
        added = run(server, "workspaces", "add", "--new-key", "sp_test_mine")

    assert added.stdout.splitlines()[-1] == "API key: sp_test_mine"
    assert keys == ["sp_test_mine"]


def test_a_workspace_is_added_with_a_seed(server: EmulatorServer, world: Path) -> None:
    arguments = ("--starts-at", "2030-01-31T09:00:00Z", "--random-seed", "7", "--json")
    reply = json.loads(run(server, "workspaces", "add", "--seed", str(world), *arguments).stdout)

    assert (reply["id"], reply["leads"], reply["apiKey"]) == ("ws_a", 2, "key_a")
    assert reply["clock"]["now"].startswith("2030-01-31T09:00:0")


@pytest.mark.parametrize(
    ("arguments", "endpoint_count"), [((), 1), (("--drop-endpoints",), 0)], ids=["", "dropped"]
)
def test_a_workspace_is_reset(
    server: EmulatorServer, arguments: tuple[str, ...], endpoint_count: int
) -> None:
    emulator = server.emulator
    emulator.outbox(emulator.workspaces()[0]).endpoints.add("http://127.0.0.1:9/webhooks")
    run(server, "simulate", "done", LEAD)
    result = run(server, "reset", *arguments)
    workspace = emulator.workspaces()[0]

    assert (result.exit_code, result.stdout[:8]) == (0, "ws_demo:")
    assert workspace.store.lead(LEAD).status == "CONNECTION_SENT"
    assert len(emulator.outbox(workspace).endpoints.all()) == endpoint_count


def test_a_reset_changes_the_contract(server: EmulatorServer) -> None:
    options = ("--contract", "live", "--contract-option", "patch_reply=example")
    result = run(server, "reset", *options)

    assert result.exit_code == 0, result.stderr
    assert "contract live+patch_reply=example" in result.stdout


def test_an_option_without_a_contract_is_refused(server: EmulatorServer) -> None:
    result = run(server, "reset", "--contract-option", "patch_reply=example")

    assert result.exit_code == 2
    assert "--contract-option needs --contract" in result.stderr


def test_a_seed_is_loaded(server: EmulatorServer, world: Path) -> None:
    result = run(server, "seed", "load", str(world))

    assert result.exit_code == 0, result.stderr
    assert "ws_demo: contract documented; 1 campaign; 2 leads; 1 endpoint" in result.stdout


def test_a_seed_is_merged(server: EmulatorServer, world: Path) -> None:
    before = lead_count(server)
    result = run(server, "seed", "load", str(world), "--merge", "--json")

    assert json.loads(result.stdout)["leads"] == lead_count(server) == before + 2


def test_an_exported_seed_is_valid_and_loads(server: EmulatorServer, tmp_path: Path) -> None:
    path = tmp_path / "exported.json"
    path.write_text(run(server, "seed", "export").stdout)

    assert run(server, "seed", "load", str(path)).exit_code == 0
    assert CliRunner().invoke(main, ["seed", "check", str(path)]).exit_code == 0


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        pytest.param("{", (), "not valid JSON", id="no JSON"),
        pytest.param('{"leads": []}', (), "expected a seed such as", id="no seed"),
        pytest.param(json.dumps(WORLD), (), "--workspace: ws_a, ws_b", id="two workspaces"),
        pytest.param(json.dumps(WORLD), ("--workspace", "ws_c"), "ws_a, ws_b", id="none of them"),
        pytest.param(
            '{"workspaces": [{"leads": [{"id": "l"}]}]}', (), "seed.leads[0].linkedinUrl", id="part"
        ),
    ],
)
def test_a_seed_that_cannot_be_loaded_is_refused_with_the_reason(
    server: EmulatorServer, tmp_path: Path, text: str, arguments: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "world.json"
    path.write_text(text)
    before = lead_count(server)
    result = run(server, "seed", "load", str(path), *arguments)

    assert (result.exit_code, words in result.stderr) == (1, True), result.stderr
    assert lead_count(server) == before


def test_one_of_several_workspaces_is_named(server: EmulatorServer, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(json.dumps(WORLD))
    run(server, "seed", "load", str(path), "--workspace", "ws_b")

    assert lead_count(server) == 0


@pytest.mark.parametrize(
    ("resource_id", "lines"),
    [
        (LEAD, ["lead_hb5qqh is CONNECTION_SENT", "  accept_connection", "  reply: no, "]),
        ("camp_xyz789", ["camp_xyz789 is started", "  pause", "  resume: no, "]),
    ],
)
def test_the_actions_that_can_be_simulated_are_listed(
    server: EmulatorServer, resource_id: str, lines: list[str]
) -> None:
    result = run(server, "simulate", "--list", resource_id)

    assert result.exit_code == 0
    assert [line for line in lines if f"\n{line}" not in f"\n{result.stdout}"] == []


def test_the_actions_of_a_job_are_listed_as_json(server: EmulatorServer) -> None:
    job = server.emulator.workspaces()[0].searches.start(name="S", limit=1, filters={})
    reply = json.loads(run(server, "simulate", "--list", job.id, "--json").stdout)

    assert [action["possible"] for action in reply["actions"]] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--list", "nobody"], 1, "no lead, campaign or job 'nobody'"),
        (["reply", LEAD, "--list", LEAD], 2, "--list and ACTION exclude each other"),
        ([], 2, "Missing argument 'ACTION'"),
    ],
)
def test_a_list_of_nothing_is_refused(
    server: EmulatorServer, arguments: list[str], code: int, words: str
) -> None:
    result = run(server, "simulate", *arguments)

    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr
