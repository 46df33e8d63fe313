"""The example suites, unchanged, with an emulator in a process of its own."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.test_client import PROJECT
from tests.examples.test_runners import COMMANDS, COUNT, SUITES
from tests.examples.test_snippets import _environment
from tests.support import over_a_socket, without_plugins


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    program = [sys.executable, "-m", "mock_sendpilot", "start", "--port", "0", "--json"]
    with subprocess.Popen(
        [*program, "--log-level", "error"],
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["origin"]
        process.terminate()


def outcome(folder: Path, *command: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=folder,
        env={**_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def workspace_count(origin: str) -> int:
    count: int = over_a_socket(origin)("GET", "/health", key=None).json["workspaces"]
    return count


@pytest.mark.slow
def test_the_suite_of_the_client_passes(tmp_path: Path, origin: str) -> None:
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    before = workspace_count(origin)
    plugins = without_plugins(beside=["mock_sendpilot"])

    output = outcome(tmp_path, "-m", "pytest", *plugins, "--sendpilot-url", origin)

    tests = (PROJECT / "test_crm_client.py").read_text(encoding="utf-8").count("\ndef test_")
    found = re.search(r"(\d+) passed", output)
    assert found is not None, output
    assert int(found[1]) >= tests
    assert f"sendpilot: {origin}" in output
    assert workspace_count(origin) == before


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "command", "count"), COMMANDS)
def test_a_suite_passes_with_its_runner(
    tmp_path: Path, origin: str, suite: str, command: list[str], count: int
) -> None:
    folder = tmp_path / suite
    shutil.copytree(SUITES / suite, folder)

    found = COUNT.search(outcome(folder, *command, SENDPILOT_URL=origin))

    assert found is not None
    assert int(found[1] or found[2]) == count
