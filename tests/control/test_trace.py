"""`/_emulate/trace/{id}`: a trace over HTTP."""

import pytest

from tests.support import OTHER_KEY, Api

LEAD = "/v1/leads/lead_abc123"
PATH = "/_emulate/trace"


@pytest.mark.over_a_socket_too
def test_a_trace_is_a_tree(api: Api) -> None:
    reply = api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    trace = api("GET", f"{PATH}/{reply.headers['x-request-id']}").json
    (root,) = trace["roots"]
    (event,) = root["children"]

    assert (trace["id"], trace["earlierIds"]) == ("req_1", [])
    assert {name: root[name] for name in ("kind", "id", "cause", "joinedBy", "offsetMs")} == {
        "kind": "request",
        "id": "req_1",
        "cause": None,
        "joinedBy": None,
        "offsetMs": 0.0,
    }
    assert [root[name] for name in ("failed", "missing", "matched", "omitted")] == [
        False,
        False,
        True,
        0,
    ]
    assert root["durationMs"] > 0
    assert root["realAt"].endswith("Z")
    assert (event["kind"], event["cause"], event["realAt"]) == ("event", "request", None)
    assert event["id"] == api("GET", "/_emulate/events").json["events"][0]["id"]


@pytest.mark.parametrize("known", ["lead_abc123", "camp_xyz789"])
def test_a_resource_without_a_change_has_no_trees(api: Api, known: str) -> None:
    assert api("GET", f"{PATH}/{known}").json == {
        "id": known,
        "earlierIds": [],
        "omitted": 0,
        "roots": [],
    }


def test_an_unknown_id_is_refused_with_the_nearest_one(api: Api) -> None:
    reply = api("GET", f"{PATH}/lead_abc124")
    assert reply.status == 404
    assert reply.json["message"] == "Trace not found"
    assert "did you mean 'lead_abc123'?" in reply.headers["x-emulator-hint"]


@pytest.mark.over_a_socket_too
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("a%2Fb", id="an encoded slash"),
        pytest.param("%00", id="a null"),
        pytest.param("..%2F..", id="a path"),
        pytest.param("%F0%9F%98%80", id="an emoji"),
        pytest.param("x" * 4000, id="a long one"),
        pytest.param(f"req_{'9' * 5000}", id="a large number"),
    ],
)
def test_an_odd_id_is_refused(api: Api, odd: str) -> None:
    assert api("GET", f"{PATH}/{odd}").status == 404


def test_a_workspace_has_no_trace_of_another_one(api: Api) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    assert api("GET", f"{PATH}/req_1", key=OTHER_KEY).status == 404


def test_the_control_api_names_traces(api: Api) -> None:
    assert api("GET", "/_emulate").json["trace"].endswith("/_emulate/trace/{id}")
