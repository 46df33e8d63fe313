"""The page of the world: reset, seeds, states and snapshots, each with a way back."""

import json
from collections.abc import Callable

import pytest

from mock_sendpilot.dashboard.calls import MAX_UNDO
from mock_sendpilot.states.snapshots import MAX_SNAPSHOTS
from tests.api.expect import LEAD
from tests.dashboard.conftest import GetPage, SubmitForm
from tests.dashboard.xss import ATTEMPTS
from tests.support import Api, Reply

PATH = "/ws_demo/world"
Post = Callable[..., Reply]
LEADS = {
    "campaigns": [{"id": "camp_one", "name": "One", "status": "started"}],
    "leads": [
        {
            "id": "lead_one",
            "campaignId": "camp_one",
            "linkedinUrl": "https://www.linkedin.com/in/one",
            "status": "PENDING",
        }
    ],
}


def set_status(api: Api, status: str = "DONE") -> None:
    assert api("PATCH", f"{LEAD}/status", json={"status": status}).status == 200


def status(api: Api) -> str:
    found: str = api("GET", LEAD).json["status"]
    return found


def undo(post_form: Post, reply: Reply) -> None:
    assert reply.json["ok"], reply.json
    call = f"POST /_emulate/snapshots/{reply.json['undo']}/restore"
    assert post_form("/ws_demo/call", {"call": call}).json["ok"]


def snapshots(api: Api) -> list[str | None]:
    return [one["name"] for one in api("GET", "/_emulate/snapshots").json["snapshots"]]


def load(post_form: Post, contents: object, mode: str = "replace", **fields: str) -> Reply:
    text = contents if isinstance(contents, str) else json.dumps(contents)
    sent = {"text": text, "mode": mode, "undo": "1", "next": "/dashboard/ws_demo/world", **fields}
    return post_form("/ws_demo/world/load", sent)


# --- reset and snapshots ------------------------------------------------------------------------


@pytest.mark.parametrize(("keeps", "count"), [("true", 1), ("", 0)], ids=["kept", "dropped"])
def test_a_reset_can_be_undone(
    api: Api, submit: SubmitForm, post_form: Post, keeps: str, count: int
) -> None:
    before = status(api)
    set_status(api)
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/webhooks"})
    fields = {"keepEndpoints:switch": keeps or "false"}
    reply = submit(PATH, "Reset to the seed", **fields)
    assert status(api) == before
    assert len(api("GET", "/_emulate/endpoints").json["endpoints"]) == count
    undo(post_form, reply)
    assert status(api) == "DONE"


@pytest.mark.parametrize("button", ["Reset to the seed", "Restore", "Delete", "Load"])
def test_a_change_that_cannot_be_taken_back_asks_first(
    api: Api, get_page: GetPage, button: str
) -> None:
    api("POST", "/_emulate/snapshots", json={})
    page = get_page(PATH)
    forms = [one for one in page.all("form") if "".join(one.text).strip().endswith(button)]
    assert [bool(one.fields["confirm"]) for one in forms] == [True]


def test_a_snapshot_is_saved_restored_and_deleted(
    api: Api, get_page: GetPage, submit: SubmitForm
) -> None:
    assert "None yet." in get_page(PATH).live("snapshots")
    submit(PATH, "Save a snapshot", name="a good moment")
    assert "a good moment" in get_page(PATH).live("snapshots")
    before = status(api)
    set_status(api)
    submit(PATH, "Restore")
    assert status(api) == before
    for _ in snapshots(api):
        submit(PATH, "Delete")
    assert snapshots(api) == []


def test_the_oldest_snapshots_before_changes_are_removed_and_no_others(
    api: Api, submit: SubmitForm
) -> None:
    submit(PATH, "Save a snapshot", name="before the import")
    for _ in range(MAX_UNDO + 2):
        submit(PATH, "Reset to the seed")
    names = snapshots(api)
    assert names[0] == "before the import"
    assert names[1:] == ["automatic, before POST /_emulate/reset"] * MAX_UNDO


def test_nothing_is_changed_that_could_not_be_undone(api: Api, submit: SubmitForm) -> None:
    set_status(api)
    for _ in range(MAX_SNAPSHOTS):
        api("POST", "/_emulate/snapshots", json={})
    reply = submit(PATH, "Reset to the seed")
    assert not reply.json["ok"]
    assert "Nothing is changed" in reply.json["message"]
    assert status(api) == "DONE"


