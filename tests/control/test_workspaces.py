"""`/_emulate/workspaces`: workspaces are made, listed and removed over HTTP."""

from typing import Any

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.emulator import Emulator
from tests.control.expect import assert_invalid
from tests.control.world import WORLD
from tests.support import Api, Reply

PATH = "/_emulate/workspaces"


def add(api: Api, **body: Any) -> Reply:
    return api("POST", PATH, key=None, json=body)


def test_a_workspace_without_a_body_is_empty_and_its_key_opens_it(api: Api) -> None:
    reply = add(api)
    leads = api("GET", "/v1/campaigns", key=reply.json["apiKey"])

    assert reply.status == 201
    assert reply.json["baseUrl"] == "http://localhost/v1"
    assert leads.json["pagination"]["total"] == 0


def test_a_workspace_has_the_contents_the_contract_and_the_clock_of_the_request(api: Api) -> None:
    seed = {key: WORLD["workspaces"][0][key] for key in ("senders", "campaigns", "leads")}
    clock = {"startsAt": "2030-01-31T09:00:00Z", "frozen": True}
    reply = add(api, seed=seed, contract="live", clock=clock).json

    assert (reply["leads"], reply["contract"]) == (2, "live")
    assert reply["clock"] == {"now": "2030-01-31T09:00:00.000Z", "frozen": True}


def test_a_seed_brings_its_own_id_name_and_keys(api: Api) -> None:
    reply = add(api, seed=WORLD["workspaces"][0]).json

    assert (reply["id"], reply["name"], reply["apiKey"]) == ("ws_a", "A", "key_a")


def test_a_workspace_has_the_key_of_the_request(api: Api) -> None:
    reply = add(api, apiKey="sp_test_mine", seed=WORLD["workspaces"][0]).json

    assert reply["apiKey"] == "sp_test_mine"
    assert api("GET", "/v1/campaigns", key="sp_test_mine").status == 200
    assert api("GET", "/v1/campaigns", key="key_a").status == 401


def test_the_same_random_seed_gives_the_same_ids(api: Api) -> None:
    seed = {key: WORLD["workspaces"][0][key] for key in ("senders", "campaigns")}
    keys = [add(api, seed=seed, randomSeed="7").json["apiKey"] for _ in range(2)]
    lead = {"linkedinUrl": "https://www.linkedin.com/in/eve", "campaignId": "camp_a"}
    ids = {api("POST", "/_emulate/leads", key=key, json=lead).json["id"] for key in keys}

    assert len(ids) == 1


def test_workspaces_are_listed_and_one_is_returned_without_keys(api: Api) -> None:
    listed = api("GET", PATH, key=None).json["workspaces"]
    single = api("GET", f"{PATH}/ws_demo", key=None)

    assert next(one["id"] for one in listed) == "ws_demo"
    assert "YOUR_API_KEY" not in single.body.decode()
    assert single.json["leads"] > 0


def test_the_key_of_a_removed_workspace_opens_nothing(api: Api) -> None:
    added = add(api).json
    removed = api("DELETE", f"{PATH}/{added['id']}", key=None)

    assert removed.status == 204
    assert api("GET", "/v1/me", key=added["apiKey"]).status == 401
    assert api("GET", f"{PATH}/{added['id']}", key=None).status == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"seeds": {}}, "did you mean 'seed'", id="field"),
        pytest.param({"contract": "liv"}, "did you mean 'live'", id="contract"),
        pytest.param({"clock": {"startsAt": "now"}}, "clock.startsAt: expected a time", id="clock"),
        pytest.param({"seed": {"leads": [{}]}}, "seed.leads[0].id", id="part"),
        pytest.param(
            {"seed": {"id": "ws_demo"}}, "there is a workspace 'ws_demo' already", id="id"
        ),
        pytest.param(
            {"seed": {"apiKeys": [{"key": "YOUR_API_KEY"}]}}, "belongs to another", id="key"
        ),
        pytest.param({"apiKey": "YOUR_API_KEY"}, "belongs to another", id="key of its own"),
        pytest.param({"apiKey": ""}, "apiKey", id="empty key"),
    ],
)
def test_an_invalid_workspace_is_refused_and_not_added(
    api: Api, emulator: Emulator, body: dict[str, Any], words: str
) -> None:
    before = emulator.workspaces()

    assert_invalid(add(api, **body), words)
    assert emulator.workspaces() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("token", "address", "status"),
    [
        pytest.param(None, "127.0.0.1", "2", id="from this machine"),
        pytest.param(None, "10.0.0.7", "403", id="from another machine"),
        pytest.param("s3cret", "10.0.0.7", "2", id="from another machine with the token"),
    ],
)
def test_another_machine_needs_the_control_token(
    emulator: Emulator, method: str, token: str | None, address: str, status: str
) -> None:
    client = create_app(emulator, guard=Guard(control_token=token)).test_client()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = client.open(PATH, method=method, headers=headers, environ_base={"REMOTE_ADDR": address})

    assert str(reply.status_code).startswith(status)
