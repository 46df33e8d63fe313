"""Every snippet of the documents, run as its reader would: a section at a time, in a new folder.

A snippet with a file name is saved under it. The test files of a document are run in one go, with
pytest. Shell snippets have a server with the demo world at hand; one that starts a server itself
runs on beside the others. Of the rest the output is kept, and a JSON snippet after one is what it
must have printed, times, ids and secrets aside. A text snippet is what the listener prints.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.examples.documents import ROOT, Section, Snippet, sections
from tests.support import eventually, reserved_port, without_plugins

TUTORIAL = ROOT / "docs" / "tutorial.md"
CLIENT = ROOT / "docs" / "how-to" / "client-suite.md"
"""The page of the example project, whose files other tests run."""
RUNNERS = ROOT / "docs" / "how-to" / "test-runners.md"
"""The page of the example suites, which other tests run."""
SCALE = ROOT / "docs" / "how-to" / "scale.md"
"""The page of several emulators behind nginx, which tests/deploy runs."""
_OTHERS = {TUTORIAL, CLIENT, RUNNERS, SCALE}
DOCUMENTS = [ROOT / "README.md", *sorted({*(ROOT / "docs").rglob("*.md")} - _OTHERS)]
SECTIONS = [section for path in DOCUMENTS for section in sections(path)]
IN_A_SHELL = [
    section
    for section in SECTIONS
    if section.has_commands and (shutil.which("node") or not section.needs_node)
]
WITH_TESTS = sorted({section.document for section in SECTIONS if section.has_tests})
SERVERS = {"make run": "7363", "mock-sendpilot start": "7363", "python receiver.py": "9000"}
ENDLESS = "mock-sendpilot listen"
VARYING = {
    "updatedAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "createdAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "secret": r"whsec_[\w+/]+=*",
    "endpointId": r"ep_\w{12}",
    "eventId": r"evt_\d{13}_\w{9}",
}


class Reader:
    """Does in a folder of its own what a section says."""

    def __init__(
        self, folder: Path, section: Section, emulator_port: int, free_ports: list[int]
    ) -> None:
        self.folder = folder
        self.section = section
        starts_own = any(_server(snippet) == "7363" for snippet in section.snippets)
        self.ports = {
            "7363": str(free_ports[0] if starts_own else emulator_port),
            "9000": str(free_ports[1]),
        }
        self.output = ""
        self.listened = folder / "listened.txt"
        self.processes: list[subprocess.Popen[str]] = []
        self.environment = {
            **_environment(),
            "MOCK_SENDPILOT_PORT": self.ports["7363"],
            "MOCK_SENDPILOT_URL": f"http://127.0.0.1:{self.ports['7363']}",
        }

    def read(self) -> None:
        """Do it all."""
        for snippet in self.section.snippets:
            self._do(snippet)

    def end(self) -> None:
        """End what runs on."""
        for process in reversed(self.processes):
            process.terminate()
            process.communicate(timeout=10)

    def _do(self, snippet: Snippet) -> None:
        text = self._with_our_ports(snippet.text).replace(".venv/bin/", "")
        port = _server(snippet)
        if port:
            self._serve(text.replace("make run", "mock-sendpilot start"), port)
        elif text.startswith(ENDLESS):
            self._listen(text)
        elif snippet.language == "text":
            self._expect(text)
        elif snippet.language == "bash":
            self._shell(text, repeatedly=snippet.name == "eventually")
        elif snippet.is_file:
            (self.folder / snippet.name).write_text(text, encoding="utf-8")
        elif snippet.language == "json":
            _assert_alike(json.loads(self.output), json.loads(text))
        else:
            pytest.fail(f"nothing runs a snippet of this kind: {snippet}")

    def _listen(self, command: str) -> None:
        """Start a listener, whose output is kept in a file."""
        with self.listened.open("w", encoding="utf-8") as output:
            self._run_on(command, output)
        self._expect("Ctrl+C stops it")

    def _expect(self, text: str) -> None:
        """Wait until the listener has printed each line; the part after `…` may differ."""
        lines = [line.partition("…")[0] for line in text.splitlines()]
        eventually(
            lambda: all(line in self.listened.read_text(encoding="utf-8") for line in lines),
            timeout=20,
        )

    def _run_on(self, command: str, output: int | IO[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command.strip()}"],
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        return process

    def _serve(self, command: str, port: str) -> None:
        process = self._run_on(command, subprocess.DEVNULL)
        eventually(lambda: _is_open(self.ports[port]) or process.poll() is not None, timeout=20)
        assert process.poll() is None, f"it ended: {command}"

    def _shell(self, text: str, *, repeatedly: bool = False) -> None:
        def run() -> bool:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            self.output = done.stdout
            assert done.returncode == 0, done.stdout + done.stderr
            return not repeatedly or '"total":0' not in done.stdout

        eventually(run, timeout=20)

    def _with_our_ports(self, text: str) -> str:
        for port, ours in self.ports.items():
            text = re.sub(rf"\b{port}\b", ours, text)
        return text


@pytest.fixture
def reader(tmp_path: Path, section: Section, emulator: Emulator) -> Iterator[Reader]:
    with EmulatorServer(emulator) as server, reserved_port() as first, reserved_port() as second:
        made = Reader(tmp_path, section, server.port, [first, second])
        yield made
        made.end()


@pytest.mark.slow
@pytest.mark.parametrize("section", IN_A_SHELL, ids=str)
def test_the_commands_of_a_section_do_what_it_says(reader: Reader) -> None:
    reader.read()


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_TESTS)
def test_the_test_files_of_a_document_pass(tmp_path: Path, document: str) -> None:
    projects = {tmp_path / "together"}
    for number, section in enumerate(SECTIONS):
        if section.document == document and section.has_tests:
            has_settings = any(snippet.name == "pytest.ini" for snippet in section.snippets)
            folder = tmp_path / ("" if has_settings else "together") / str(number)
            folder.mkdir(parents=True)
            if has_settings:
                projects.add(folder)
            for snippet in section.snippets:
                if snippet.is_file:
                    (folder / snippet.name).write_text(snippet.text, encoding="utf-8")
    plugins = without_plugins(beside=["mock_sendpilot", "anyio"])
    options = ["-q", "-W", "error", "--import-mode", "importlib", *plugins]
    for project in projects:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=project,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("run", "exec .venv/bin/mock-sendpilot start"),
        ("check", ".venv/bin/sphinx-build --fail-on-warning --quiet -c docs . site"),
        ("docs", ".venv/bin/sphinx-build --fail-on-warning --quiet -c docs . site"),
    ],
)
def test_make_runs_the_command_that_a_document_names(target: str, command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert command in [line.strip() for line in done.stdout.splitlines()]


def _server(snippet: Snippet) -> str | None:
    """The port of the server that a snippet starts."""
    found = [p for command, p in SERVERS.items() if snippet.text.startswith(command)]
    return found[0] if snippet.language == "bash" and found else None


def _environment() -> dict[str, str]:
    """The environment, with the commands of this interpreter and without settings of ours."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MOCK_SENDPILOT_")}
    return {**plain, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{plain['PATH']}"}


def _is_open(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def _assert_alike(found: Any, expected: Any, key: str = "") -> None:
    """The same keys in the same order, and the same values but for those that vary."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            _assert_alike(found[name], value, name)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_alike(one, other, key)
    elif key in VARYING or (key == "id" and expected.startswith(("dlv_", "ep_"))):
        pattern = VARYING.get(key, rf"{str(expected).partition('_')[0]}_\w+")
        assert re.fullmatch(pattern, found)
    else:
        assert re.sub(r":\d{4,5}\b", ":PORT", str(found)) == re.sub(
            r":\d{4,5}\b", ":PORT", str(expected)
        )
