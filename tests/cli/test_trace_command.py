"""`mock-sendpilot trace`, with a running server."""

import json

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import formatting, main
from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import Process, invoke
from tests.support import over_a_socket

LEAD = "/v1/leads/lead_abc123"


@pytest.fixture
def change(server: EmulatorServer) -> None:
    """A change of a lead, and a refused one."""
    api = over_a_socket(server.origin)
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    api("PATCH", f"{LEAD}/status", json={"status": "WRONG"})


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("trace", *arguments, "--url", server.origin)


@pytest.mark.usefixtures("change")
def test_a_trace_is_drawn_as_a_tree(server: EmulatorServer) -> None:
    result = run(server, "req_1")
    request, event = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert request.startswith(f'    +0 ms req_1 PATCH {LEAD}/status {{"status":"DONE"}} -> 200 (')
    assert "└─ evt_" in event
    assert "lead.status.changed lead_abc123: REPLY_RECEIVED -> DONE" in event


@pytest.mark.usefixtures("change")
def test_a_trace_is_printed_as_json(server: EmulatorServer) -> None:
    reply = json.loads(run(server, "lead_abc123", "--json").stdout)
    assert [root["id"] for root in reply["roots"]] == ["req_1", "req_2"]


@pytest.mark.usefixtures("change")
def test_an_unknown_id_is_refused_with_the_nearest_one(server: EmulatorServer) -> None:
    result = run(server, "lead_abc124")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean 'lead_abc123'?" in result.stderr


@pytest.mark.usefixtures("change")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"NO_COLOR": ""}, "\x1b[31m\x1b[1mreq_2 PATCH", id="red and bold"),
        pytest.param({"NO_COLOR": "1"}, " req_2 PATCH", id="NO_COLOR"),
    ],
)
def test_a_failed_request_is_red_on_a_terminal(
    server: EmulatorServer,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.setattr(formatting, "is_terminal", lambda: True)
    arguments = ("trace", "req_2", "--url", server.origin)
    result = CliRunner(env=variables).invoke(main, arguments, color=True)
    assert expected in result.stdout


@pytest.mark.usefixtures("change")
def test_branches_are_ascii_where_the_encoding_has_nothing_else(server: EmulatorServer) -> None:
    process = Process("trace", "req_1", "--url", server.origin, PYTHONIOENCODING="ascii")
    assert process.ended() == (0, "")
    assert " `- evt_" in process.lines[1]
