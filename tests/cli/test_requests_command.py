"""`mock-sendpilot requests`, with a running server."""

import json
import threading

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.traffic.journal import JournalEntry
from tests.cli.commands import invoke
from tests.support import DEMO_KEY, over_a_socket

LEAD = "/v1/leads/lead_abc123"


@pytest.fixture
def two(server: EmulatorServer) -> list[JournalEntry]:
    """Requests: a list that is refused, and a change."""
    api = over_a_socket(server.origin)
    api("GET", "/v1/leads?limit=x")
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    return server.emulator.keys.open(DEMO_KEY).journal.all()


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("requests", *arguments, "--url", server.origin)


def test_requests_are_listed_newest_first(server: EmulatorServer, two: list[JournalEntry]) -> None:
    result = run(server, "list")
    newest, oldest = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert f"req_2  PATCH {LEAD}/status  200, " in newest
    assert newest.endswith("leads.updateStatus")
    assert "req_1  GET /v1/leads?limit=x  400, " in oldest


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        pytest.param(["--method", "GET"], ["req_1"], id="method"),
        pytest.param(["--path", "/v1/leads/{id}/status"], ["req_2"], id="path"),
        pytest.param(["--operation", "leads.list"], ["req_1"], id="operation"),
        pytest.param(["--status", "200"], ["req_2"], id="status"),
        pytest.param(["--without-key"], [], id="without a key"),
        pytest.param(["--limit", "1"], ["req_2"], id="limit"),
    ],
)
@pytest.mark.usefixtures("two")
def test_requests_are_listed_by_filter(
    server: EmulatorServer, options: list[str], ids: list[str]
) -> None:
    reply = json.loads(run(server, "list", "--json", *options).stdout)
    assert [one["id"] for one in reply["requests"]] == ids


def test_an_empty_list_is_mentioned_on_standard_error(server: EmulatorServer) -> None:
    assert run(server, "list").stderr == "no requests\n"


@pytest.mark.usefixtures("two")
def test_an_unknown_operation_is_refused_with_a_guess(server: EmulatorServer) -> None:
    result = run(server, "list", "--operation", "leads.lists")
    assert result.exit_code == 1
    assert "did you mean 'leads.list'?" in result.stderr


@pytest.mark.usefixtures("two")
def test_a_request_is_shown_with_its_response(server: EmulatorServer) -> None:
    result = run(server, "show", "req_2")

    assert result.exit_code == 0
    assert "  X-API-Key: YOUR_A…" in result.stdout
    assert '  "status": "DONE"' in result.stdout
    assert "response:\n  Content-Type: application/json; charset=utf-8" in result.stdout
    assert "events: evt_" in result.stdout


@pytest.mark.usefixtures("two")
def test_a_request_is_shown_as_json(server: EmulatorServer) -> None:
    assert json.loads(run(server, "show", "req_2", "--json").stdout)["id"] == "req_2"


def test_an_unknown_request_is_not_shown(server: EmulatorServer) -> None:
    result = run(server, "show", "req_9")
    assert (result.exit_code, "Request not found" in result.stderr) == (1, True)


def test_the_route_of_changes_is_not_the_id_of_a_request(server: EmulatorServer) -> None:
    assert run(server, "show", "changes").exit_code == 2


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_requests_are_printed_as_they_come(server: EmulatorServer, options: list[str]) -> None:
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.01):
            over_a_socket(server.origin)("PATCH", f"{LEAD}/status", json={"status": "DONE"})

    sending = threading.Thread(target=send)
    sending.start()
    result = run(server, "tail", "--count", "2", *options)
    stop.set()
    sending.join()

    lines = result.stdout.splitlines()
    assert (result.exit_code, len(lines)) == (0, 2)
    assert all(f"{LEAD}/status" in line and "DONE" in line for line in lines)
