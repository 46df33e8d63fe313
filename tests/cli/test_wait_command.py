"""`mock-sendpilot wait`, against a server that runs."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = [*arguments, "--url", server.origin]
    return CliRunner().invoke(main, ["wait", *options], prog_name="mock-sendpilot")


def test_it_ends_well_when_nothing_is_due(server: EmulatorServer) -> None:
    result = run(server)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("idle at 20")
    assert result.stdout.endswith("; next: nothing\n")


def test_it_speaks_json(server: EmulatorServer) -> None:
    assert json.loads(run(server, "--json").stdout)["idle"] is True


def test_it_fails_when_a_receiver_hangs(server: EmulatorServer) -> None:
    workspace = server.emulator.workspaces()[0]
    with WebhookReceiver() as receiver:
        server.emulator.outbox(workspace).endpoints.add(receiver.url)
        with receiver.hold_responses():
            workspace.store.set_lead_status("lead_abc123", status="DONE")
            result = run(server, "--timeout", "0.05")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("not idle at 20")
    assert f"; still running: attempt 1 of lead.status.changed to {receiver.url}; " in result.stderr
