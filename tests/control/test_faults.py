"""`/_emulate/faults`: faults over HTTP."""

from typing import Any

import pytest

from tests.support import OTHER_KEY, Api

PATH = "/_emulate/faults"


def arm(api: Api, **fields: Any) -> Any:
    reply = api("POST", PATH, json=fields)
    assert reply.status == 201, reply.body
    return reply.json


def test_an_armed_fault_is_shown_in_full(api: Api) -> None:
    armed = arm(
        api,
        pattern={"operation": "leads.list", "query": {"page": 2}},
        effect={"status": 503, "latencySeconds": 0.5},
        times=2,
        until="2999-01-01T00:00:00Z",
    )
    assert {name: armed[name] for name in armed if name not in {"id", "armedAt", "randomSeed"}} == {
        "state": "armed",
        "pattern": {"operation": "leads.list", "query": {"page": 2}},
        "effect": {"status": 503, "latencySeconds": 0.5},
        "chaos": False,
        "times": 2,
        "probability": 1.0,
        "from": None,
        "until": "2999-01-01T00:00:00.000Z",
        "matchCount": 0,
        "matches": [],
    }


def test_a_fault_hits_the_next_request_by_default(api: Api) -> None:
    armed = arm(api, effect={"status": 503})
    assert [api("GET", "/v1/leads").status for _ in range(2)] == [503, 200]
    after = api("GET", f"{PATH}/{armed['id']}").json

    assert (after["state"], after["matchCount"]) == ("consumed", 1)
    (match,) = after["matches"]
    assert {name: match[name] for name in ("method", "path", "operation", "effect")} == {
        "method": "GET",
        "path": "/v1/leads",
        "operation": "leads.list",
        "effect": {"status": 503},
    }


def test_the_journal_is_filtered_by_fault(api: Api) -> None:
    armed = arm(api, effect={"status": 503})
    api("GET", "/v1/leads")
    api("GET", "/v1/leads")
    (row,) = api("GET", f"/_emulate/requests?fault={armed['id']}").json["requests"]
    assert (row["status"], row["fault"]) == (503, armed["id"])


def test_times_null_is_for_ever(api: Api) -> None:
    assert arm(api, effect={"status": 503}, times=None)["times"] is None
    assert [api("GET", "/v1/leads").status for _ in range(3)] == [503] * 3


def test_chaos_has_a_seed_and_no_end(api: Api) -> None:
    armed = arm(api, chaos=True, randomSeed="42")
    assert (armed["chaos"], armed["effect"], armed["times"]) == (True, None, None)
    assert (armed["probability"], armed["randomSeed"]) == (0.2, "42")


def test_faults_are_listed_and_removed(api: Api) -> None:
    first, second = (arm(api, effect={"status": status})["id"] for status in (500, 503))
    assert [one["id"] for one in api("GET", PATH).json["faults"]] == [first, second]
    assert api("GET", PATH, key=OTHER_KEY).json["faults"] == []
    assert api("DELETE", f"{PATH}/{first}").status == 204
    assert api("GET", f"{PATH}/{first}").status == 404
    assert api("DELETE", PATH).status == 204
    assert api("GET", PATH).json["faults"] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({}, "expected either effect or chaos", id="nothing"),
        pytest.param({"effect": {"status": 500}, "chaos": True}, "expected either", id="both"),
        pytest.param({"effect": {"stats": 500}}, "did you mean 'status'?", id="effect"),
        pytest.param(
            {"effect": {"latencySeconds": -1}}, "effect.latencySeconds: expected", id="negative"
        ),
        pytest.param({"effect": {"hang": True}, "times": 0}, "times: expected", id="times"),
        pytest.param({"effect": {"hang": True}, "probability": 2}, "probability", id="share"),
        pytest.param(
            {"effect": {"hang": True}, "pattern": {"operation": "leads.lst"}},
            "did you mean 'leads.list'?",
            id="operation",
        ),
        pytest.param(
            {
                "effect": {"hang": True},
                "from": "2026-01-02T00:00:00Z",
                "until": "2026-01-01T00:00:00Z",
            },
            "until: expected a time after",
            id="times in the wrong order",
        ),
        pytest.param({"effect": {"hang": True}, "time": 1}, "did you mean 'times'?", id="a field"),
    ],
)
def test_a_fault_that_is_not_valid_is_refused_and_nothing_is_armed(
    api: Api, body: dict[str, Any], words: str
) -> None:
    reply = api("POST", PATH, json=body)
    assert reply.status == 400
    assert words in reply.json["message"]
    assert api("GET", PATH).json["faults"] == []
