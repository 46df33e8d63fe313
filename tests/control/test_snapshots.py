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


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/restore")])
def test_a_name_in_place_of_an_id_is_answered_with_the_id(api: Api, method: str, path: str) -> None:
    api("POST", PATH, json={"name": "before"})
    latest = api("POST", PATH, json={"name": "before"}).json["id"]

    reply = api(method, f"{PATH}/before{path}")
    assert reply.status == 404
    assert f"the latest one with that name is '{latest}'" in reply.headers["x-emulator-hint"]


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


def test_the_fixture_takes_and_restores_snapshots(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    snapshot = sendpilot.snapshot()
    sendpilot.simulate("connection_sent", lead)
    sendpilot.restore(snapshot)

    assert sendpilot.lead(lead).status == "PENDING"
    assert list(sendpilot.events) == []
