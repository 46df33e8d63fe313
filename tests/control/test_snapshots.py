"""`/_emulate/snapshots` and `mock-sendpilot snapshot`; `tests/states` has the rest."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot import Sandbox
from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.control.expect import assert_invalid
from tests.support import Api

PATH = "/_emulate/snapshots"
LEAD = "lead_hb5qqh"


def status(api: Api) -> str:
    found: str = api("GET", f"/v1/leads/{LEAD}").json["status"]
    return found


def test_a_restored_workspace_is_as_it_was(api: Api) -> None:
    taken = api("POST", PATH, json={"name": "before"})
    api("PATCH", f"/v1/leads/{LEAD}/status", json={"status": "DONE"})
    restored = api("POST", f"{PATH}/{taken.json['id']}/restore")

    assert (taken.status, taken.json["name"]) == (201, "before")
    assert (restored.status, restored.json["id"]) == (200, "ws_demo")
    assert status(api) == "CONNECTION_SENT"
    assert api("GET", "/_emulate/events").json["events"] == []


def test_snapshots_are_listed_returned_and_removed(api: Api) -> None:
    ids = [api("POST", PATH).json["id"] for _ in range(2)]
    listed = api("GET", PATH).json["snapshots"]
    one = api("GET", f"{PATH}/{ids[0]}").json
    removed = api("DELETE", f"{PATH}/{ids[0]}")

    assert [snapshot["id"] for snapshot in listed] == ids
    assert (one, removed.status) == (listed[0], 204)
    assert [snapshot["id"] for snapshot in api("GET", PATH).json["snapshots"]] == ids[1:]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{PATH}/snap_9"), ("DELETE", f"{PATH}/snap_9"), ("POST", f"{PATH}/snap_9/restore")],
)
def test_an_unknown_snapshot_is_404(api: Api, method: str, path: str) -> None:
    assert api(method, path).status == 404


_BY_NAME = pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/restore")]
)


@_BY_NAME
def test_a_name_stands_for_an_id(api: Api, method: str, path: str) -> None:
    api("POST", PATH, json={"name": "the first"})
    assert api(method, f"{PATH}/the%20first{path}").status < 300


@_BY_NAME
def test_a_name_of_several_snapshots_is_refused(api: Api, method: str, path: str) -> None:
    ids = [api("POST", PATH, json={"name": "before"}).json["id"] for _ in range(2)]

    reply = api(method, f"{PATH}/before{path}")
    assert_invalid(
        reply,
        f"2 snapshots have the name 'before'; name one by its id, the latest "
        f"first: {ids[1]}, {ids[0]}",
    )
    assert len(api("GET", PATH).json["snapshots"]) == 2


def test_an_id_comes_before_a_name(api: Api) -> None:
    first = api("POST", PATH).json["id"]
    api("POST", PATH, json={"name": first})
    assert api("GET", f"{PATH}/{first}").json["name"] is None


def test_a_misspelled_name_is_answered_with_the_name(api: Api) -> None:
    api("POST", PATH, json={"name": "before"})
    reply = api("POST", f"{PATH}/befor/restore")
    assert reply.status == 404
    assert "did you mean 'before'?" in reply.headers["x-emulator-hint"]


def test_a_snapshot_of_another_workspace_is_unknown(api: Api) -> None:
    taken = api("POST", PATH).json["id"]

    assert api("POST", f"{PATH}/{taken}/restore", key="YOUR_OTHER_API_KEY").status == 404


def test_an_unknown_field_is_refused(api: Api) -> None:
    assert_invalid(api("POST", PATH, json={"nam": "x"}), "did you mean 'name'")


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


def run(server: EmulatorServer, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["snapshot", *arguments, "--url", server.origin])
    assert result.exit_code == 0, result.stderr
    return result


def test_the_command_saves_lists_restores_and_removes(server: EmulatorServer) -> None:
    saved = run(server, "save", "--name", "before")
    server.emulator.workspaces()[0].store.set_lead_status(LEAD, status="DONE")
    listed = json.loads(run(server, "list", "--json").stdout)
    restored = run(server, "restore", "snap_1")
    removed = run(server, "remove", "snap_1")

    assert saved.stdout.startswith("snap_1: before; 20")
    assert [one["id"] for one in listed["snapshots"]] == ["snap_1"]
    assert restored.stdout.startswith("ws_demo: contract documented")
    assert (removed.stdout, run(server, "list").stderr) == ("snap_1: removed\n", "no snapshots\n")
    assert server.emulator.workspaces()[0].store.lead(LEAD).status == "CONNECTION_SENT"


def test_the_command_takes_a_name(server: EmulatorServer) -> None:
    saved = run(server, "save", "before the import")
    restored = run(server, "restore", "before the import")
    removed = run(server, "remove", "before the import")

    assert saved.stdout.startswith("snap_1: before the import; 20")
    assert restored.stdout.startswith("ws_demo: contract documented")
    assert removed.stdout == "before the import: removed\n"


def test_the_command_takes_one_name_alone(server: EmulatorServer) -> None:
    arguments = ["snapshot", "save", "a", "--name", "b", "--url", server.origin]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "NAME and --name exclude each other" in result.stderr) == (2, True)


def test_the_fixture_takes_and_restores_snapshots(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    snapshot = sendpilot.snapshot()
    sendpilot.simulate("connection_sent", lead)
    sendpilot.restore(snapshot)

    assert sendpilot.lead(lead).status == "PENDING"
    assert list(sendpilot.events) == []


def test_the_state_of_a_snapshot_can_be_put_back(api: Api) -> None:
    lead = api("GET", "/v1/leads").json["leads"][0]["id"]
    path = f"/v1/leads/{lead}/status"
    before = api("GET", f"/v1/leads/{lead}").json["status"]
    snapshot = api("POST", "/_emulate/snapshots").json["id"]
    api("PATCH", path, json={"status": "DONE" if before != "DONE" else "PENDING"})

    state = api("GET", f"/_emulate/snapshots/{snapshot}/state").json

    assert api("PUT", "/_emulate/state", json=state).status == 200
    assert api("GET", f"/v1/leads/{lead}").json["status"] == before
