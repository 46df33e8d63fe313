"""The state file: saved whole or not at all, and loaded at the next start."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.states.state_file import StateFile
from tests.states.test_snapshots import World
from tests.support import Api, eventually, over_a_socket

CRASHES = 50
LEAD = "lead_hb5qqh"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.emulator.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def change(world: World) -> None:
    world.workspace.store.set_lead_status("lead_1", status="DONE")


def test_an_emulator_goes_on_from_the_file_of_another(world: World, path: Path) -> None:
    change(world)
    StateFile(path).save(world.emulator)
    other = Emulator()
    other.load_states(StateFile(path).load() or ())
    (workspace,) = other.workspaces()

    assert workspace.store.lead("lead_1").status == "DONE"
    assert other.keys.open("key").workspace is workspace
    assert other.outbox(workspace).log.all() == world.emulator.outbox(world.workspace).log.all()
    other.close()


def test_a_file_that_does_not_exist_yet_has_no_state(path: Path) -> None:
    assert StateFile(path).load() is None


def test_a_file_is_written_only_if_something_has_changed(world: World, path: Path) -> None:
    state_file = StateFile(path)
    state_file.save(world.emulator)
    path.unlink()
    state_file.save(world.emulator)
    assert not path.exists()

    change(world)
    state_file.save(world.emulator)
    assert path.exists()


def test_a_running_clock_alone_is_no_change(world: World, path: Path) -> None:
    world.workspace.advance()
    world.workspace.scheduler.resume()
    state_file = StateFile(path)
    state_file.save(world.emulator)
    path.unlink()
    state_file.save(world.emulator)

    assert not path.exists()


def test_only_its_owner_reads_the_file_and_nothing_else_is_left(world: World, path: Path) -> None:
    StateFile(path).save(world.emulator)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_stays_as_it_was(
    world: World, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_file = StateFile(path)
    state_file.save(world.emulator)
    before = path.read_bytes()
    change(world)

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        state_file.save(world.emulator)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_changes_are_saved_every_few_seconds_and_at_the_end(world: World, path: Path) -> None:
    state_file = StateFile(path, save_seconds=0.01)
    state_file.start(world.emulator)
    first = path.read_bytes()
    change(world)
    eventually(lambda: path.read_bytes() != first)
    world.workspace.store.set_lead_status("lead_2", status="DONE")
    state_file.stop(world.emulator)

    states = StateFile(path).load()
    assert states is not None
    assert states[0].world.store.leads["lead_2"].status == "DONE"


def test_a_file_of_a_newer_version_is_refused_in_words(path: Path) -> None:
    path.write_text('{"format": 2, "workspaces": []}')

    with pytest.raises(InvalidInput, match=r"state\.json: .*newer version of mock_sendpilot"):
        StateFile(path).load()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_file_loads_whenever_its_process_was_killed(path: Path) -> None:
    command = [sys.executable, "-m", "tests.states.crashes", str(path), str(CRASHES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, done.stdout) == (0, f"{CRASHES}\n"), done.stderr


# --- the command ----------------------------------------------------------------------------------


class Server:
    """`mock-sendpilot start --state FILE`."""

    def __init__(self, path: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "mock_sendpilot", "start", "--port", "0", "--json"]
        self.process = subprocess.Popen(
            [*command, "--state", str(path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        origin = json.loads(self.process.stdout.readline())["baseUrl"].removesuffix("/v1")
        self.api: Api = over_a_socket(origin)

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)


def status(server: Server) -> str:
    found: str = server.api("GET", f"/v1/leads/{LEAD}").json["status"]
    return found


def saved_status(path: Path) -> str:
    states = StateFile(path).load()
    assert states is not None
    return states[0].world.store.leads[LEAD].status


@pytest.mark.slow
def test_a_server_goes_on_after_it_was_stopped_or_killed(path: Path) -> None:
    webhook = "http://127.0.0.1:9/webhooks"
    first = Server(path, "--webhook", webhook)
    first.api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
    first.end(signal.SIGTERM)
    second = Server(path, "--webhook", webhook)
    endpoints = second.api("GET", "/_emulate/endpoints").json["endpoints"]
    at_second = status(second), len(endpoints)
    second.api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "NOT_INTERESTED"})
    eventually(lambda: saved_status(path) == "NOT_INTERESTED", timeout=20)
    second.end(signal.SIGKILL)
    third = Server(path)
    at_third = status(third)
    third.end(signal.SIGTERM)

    assert (at_second, at_third) == (("DONE", 1), "NOT_INTERESTED")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param('{"format": 2}', "of a newer version", id="newer"),
        pytest.param("nonsense", "not valid JSON", id="no JSON"),
    ],
)
def test_a_server_refuses_a_file_that_it_cannot_read(path: Path, content: str, words: str) -> None:
    path.write_text(content)
    command = [sys.executable, "-m", "mock_sendpilot", "start", "--port", "0", "--state", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, words in done.stderr) == (1, True), done.stderr
    assert path.read_text() == content
