"""The Dockerfile of the guide: its form, and its commands with its variables, without an image."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.documents import ROOT, sections
from tests.examples.test_snippets import _environment
from tests.support import eventually, reserved_port

GUIDE = ROOT / "docs" / "how-to" / "staging.md"
INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "EXPOSE", "USER", "HEALTHCHECK", "CMD"}
FLAG = re.compile(r"--(interval|timeout|start-period|retries)=(\d+s|\d+)$")


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """The instructions with their arguments, without the breaks of lines."""
    (text,) = [
        snippet.text
        for section in sections(GUIDE)
        for snippet in section.snippets
        if snippet.name == "Dockerfile"
    ]
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def exec_form(arguments: str) -> list[str]:
    """The words of a command without a shell, which would keep signals from it."""
    words = json.loads(arguments)
    assert all(isinstance(word, str) for word in words)
    return list(words)


def health_command(instructions: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The flags of HEALTHCHECK, and its command."""
    flags, _, command = dict(instructions)["HEALTHCHECK"].partition(" CMD ")
    return flags.split(), exec_form(command)


def test_each_instruction_is_one_of_docker_and_the_first_names_an_image(
    instructions: list[tuple[str, str]],
) -> None:
    names = [name for name, _ in instructions]

    assert set(names) == INSTRUCTIONS
    assert names[0] == "FROM"
    assert re.fullmatch(r"[a-z/]+:[\w.-]+", instructions[0][1])
    assert names.count("CMD") == names.count("HEALTHCHECK") == 1


def test_the_health_check_has_flags_that_docker_knows(
    instructions: list[tuple[str, str]],
) -> None:
    flags, _ = health_command(instructions)

    assert flags
    assert [flag for flag in flags if not FLAG.fullmatch(flag)] == []


def test_the_image_contains_no_secret_and_runs_as_nobody(
    instructions: list[tuple[str, str]],
) -> None:
    values = dict(instructions)

    assert values["USER"] == "nobody"
    assert re.findall(r"TOKEN|KEY|SECRET|whsec_", " ".join(values.values())) == []


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.mark.slow
def test_its_server_becomes_healthy(
    instructions: list[tuple[str, str]], port: int, tmp_path: Path
) -> None:
    values = dict(instructions)
    variables = dict(word.split("=", 1) for word in shlex.split(values["ENV"]))
    assert variables["MOCK_SENDPILOT_PORT"] == values["EXPOSE"]
    environment = {
        **_environment(),
        **variables,
        "MOCK_SENDPILOT_PORT": str(port),
        "MOCK_SENDPILOT_API_KEY": "sp_live_of_the_test",
        "MOCK_SENDPILOT_CONTROL_TOKEN": "token-of-the-test-0123456789",
    }
    _, health = health_command(instructions)
    folder = Path(sys.executable).parent

    def is_healthy() -> bool:
        done = subprocess.run(
            [folder / health[0], *health[1:]], env=environment, capture_output=True, check=False
        )
        return done.returncode == 0

    assert not is_healthy()
    program, *arguments = exec_form(values["CMD"])
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [os.fspath(folder / program), *arguments],
            env=environment,
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: is_healthy() or server.poll() is not None, timeout=20)
        assert server.poll() is None, log.read_text(encoding="utf-8")
    finally:
        server.terminate()
        server.wait(timeout=10)
