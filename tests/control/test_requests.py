"""`/_emulate/requests`: the journal over HTTP."""

import threading
from typing import Any

import pytest

from tests.support import OTHER_KEY, Api, Reply

LEAD = "/v1/leads/lead_abc123"
PATH = "/_emulate/requests"


@pytest.fixture
def three(api: Api) -> None:
    """Three requests: the leads, a change, and a refused one."""
    api("GET", "/v1/leads?limit=1")
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    api("PATCH", "/v1/leads/unknown/status", json={"status": "DONE"})


def verify(api: Api, pattern: dict[str, Any], **counts: int) -> Reply:
    return api("POST", f"{PATH}/verify", json={"pattern": pattern, **counts})


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        pytest.param("", ["req_3", "req_2", "req_1"], id="all, newest first"),
        pytest.param("?method=patch", ["req_3", "req_2"], id="method"),
        pytest.param("?path=/v1/leads/{id}/status", ["req_3", "req_2"], id="path"),
        pytest.param("?operation=leads.list", ["req_1"], id="operation"),
        pytest.param("?status=404", ["req_3"], id="status"),
        pytest.param("?since=2026-01-01T00:00:00Z", ["req_3", "req_2", "req_1"], id="since"),
        pytest.param("?since=2999-01-01T00:00:00Z", [], id="since the future"),
        pytest.param("?limit=1&page=2", ["req_2"], id="page"),
        pytest.param("?withoutKey=true", [], id="without a key"),
    ],
)
def test_requests_are_listed_by_filter(api: Api, query: str, ids: list[str]) -> None:
    assert [one["id"] for one in api("GET", f"{PATH}{query}").json["requests"]] == ids


@pytest.mark.over_a_socket_too
def test_a_request_is_listed_with_its_facts(api: Api) -> None:
    reply = api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    assert reply.status == 200
    listed = api("GET", PATH).json
    (row,) = listed["requests"]

    assert listed["pagination"] == {"total": 1, "page": 1, "limit": 50, "totalPages": 1}
    assert {name: row[name] for name in ("id", "method", "path", "operation", "status")} == {
        "id": "req_1",
        "method": "PATCH",
        "path": f"{LEAD}/status",
        "operation": "leads.updateStatus",
        "status": 200,
    }
    assert row["events"] == [api("GET", "/_emulate/events").json["events"][0]["id"]]
    assert row["durationMs"] > 0


@pytest.mark.over_a_socket_too
def test_a_request_is_shown_with_headers_and_bodies_and_without_its_key(api: Api) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    reply = api("GET", f"{PATH}/req_1")

    assert reply.json["request"]["body"] == '{"status":"DONE"}'
    assert reply.json["request"]["headers"]["X-API-Key"] == "YOUR_A…"
    assert reply.json["response"]["status"] == 200
    assert b"YOUR_API_KEY" not in reply.body


def test_requests_without_a_known_key_are_listed_apart(api: Api) -> None:
    api("GET", "/v1/leads", key="sp_unknown_key")
    (row,) = api("GET", f"{PATH}?withoutKey=true").json["requests"]
    assert (row["id"], row["status"], row["apiKeyName"]) == ("nokey_1", 401, None)
    assert api("GET", f"{PATH}/nokey_1").json["response"]["status"] == 401


@pytest.mark.usefixtures("three")
def test_another_workspace_has_none_of_them(api: Api) -> None:
    assert api("GET", PATH, key=OTHER_KEY).json["requests"] == []
    assert api("GET", f"{PATH}/req_1", key=OTHER_KEY).status == 404


@pytest.mark.usefixtures("three")
def test_removing_forgets_all_of_them(api: Api) -> None:
    assert api("DELETE", PATH).status == 204
    assert api("GET", PATH).json["requests"] == []


@pytest.mark.over_a_socket_too
def test_new_requests_are_waited_for(api: Api, serve: Any, emulator: Any) -> None:
    start = api("GET", f"{PATH}/changes").json
    assert start["requests"] == []
    query = f"since={start['latest']}&journal={start['journal']}&waitSeconds=30"
    replies: list[Reply] = []
    waiting = threading.Thread(target=lambda: replies.append(api("GET", f"{PATH}/changes?{query}")))
    waiting.start()
    serve(emulator)("GET", "/v1/leads")
    waiting.join(10)

    (row,) = replies[0].json["requests"]
    assert (row["id"], replies[0].json["latest"]) == ("req_1", 1)


