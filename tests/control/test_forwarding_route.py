"""Forwarded endpoints: a listener takes their requests, makes them, and brings the answers."""

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from svix.webhooks import Webhook

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.webhooks.forwarding import ForwardingLimits
from tests.support import SECRET, Api, Reply, eventually

URL = "http://app.internal:9000/webhooks"


@pytest.fixture
def queue(api: Api) -> str:
    """The path of an endpoint's queue."""
    wanted = {"url": URL, "secret": SECRET, "forwarded": True}
    endpoint = api("POST", "/_emulate/endpoints", json=wanted).json
    assert endpoint["forwarded"] is True
    return f"/_emulate/endpoints/{endpoint['id']}/forwarding"


def change(api: Api, status: str = "DONE") -> None:
    reply = api("PATCH", "/v1/leads/lead_abc123/status", json={"status": status})
    assert reply.status == 200


def taken(api: Api, queue: str) -> dict[str, Any]:
    reply = api("GET", f"{queue}?waitSeconds=5")
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


def only_delivery(api: Api) -> dict[str, Any]:
    (row,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    found: dict[str, Any] = api("GET", f"/_emulate/deliveries/{row['id']}").json
    return found


def test_a_listener_takes_the_request_as_it_would_have_been_sent(api: Api, queue: str) -> None:
    change(api)
    request = taken(api, queue)

    assert request["url"] == URL
    Webhook(SECRET).verify(base64.b64decode(request["content"]), request["headers"])
    assert (request["secondsToSend"], request["breaksOff"]) == (0, False)
    assert request["losesResponse"] is False
    assert request["timeoutSeconds"] == 30
    api("POST", f"{queue}/{request['id']}", json={"status": 200})


def test_the_response_is_in_the_log(api: Api, queue: str) -> None:
    change(api)
    path = f"{queue}/{taken(api, queue)['id']}"
    answer = {"status": 202, "headers": {"X-Kind": "queued"}, "body": "later"}
    assert api("POST", path, json=answer).status == 204
    eventually(lambda: only_delivery(api)["state"] == "succeeded")

    (attempt,) = only_delivery(api)["attempts"]
    assert attempt["response"] == {**answer, "truncated": False}


def test_an_error_counts_as_a_failed_attempt(api: Api, queue: str) -> None:
    change(api)
    path = f"{queue}/{taken(api, queue)['id']}"
    api("POST", path, json={"error": "Connection refused"})
    eventually(lambda: only_delivery(api)["attemptCount"] == 1)

    delivery = only_delivery(api)
    assert (delivery["state"], delivery["lastOutcome"]) == ("pending", "Connection refused")


def test_requests_come_one_by_one_in_order(api: Api, queue: str) -> None:
    for status in ("DONE", "OPPORTUNITY"):
        change(api, status)
    first = taken(api, queue)
    assert taken(api, queue) == first  # without an answer it was lost on its way
    api("POST", f"{queue}/{first['id']}", json={"status": 200})
    second = taken(api, queue)
    api("POST", f"{queue}/{second['id']}", json={"status": 200})

    bodies = [base64.b64decode(one["content"]) for one in (first, second)]
    assert [b'"newStatus":"DONE"' in bodies[0], b'"newStatus":"OPPORTUNITY"' in bodies[1]] == [
        True,
        True,
    ]


@pytest.fixture
def waiting(api: Api, queue: str) -> Iterator[list[Reply]]:
    """A listener that asks before there is anything; its reply is put in the list."""
    replies: list[Reply] = []
    thread = threading.Thread(
        target=lambda: replies.append(api("GET", f"{queue}?waitSeconds=9")), daemon=True
    )
    thread.start()
    yield replies
    thread.join(10)


def test_a_listener_that_asks_early_waits_for_the_request(
    api: Api, queue: str, waiting: list[Reply]
) -> None:
    change(api)
    eventually(lambda: [reply.status for reply in waiting] == [200])
    api("POST", f"{queue}/{waiting[0].json['id']}", json={"status": 200})


def test_an_endpoint_is_disabled_once_nobody_listens_any_more(
    api: Api, emulator: Emulator, queue: str
) -> None:
    workspace = emulator.workspaces()[0]
    emulator.outbox(workspace).forwarding.limits = ForwardingLimits(silence_seconds=0.05)
    change(api)
    path = queue.removesuffix("/forwarding")
    eventually(lambda: api("GET", path).json["enabled"] is False)

    assert api("GET", path).json["disabledReason"] == "its listener is gone"
    assert only_delivery(api)["lastOutcome"].startswith("nobody listens")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param({}, "expected either status or error", id="nothing"),
        pytest.param({"status": 200, "error": "x"}, "expected either status or error", id="both"),
        pytest.param({"status": 99}, "from 100 to 999", id="no status"),
        pytest.param({"status": "200"}, "expected a whole number", id="a text"),
        pytest.param({"code": 200}, "unknown field 'code'", id="unknown field"),
    ],
)
def test_an_invalid_report_is_refused(
    api: Api, queue: str, answer: dict[str, Any], says: str
) -> None:
    reply = api("POST", f"{queue}/req_1", json=answer)
    assert reply.status == 400
    assert says in reply.json["message"]


def test_a_report_on_no_request_is_404(api: Api, queue: str) -> None:
    reply = api("POST", f"{queue}/req_1", json={"status": 200})
    assert (reply.status, reply.json["message"]) == (404, "Forwarded request not found")


def test_an_endpoint_that_the_server_sends_to_has_no_forwarding_queue(api: Api) -> None:
    endpoint = api("POST", "/_emulate/endpoints", json={"url": URL, "enabled": False}).json
    reply = api("GET", f"/_emulate/endpoints/{endpoint['id']}/forwarding")
    assert reply.status == 400
    assert "is not forwarded" in reply.json["message"]


def test_deleting_the_endpoint_ends_the_wait_of_a_listener(api: Api, queue: str) -> None:
    change(api)
    eventually(lambda: only_delivery(api)["state"] == "pending")
    assert api("DELETE", queue.removesuffix("/forwarding")).status == 204

    assert only_delivery(api)["state"] == "cancelled"
    assert api("GET", queue).status == 404
