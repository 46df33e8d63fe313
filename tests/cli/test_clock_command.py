"""`mock-sendpilot clock`, with a running server."""

import json

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import invoke


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("clock", *arguments, "--url", server.origin)


def test_show_prints_the_state_of_the_clock(server: EmulatorServer) -> None:
    result = run(server, "show")

    assert result.exit_code == 0
    assert ", running\nnext: nothing\n" in result.stdout


def test_freeze_and_resume_print_the_new_state(server: EmulatorServer) -> None:
    assert ", frozen\n" in run(server, "freeze").stdout
    assert ", running\n" in run(server, "resume").stdout


def test_advance_prints_the_tasks_and_events_of_the_elapsed_time(server: EmulatorServer) -> None:
    run(server, "freeze")
    workspace = server.emulator.workspaces()[0]
    workspace.direct_outreach.connect(
        sender_id="sender_maria", recipient_linkedin_url="linkedin.com/in/ada-lovelace"
    )
    result = run(server, "advance", "4h")

    assert result.exit_code == 0
    assert "done: 1 task; attempts: 0 succeeded, 0 failed, 0 exhausted\n" in result.stdout
    assert "  1 x connection.accepted\n" in result.stdout


def test_set_prints_json_with_the_option(server: EmulatorServer) -> None:
    reply = json.loads(run(server, "set", "2999-01-01T00:00:00Z", "--json").stdout)

    assert reply["now"] >= "2999-01-01"
    assert reply["frozen"] is False


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(("advance", "soon"), "expected a duration such as 90s", id="duration"),
        pytest.param(("set", "1969-01-01T00:00:00Z"), "cannot go back", id="back"),
    ],
)
def test_an_invalid_time_is_exit_code_1_with_the_reason(
    server: EmulatorServer, arguments: tuple[str, ...], reason: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr
