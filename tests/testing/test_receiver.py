"""`sendpilot_receiver`: what it answers, what it says of what does not come, how it stops."""

import re
import threading
from typing import Any

import pytest
import requests

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox

EVENT = "lead.status.changed"
ADDED = "was it added with sendpilot.add_endpoint(sendpilot_receiver.url)?"


def post(receiver: WebhookReceiver, body: bytes = b"{}") -> requests.Response:
    return requests.post(receiver.url, data=body, timeout=10)


# --- received events ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "query"),
    [
        pytest.param("POST", "", {}, id="a webhook"),
        pytest.param("PUT", "?token=a%20b&empty=", {"token": "a b", "empty": ""}, id="parameters"),
        pytest.param("GET", "?n=1&n=2", {"n": "2"}, id="a name twice"),
    ],
)
def test_a_received_request_has_its_method_and_its_query(
    sendpilot_receiver: WebhookReceiver, method: str, target: str, query: dict[str, str]
) -> None:
    requests.request(method, sendpilot_receiver.url + target, timeout=10)
    (received,) = sendpilot_receiver.received

    assert (received.method, received.path, received.query) == (method, "/webhooks", query)


# --- responses ----------------------------------------------------------------------------------


def test_a_receiver_responds_as_set(sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot_receiver.respond(503, times=2, headers={"Retry-After": "1"}, body=b"later")
    replies = [post(sendpilot_receiver) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [503, 503, 200]
    assert (replies[0].headers["Retry-After"], replies[0].text) == ("1", "later")


def test_a_receiver_responds_in_the_order_set(sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot_receiver.respond(500)
    sendpilot_receiver.respond(502, times=2)
    sendpilot_receiver.respond(418)

    statuses = [post(sendpilot_receiver).status_code for _ in range(5)]
    assert statuses == [500, 502, 502, 418, 200]


@pytest.mark.parametrize(
    ("options", "content", "content_type"),
    [
        pytest.param({}, b"", None, id="nothing"),
        pytest.param({"body": b"\xff"}, b"\xff", None, id="bytes"),
        pytest.param({"body": "sp\u00e4ter"}, "sp\u00e4ter".encode(), None, id="text"),
        pytest.param({"body": {"ok": False}}, b'{"ok":false}', "application/json", id="dict"),
        pytest.param({"body": [1, "a"]}, b'[1,"a"]', "application/json", id="list"),
        pytest.param(
            {"body": {}, "headers": {"content-type": "text/x"}}, b"{}", "text/x", id="own type"
        ),
    ],
)
def test_a_body_can_be_of_several_types(
    sendpilot_receiver: WebhookReceiver,
    options: dict[str, Any],
    content: bytes,
    content_type: str | None,
) -> None:
    sendpilot_receiver.respond(503, **options)
    reply = post(sendpilot_receiver)

    assert (reply.status_code, reply.content) == (503, content)
    assert reply.headers.get("Content-Type") == content_type


@pytest.mark.parametrize(
    ("status", "line"), [(404, "Not Found"), (299, "Unknown"), (999, "Unknown")]
)
def test_a_receiver_can_respond_with_any_status(
    sendpilot_receiver: WebhookReceiver, status: int, line: str
) -> None:
    sendpilot_receiver.respond(status, headers={"Retry-After": 7})
    reply = post(sendpilot_receiver)

    assert (reply.status_code, reply.reason, reply.headers["Retry-After"]) == (status, line, "7")


@pytest.mark.parametrize(
    ("status", "options", "says"),
    [
        pytest.param(99, {}, "status: expected a whole number from 100 to 999, got 99", id="99"),
        pytest.param(1000, {}, "status: expected .*, got 1000", id="1000"),
        pytest.param("503", {}, "status: expected .*, got '503'", id="text"),
        pytest.param(True, {}, "status: expected .*, got True", id="boolean"),
        pytest.param(503, {"times": 0}, "times: expected a whole number from 1 .*, got 0", id="0"),
        pytest.param(503, {"times": -1}, "times: expected .*, got -1", id="less than 0"),
        pytest.param(503, {"times": None}, "times: expected .*, got None", id="no number"),
        pytest.param(
            503, {"body": 5}, "body: expected bytes, a text, or a dict or list", id="body"
        ),
        pytest.param(
            503, {"body": {"a": object()}}, "body: expected UTF-8 text or JSON", id="no JSON"
        ),
        pytest.param(
            503,
            {"headers": {"Connection": "close"}},
            "that a response may set, got 'Connection'",
            id="hop",
        ),
        pytest.param(503, {"headers": {"X": "a\nb"}}, "on one line, got 'X'", id="lines"),
        pytest.param(503, {"headers": {"X": "\u2713"}}, "expected Latin-1", id="letters"),
        pytest.param(503, {"headers": {5: "a"}}, "headers: expected names .*, got 5", id="no name"),
    ],
)
def test_an_invalid_response_is_refused(
    sendpilot_receiver: WebhookReceiver, status: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot_receiver.respond(status, **options)

    assert post(sendpilot_receiver).status_code == 200


# --- events that do not come --------------------------------------------------------------------


def test_a_missing_webhook_is_reported_with_what_came(sendpilot_receiver: WebhookReceiver) -> None:
    with pytest.raises(WebhookNotSeen, match=f"nothing has reached {sendpilot_receiver.url}"):
        sendpilot_receiver.wait_for("lead.updated", timeout=0.05)
    with pytest.raises(AssertionError, match=r"no webhook of any type within 0\.05 s\n  nothing"):
        sendpilot_receiver.wait_for(count=1, timeout=0.05)


def failures(receiver: WebhookReceiver) -> list[str]:
    messages = []
    for wait in (
        lambda: receiver.wait_for(EVENT, timeout=0.05),
        lambda: receiver.wait_for(count=9, timeout=0.05),
    ):
        with pytest.raises(WebhookNotSeen) as caught:
            wait()
        messages.append(str(caught.value))
    return messages


def test_a_missing_endpoint_is_reported(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint("http://127.0.0.1:9/webhooks")

    for text in failures(sendpilot_receiver):
        assert f"  nothing has reached {sendpilot_receiver.url}\n" in text
        assert f"  no endpoint points there: {ADDED}\n  nothing came" in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_endpoint_with_its_url_is_reported(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, host: str
) -> None:
    url = sendpilot_receiver.url.replace("127.0.0.1", host)
    endpoint = sendpilot.add_endpoint(url, events="message.sent")

    for text in failures(sendpilot_receiver):
        assert f"  <Endpoint {endpoint.id} {url}: message.sent> points there\n" in text
        assert ADDED not in text
        assert "is frozen" not in text


def test_a_failure_says_that_the_clock_is_frozen(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)

    for text in failures(sendpilot_receiver):
        assert "its clock is frozen at 20" in text


def test_the_failure_says_nothing_of_endpoints_without_sendpilot() -> None:
    with WebhookReceiver() as receiver:
        for text in failures(receiver):
            assert "endpoint" not in text


def test_received_webhooks_are_listed(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead(lead_id="lead_1"))
    sendpilot_receiver.wait_for(count=1)
    of_type, of_count = failures(sendpilot_receiver)

    assert 'nearest miss: message.sent {"leadId":"lead_1"' in of_type
    assert of_count.startswith("1 of 9 webhooks of any type within 0.05 s\n")
    assert '  came:\n    message.sent {"leadId":"lead_1"' in of_count
    assert "nothing has reached" not in of_type + of_count


@pytest.mark.parametrize(
    ("count", "says"),
    [
        pytest.param(
            0, r"count: expected 1 or more, got 0; to see that nothing came, assert", id="none"
        ),
        pytest.param(-1, "count: expected a whole number from 1", id="less than none"),
        pytest.param(True, "count: expected a whole number from 1", id="boolean"),
    ],
)
def test_a_count_that_needs_no_wait_is_refused(
    sendpilot_receiver: WebhookReceiver, count: int, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot_receiver.wait_for(count=count)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("timeout_seconds", "did you mean 'timeout'", id="timeout"),
        pytest.param("after", "sendpilot.webhooks.wait_for", id="after"),
    ],
)
def test_an_option_of_the_other_wait_is_refused_at_once(
    sendpilot_receiver: WebhookReceiver, name: str, says: str
) -> None:
    values: dict[str, Any] = {name: 3}
    with pytest.raises(InvalidInput, match=f"takes no '{name}'; {re.escape(says)}"):
        sendpilot_receiver.wait_for(EVENT, timeout=60, **values)


# --- received events ----------------------------------------------------------------------------


def test_a_body_that_is_no_json_does_no_harm(sendpilot_receiver: WebhookReceiver) -> None:
    post(sendpilot_receiver, b"hello")
    post(sendpilot_receiver, b'{"eventType": "lead.updated"}')

    assert sendpilot_receiver.wait_for("lead.updated").json == {"eventType": "lead.updated"}


def test_a_lead_stands_for_its_id(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    lead = sendpilot.add_lead()
    sent = sendpilot.trigger(EVENT, lead_id=lead)
    received = sendpilot_receiver.wait_for(EVENT, lead_id=lead)

    assert (received.event_type, received.event_id) == (sent.event_type, sent.event_id)
    assert received.data == sent.data


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(
            b'{"eventType":"lead.updated","eventId":"evt_1","data":{"leadId":"lead_1","x":[1]}}',
            "<ReceivedWebhook lead.updated evt_1 lead_1>",
            id="lead",
        ),
        pytest.param(
            b'{"eventType":"campaign.paused","eventId":"evt_1","data":{}}',
            "<ReceivedWebhook campaign.paused evt_1>",
            id="campaign",
        ),
        pytest.param(b"hello", "<ReceivedWebhook /hook b'hello'>", id="no event"),
        pytest.param(b"x" * 1000, f"<ReceivedWebhook /hook {b'x' * 60!r}>", id="long"),
    ],
)
def test_the_repr_of_a_webhook_is_short(body: bytes, text: str) -> None:
    assert repr(ReceivedWebhook("/hook", {"webhook-signature": "s"}, body)) == text


# --- stopping -----------------------------------------------------------------------------------


def test_a_receiver_that_stops_responds_to_held_requests() -> None:
    receiver = WebhookReceiver()
    receiver.start()
    statuses: list[int] = []
    with receiver.hold_responses():
        sending = threading.Thread(target=lambda: statuses.append(post(receiver).status_code))
        sending.start()
        receiver.wait_for(count=1, timeout=10)
        receiver.stop()
        sending.join(20)

        assert statuses == [200]