def test_all_requests_are_new_after_a_restart(api: Api) -> None:
    api("GET", "/v1/leads")
    reply = api("GET", f"{PATH}/changes?since=7&journal=of-before")
    assert [one["id"] for one in reply.json["requests"]] == ["req_1"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("pattern", "counts", "count"),
    [
        pytest.param({"method": "PATCH"}, {}, 2, id="at least one by default"),
        pytest.param({"method": "PATCH"}, {"count": 2}, 2, id="exactly"),
        pytest.param({"path": f"{LEAD}/status"}, {"atLeast": 1, "atMost": 1}, 1, id="a range"),
        pytest.param({"operation": "credits.get"}, {"count": 0}, 0, id="none"),
        pytest.param({"operation": "credits.get"}, {"atMost": 1}, 0, id="none at most"),
        pytest.param({"query": {"limit": 1}}, {"count": 1}, 1, id="query"),
        pytest.param({"json": {"status": "DONE"}}, {"count": 2}, 2, id="JSON"),
        pytest.param({"headers": {"x-api-key": "YOUR_API_KEY"}}, {"count": 3}, 3, id="header"),
        pytest.param({}, {"count": 3}, 3, id="any"),
    ],
)
def test_an_expectation_that_is_met_is_answered_with_the_count(
    api: Api, pattern: dict[str, Any], counts: dict[str, int], count: int
) -> None:
    reply = verify(api, pattern, **counts)
    assert (reply.status, reply.json["count"]) == (200, count)
    assert len(reply.json["matched"]) == count


@pytest.mark.usefixtures("three")
def test_an_expectation_that_is_not_met_is_answered_with_near_misses(api: Api) -> None:
    reply = verify(api, {"path": f"{LEAD}/status", "json": {"status": "REPLY_RECEIVED"}})
    nearest = reply.json["nearMisses"][0]

    assert (reply.status, reply.json["count"]) == (409, 0)
    assert nearest["id"] == "req_2"
    assert nearest["misses"] == ["json.status is 'DONE', not 'REPLY_RECEIVED'"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("counts", [{"count": 1}, {"atMost": 1}, {"atLeast": 3}])
def test_a_wrong_count_is_a_conflict(api: Api, counts: dict[str, int]) -> None:
    reply = verify(api, {"method": "PATCH"}, **counts)
    assert (reply.status, reply.json["count"]) == (409, 2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({}, "pattern: expected a JSON object, got nothing", id="no pattern"),
        pytest.param({"pattern": None}, "pattern: expected a JSON object, got null", id="null"),
        pytest.param({"pattern": []}, "pattern: expected a JSON object", id="pattern"),
        pytest.param({"pattern": {"metod": "GET"}}, "did you mean 'method'?", id="a field"),
        pytest.param({"pattern": {"method": "GETT"}}, "did you mean 'GET'?", id="a method"),
        pytest.param(
            {"pattern": {"operation": "leads.updatestatus"}},
            "operation: the API has no operation 'leads.updatestatus'; "
            "did you mean 'leads.updateStatus'?",
            id="an operation",
        ),
        pytest.param(
            {"pattern": {"path": "/leads"}}, "got '/leads'; did you mean '/v1/leads'?", id="a path"
        ),
        pytest.param(
            {"pattern": {"path": "/v1/leads?limit=1"}}, "put the query into query", id="a query"
        ),
        pytest.param(
            {"pattern": {"headers": {"A": 1}}},
            "pattern.headers.A: expected a string",
            id="a header",
        ),
        pytest.param({"pattern": {}, "count": -1}, "count: expected", id="a negative count"),
        pytest.param({"pattern": {}, "count": 1, "atMost": 2}, "either count", id="two counts"),
        pytest.param(
            {"pattern": {}, "atLeast": 3, "atMost": 2}, "atLeast: expected at most", id="a range"
        ),
    ],
)
def test_an_expectation_that_cannot_be_met_is_refused(
    api: Api, body: dict[str, Any], words: str
) -> None:
    reply = api("POST", f"{PATH}/verify", json=body)
    assert reply.status == 400
    assert words in reply.json["message"]


@pytest.mark.parametrize("query", ["?status=99", "?operation=leads.lst", "?page=0", "?x=1"])
def test_a_filter_that_is_not_valid_is_refused(api: Api, query: str) -> None:
    assert api("GET", f"{PATH}{query}").status == 400
