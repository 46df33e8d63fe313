"""A running server, and the commands that are tested against it."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from mock_sendpilot.cli import start as start_command
from mock_sendpilot.cli.banner import json_banner
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace
from tests.cli.commands import Process, ServerProcess, invoke
from tests.support import Api, over_a_socket

Start = Callable[..., "StartedServer"]
StartProcess = Callable[..., ServerProcess]
Refused = Callable[..., tuple[int, str]]


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    """A server with the demo world."""
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def workspace(server: EmulatorServer) -> Workspace:
    """The workspace of YOUR_API_KEY."""
    return server.emulator.workspaces()[0]


@pytest.fixture
def outbox(server: EmulatorServer, workspace: Workspace) -> Outbox:
    return server.emulator.outbox(workspace)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@dataclass(frozen=True)
class StartedServer:
    """A server that `start` has made in this process; `facts` is its line of JSON."""

    server: EmulatorServer
    facts: dict[str, Any]
    request: Api


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start servers in this process, on free ports, in an empty folder."""
    started: list[StartedServer] = []
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCK_SENDPILOT_")]:
        monkeypatch.delenv(name)

    def begin(*arguments: str, stdin: str = "", **variables: str) -> StartedServer:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            command: click.Command = start_command.start
            with command.make_context("start", ["--port", "0", *arguments]) as context:
                emulator = start_command.make_emulator(context.params)
                server = start_command.make_server(emulator, context.params)
        server.start()
        facts = json.loads(json_banner(server))
        started.append(StartedServer(server, facts, over_a_socket(server.origin)))
        return started[-1]

    yield begin
    for one in started:
        one.server.stop()
        one.server.emulator.close()


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Start servers that cannot be started; each call returns exit code and standard error."""
    monkeypatch.chdir(tmp_path)

    def serve(*_: object) -> None:
        raise AssertionError("the server was started")

    monkeypatch.setattr(start_command, "_serve", serve)
    monkeypatch.setattr("mock_sendpilot.cli.stopping.raise_on_stop_signal", lambda: None)

    def begin(*arguments: str, **variables: str) -> tuple[int, str]:
        result = invoke("start", "--port", "0", *arguments, **variables)
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.stdout == ""
        return result.exit_code, result.stderr

    return begin


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[StartProcess]:
    """Start servers as processes of their own, on free ports, in an empty folder."""
    started: list[Process] = []

    def begin(*arguments: str, reads_errors: bool = True) -> ServerProcess:
        process = ServerProcess(*arguments, cwd=tmp_path, reads_errors=reads_errors)
        started.append(process)
        return process

    yield begin
    for one in started:
        one.kill()
