"""Headers of an endpoint: sent with each attempt, never in place of the emulator's own."""

from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.world.endpoint_settings import (
    MAX_HEADER_LENGTH,
    MAX_HEADERS,
    RESERVED_HEADERS,
    EndpointSettings,
)
from tests.control.world import problems, world_with
from tests.support import SECRET, Api
from tests.webhooks.conftest import World

PATH = "/_emulate/endpoints"
HEADERS = {"X-Env": "staging", "Authorization": "Basic aHVudGVyMg=="}
REFUSED: list[Any] = [
    pytest.param([("X-Env", "a")], "headers: expected an object of texts by name", id="a list"),
    pytest.param({f"X-{n}": "a" for n in range(MAX_HEADERS + 1)}, "headers: expected 20", id="21"),
    pytest.param({"X-Env": "a", "x-env": "b"}, "each name once", id="a name twice"),
    pytest.param({"X Env": "hunter2"}, "expected the name of a header, such as X-Env", id="blank"),
    pytest.param({"": "hunter2"}, "expected the name of a header", id="no name"),
    pytest.param({"X-É": "hunter2"}, "expected the name of a header", id="no ASCII"),
    pytest.param({3: "hunter2"}, "expected the name of a header", id="a number"),
    pytest.param({"X-Env": 3}, "headers.X-Env: expected a text of printable ASCII", id="number"),
    pytest.param({"X-Env": ""}, "headers.X-Env: expected a text", id="nothing"),
    pytest.param({"X-Env": " hunter2"}, "without blanks at its ends", id="blank before"),
    pytest.param({"X-Env": "hunter2\r\nX-A: b"}, "expected a text of printable", id="two lines"),
    pytest.param({"X-Env": "hunter2é"}, "expected a text of printable ASCII", id="accent"),
    pytest.param({"X-Env": "a" * (MAX_HEADER_LENGTH + 1)}, "of at most 2000", id="too long"),
    *(
        pytest.param({name: "hunter2"}, f"headers.{name} is reserved", id=name)
        for name in (
            *sorted(RESERVED_HEADERS),
            "Content-Type",
            "Svix-Id",
            "webhook-signature",
            "Proxy-Authorization",
        )
    ),
]


def test_headers_are_sent_with_each_attempt(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(headers=HEADERS))
    receiver.respond(503)
    world.change("DONE")
    world.advance()
    world.advance(5)

    for received in receiver.received:
        assert received.headers["x-env"] == "staging"
        assert received.headers["authorization"] == "Basic aHVudGVyMg=="
    assert len(receiver.received) == 2


def test_headers_change_neither_signatures_nor_content_type(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url, secret=SECRET, settings=EndpointSettings(headers=HEADERS))
    world.change("DONE")
    world.advance()
    (received,) = receiver.received

    assert received.is_signed_with(SECRET)
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("mock-sendpilot/")


@pytest.mark.parametrize(("headers", "says"), REFUSED)
def test_an_invalid_header_is_refused_without_quoting_its_value(
    world: World, headers: Any, says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.add_endpoint("http://127.0.0.1:9/", settings=EndpointSettings(headers=headers))

    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_headers_at_their_limits_are_accepted(world: World) -> None:
    headers = {f"X-{n}": "a" * MAX_HEADER_LENGTH for n in range(MAX_HEADERS)}
    settings = EndpointSettings(headers=headers)

    assert world.add_endpoint("http://127.0.0.1:9/", settings=settings).settings == settings


def test_the_control_api_masks_credentials_among_headers(api: Api) -> None:
    body = {"url": "http://127.0.0.1:9/", "headers": HEADERS}
    made = api("POST", PATH, json=body).json

    assert made["headers"] == {"X-Env": "staging", "Authorization": "Basic aHV…"}
    assert api("GET", f"{PATH}/{made['id']}").json["headers"] == made["headers"]


def test_the_control_api_changes_and_removes_headers(api: Api) -> None:
    made = api("POST", PATH, json={"url": "http://127.0.0.1:9/", "headers": HEADERS}).json
    changed = api("PATCH", f"{PATH}/{made['id']}", json={"headers": {"X-Env": "ci"}}).json
    removed = api("PATCH", f"{PATH}/{made['id']}", json={"headers": {}}).json

    assert (changed["headers"], removed["headers"]) == ({"X-Env": "ci"}, {})


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        pytest.param("hunter2", "expected a JSON object, got a string", id="a text"),
        pytest.param({"X-Env": ["hunter2"]}, "headers.X-Env: expected a text", id="a list"),
        pytest.param({"Host": "hunter2"}, "headers.Host is reserved", id="reserved"),
    ],
)
def test_the_control_api_and_a_seed_refuse_the_same_headers(
    api: Api, headers: Any, says: str
) -> None:
    body = {"url": "http://127.0.0.1:9/", "headers": headers}
    reply = api("POST", PATH, json=body)
    (problem,) = problems(world_with("workspaces[0].endpoints[0]", body))

    assert reply.status == 400
    for text in (reply.body.decode() + str(reply.headers), problem):
        assert says in text
        assert "hunter2" not in text
    assert problem.startswith("$.workspaces[0].endpoints[0]")


def test_the_control_api_masks_credentials_of_an_attempt(api: Api) -> None:
    with WebhookReceiver() as receiver:
        receiver.respond(200, headers={"Set-Cookie": "session=hunter2"})
        api("POST", PATH, json={"url": receiver.url, "headers": HEADERS})
        event = {"eventType": "message.sent", "leadId": "lead_abc123"}
        (delivery,) = api("POST", "/_emulate/events", json=event).json["deliveries"]
        api("POST", "/_emulate/wait", json={"timeoutSeconds": 10})
    reply = api("GET", f"/_emulate/deliveries/{delivery['id']}")
    (attempt,) = reply.json["attempts"]

    assert attempt["request"]["headers"]["X-Env"] == "staging"
    assert attempt["request"]["headers"]["Authorization"] == "Basic aHV…"
    assert attempt["request"]["headers"]["Webhook-Signature"].startswith("t=")
    assert b"aHVudGVyMg" not in reply.body
    assert b"hunter2" not in reply.body


def test_the_fixture_takes_headers(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url, headers=HEADERS)
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())

    assert sendpilot_receiver.wait_for("message.sent").headers["x-env"] == "staging"


def test_the_repr_of_settings_has_no_headers() -> None:
    assert "hunter2" not in repr(EndpointSettings(headers={"X-Api-Key": "hunter2"}))
