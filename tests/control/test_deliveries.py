"""`/_emulate/deliveries`."""

from collections.abc import Iterator
from typing import Any

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.support import OTHER_KEY, Api, eventually

PATH = "/_emulate/deliveries"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def sent(api: Api, receiver: WebhookReceiver) -> dict[str, Any]:
    """The newest of two deliveries: the first failed, the second succeeded."""
    receiver.respond(500, headers={"X-Kind": "broken"}, body=b"oh no")
    receiver.respond(200)
    api("POST", "/_emulate/endpoints", json={"url": receiver.url})
    for status in ("DONE", "OPPORTUNITY"):
        api("PATCH", "/v1/leads/lead_abc123/status", json={"status": status})
    eventually(lambda: all(one["attemptCount"] for one in listed(api)))
    return listed(api)[0]


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api("GET", f"{PATH}{query}").json["deliveries"]
    return rows


def test_the_newest_delivery_is_first(api: Api, sent: dict[str, Any]) -> None:
    rows = listed(api)
    assert [row["state"] for row in rows] == ["succeeded", "pending"]
    assert rows[0] == sent
    assert [row["lastOutcome"] for row in rows] == [200, 500]


def test_a_delivery_shows_each_attempt(
    api: Api, sent: dict[str, Any], receiver: WebhookReceiver
) -> None:
    failed = listed(api, "?state=pending")[0]
    detail = api("GET", f"{PATH}/{failed['id']}").json
    (attempt,) = detail["attempts"]
    when = ["at", "sentAt", "signedAt", "durationMs"]
    keys = ["number", "trigger", "disruption", *when, "request", "response", "error"]
    assert list(attempt) == keys
    assert attempt["request"]["url"] == receiver.url
    assert attempt["request"]["body"] == receiver.received[0].body.decode()
    assert "svix-signature" in attempt["request"]["headers"]
    assert attempt["response"]["status"] == 500
    assert attempt["response"]["headers"]["X-Kind"] == "broken"
    assert (attempt["response"]["body"], attempt["response"]["truncated"]) == ("oh no", False)
    assert attempt["error"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param("?state=succeeded", 1, id="state"),
        pytest.param("?state=exhausted", 0, id="no such state yet"),
        pytest.param("?eventType=lead.status.changed", 2, id="event type"),
        pytest.param("?eventType=message.sent", 0, id="another event type"),
        pytest.param("?leadId=lead_abc123", 2, id="lead"),
        pytest.param("?leadId=lead_x", 0, id="another lead"),
        pytest.param("?endpointId=ep_x", 0, id="another endpoint"),
        pytest.param("?limit=1", 1, id="limit"),
        pytest.param("?limit=1&page=2", 1, id="second page"),
        pytest.param("?limit=1&page=3", 0, id="beyond the last page"),
    ],
)
def test_filters_and_pages_select_deliveries(
    api: Api, sent: dict[str, Any], query: str, count: int
) -> None:
    assert len(listed(api, query)) == count


def test_an_endpoint_selects_its_deliveries(api: Api, sent: dict[str, Any]) -> None:
    assert len(listed(api, f"?endpointId={sent['endpointId']}")) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("?state=done", "state: expected one of", id="state"),
        pytest.param("?eventType=lead.status.chagned", "did you mean 'lead.status", id="event"),
        pytest.param("?limit=0", "limit: expected a whole number from 1 to 100", id="limit"),
        pytest.param("?lead=x", "unknown field 'lead'; did you mean 'leadId'?", id="unknown"),
    ],
)
def test_an_invalid_query_is_refused(api: Api, query: str, message: str) -> None:
    reply = api("GET", f"{PATH}{query}")
    assert reply.status == 400
    assert message in reply.json["message"]


def test_another_workspace_has_none_of_the_deliveries(api: Api, sent: dict[str, Any]) -> None:
    assert api("GET", PATH, key=OTHER_KEY).json["deliveries"] == []
    assert api("GET", f"{PATH}/{sent['id']}", key=OTHER_KEY).status == 404


def test_an_unknown_delivery_is_not_found(api: Api) -> None:
    reply = api("GET", f"{PATH}/dlv_x")
    assert (reply.status, reply.json["message"]) == (404, "Delivery not found")


def test_a_refused_connection_is_reported_in_words(api: Api, receiver: WebhookReceiver) -> None:
    receiver.stop()
    api("POST", "/_emulate/endpoints", json={"url": receiver.url})
    api("PATCH", "/v1/leads/lead_abc123/status", json={"status": "DONE"})
    eventually(lambda: listed(api)[0]["attemptCount"])
    assert listed(api)[0]["lastOutcome"] == "Connection refused"
