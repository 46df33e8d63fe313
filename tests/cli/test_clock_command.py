"""`mock-sendpilot clock`, against a server that runs."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = ["--url", server.origin]
    return CliRunner().invoke(main, ["clock", *arguments, *options], prog_name="mock-sendpilot")


def test_it_shows_the_clock(server: EmulatorServer) -> None:
    result = run(server, "show")

    assert result.exit_code == 0
    assert ", running\nnext: nothing\n" in result.stdout


def test_it_freezes_and_resumes(server: EmulatorServer) -> None:
    assert ", frozen\n" in run(server, "freeze").stdout
    assert ", running\n" in run(server, "resume").stdout


def test_it_advances_and_tells_what_was_done(server: EmulatorServer) -> None:
    run(server, "freeze")
    workspace = server.emulator.workspaces()[0]
    workspace.direct_outreach.connect(
        sender_id="sender_maria", recipient_linkedin_url="linkedin.com/in/ada-lovelace"
    )
    result = run(server, "advance", "4h")

    assert result.exit_code == 0
    assert "done: 1 task; attempts: 0 succeeded, 0 failed, 0 exhausted\n" in result.stdout
    assert "  1 x connection.accepted\n" in result.stdout


def test_it_speaks_json(server: EmulatorServer) -> None:
    answer = json.loads(run(server, "set", "2999-01-01T00:00:00Z", "--json").stdout)

    assert answer["now"] >= "2999-01-01"
    assert answer["frozen"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("advance", "soon"), "must be a duration such as 90s", id="duration"),
        pytest.param(("set", "1969-01-01T00:00:00Z"), "must not go back", id="back"),
    ],
)
def test_what_cannot_be_is_refused(
    server: EmulatorServer, arguments: tuple[str, ...], says: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