def test_a_snapshot_with_any_name_is_text(api: Api, get_page: GetPage) -> None:
    api("POST", "/_emulate/snapshots", json={"name": "harmless"})
    structure = get_page(PATH).structure
    for number, text in enumerate(ATTEMPTS, start=1):
        api("DELETE", f"/_emulate/snapshots/snap_{number}")
        assert api("POST", "/_emulate/snapshots", json={"name": text}).status == 201
        page = get_page(PATH)
        assert page.structure == structure
        assert " ".join(text.split()) in page.live("snapshots")


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param(LEADS, id="contents"),
        pytest.param({"workspaces": [{"id": "ws_x", **LEADS}]}, id="a file with one workspace"),
        pytest.param(
            {"workspaces": [{"id": "ws_x"}, {"id": "ws_demo", **LEADS}]},
            id="a file with this workspace",
        ),
        pytest.param("\ufeff" + json.dumps(LEADS), id="with a byte order mark"),
    ],
)
def test_a_seed_replaces_the_contents_and_can_be_undone(
    api: Api, post_form: Post, contents: object
) -> None:
    reply = load(post_form, contents)
    assert reply.json["ok"], reply.json
    assert api("GET", "/v1/leads/lead_one").status == 200
    assert api("GET", LEAD).status == 404
    undo(post_form, reply)
    assert api("GET", LEAD).status == 200


def test_a_seed_is_added(api: Api, post_form: Post) -> None:
    workspace = {"id": "ws_x", "name": "X", "apiKeys": [{"key": "x"}], **LEADS}
    reply = load(post_form, {"workspaces": [workspace]}, "merge")
    assert reply.json["ok"], reply.json
    assert [api("GET", path).status for path in ("/v1/leads/lead_one", LEAD)] == [200, 200]


def test_a_file_is_loaded(api: Api, get_page: GetPage) -> None:
    token = get_page(PATH).field("token")
    parts = [("token", "", token), ("mode", "", "replace")]
    parts += [("file", '; filename="world.json"', json.dumps(LEADS))]
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'
        for name, more, text in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"}
    path = f"/dashboard{PATH}/load"
    reply = api("POST", path, key=None, body=f"{body}--x--\r\n".encode(), headers=headers)
    assert reply.json["ok"], reply.json
    assert api("GET", "/v1/leads/lead_one").status == 200


def test_a_file_asks_first_and_is_sent_once(api: Api, post_form: Post) -> None:
    reply = load(post_form, LEADS, confirm="Really?")
    assert b"Really?" in reply.body
    assert b"lead_one" in reply.body
    assert api("GET", "/v1/leads/lead_one").status == 404


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        pytest.param("", "choose a file first", id="nothing"),
        pytest.param("{", "not valid JSON", id="no JSON"),
        pytest.param("[]", "expected a JSON object", id="an array"),
        pytest.param({"workspaces": [{}, {}]}, "workspaces: expected one", id="several"),
        pytest.param({"leeds": []}, "did you mean 'leads'?", id="an unknown field"),
    ],
)
def test_an_invalid_file_changes_nothing(
    api: Api, post_form: Post, contents: object, message: str
) -> None:
    reply = load(post_form, contents)
    assert (reply.json["ok"], message in reply.json["message"]) == (False, True), reply.json
    assert api("GET", LEAD).status == 200


def test_a_state_that_was_downloaded_is_gone_on_from(api: Api, post_form: Post) -> None:
    set_status(api)
    reply = api("GET", f"/dashboard{PATH}/state.json", key=None)
    assert reply.headers["content-disposition"] == "attachment; filename=ws_demo-state.json"
    set_status(api, "PENDING")
    loaded = load(post_form, reply.body.decode(), "state")
    assert loaded.json["ok"], loaded.json
    assert status(api) == "DONE"


def test_a_seed_is_downloaded(api: Api) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    reply = api("GET", f"/dashboard{PATH}/seed.json", key=None)
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json == api("GET", "/_emulate/seed").json


def test_there_is_no_other_file(api: Api) -> None:
    assert api("GET", f"/dashboard{PATH}/keys.json", key=None).status == 404
