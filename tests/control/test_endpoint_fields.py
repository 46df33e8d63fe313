"""The settings of an endpoint in the control API and in a seed; its secret rotated; its test."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.api.expect import STATUS, assert_error
from tests.control.expect import assert_invalid
from tests.control.world import parsed, problems, world_with
from tests.support import OTHER_KEY, SECRET, Api

PATH = "/_emulate/endpoints"
URL = "http://127.0.0.1:9000/webhooks"
NEW_SECRET = "whsec_dGhlIHNlY3JldCBhZnRlciBhIHJvdGF0aW9u"
DEFAULTS: dict[str, Any] = {
    "retryDelaysSeconds": None,
    "timeoutSeconds": None,
    "signatures": None,
    "concurrency": 1,
    "signatureClock": "wall",
    "headers": {},
}
SETTINGS: dict[str, Any] = {
    "retryDelaysSeconds": [0.5, 2],
    "timeoutSeconds": 1.5,
    "signatures": ["standardwebhooks", "svix"],
    "concurrency": 8,
    "signatureClock": "virtual",
    "headers": {"X-Env": "staging", "X-Trace": "a b"},
}
REFUSED_FIELDS = [
    pytest.param({"retryDelaysSeconds": 5}, "expected an array, got 5", id="delays: a number"),
    pytest.param({"retryDelaysSeconds": [-1]}, "a number of seconds from 0 to 2592000", id="past"),
    pytest.param({"retryDelaysSeconds": ["5"]}, 'seconds from 0 to 2592000, got "5"', id="text"),
    pytest.param({"retryDelaysSeconds": [2592001]}, "from 0 to 2592000", id="over 30 days"),
    pytest.param({"timeoutSeconds": 0}, "a number of seconds from 0.1 to 3600", id="no time"),
    pytest.param({"timeoutSeconds": 3601}, "a number of seconds from 0.1 to 3600", id="over 1 h"),
    pytest.param({"timeoutSeconds": True}, "a number of seconds", id="timeout: boolean"),
    pytest.param({"signatures": ["hmac"]}, "documented, svix, standardwebhooks", id="scheme"),
    pytest.param({"signatures": "svix"}, "expected an array", id="scheme: a text"),
    pytest.param({"concurrency": 0}, "a whole number from 1 to 64", id="concurrency: none"),
    pytest.param({"concurrency": 65}, "a whole number from 1 to 64", id="concurrency: too much"),
    pytest.param({"concurrency": 1.5}, "a whole number from 1 to 64", id="concurrency: half"),
    pytest.param({"signatureClock": "real"}, "expected one of wall, virtual, process", id="clock"),
]
"""Values of a wrong kind, or beyond their limits."""
REFUSED_SETTINGS = [
    pytest.param({"retryDelaysSeconds": [1] * 101}, "at most 100 numbers", id="101 delays"),
    pytest.param({"signatures": []}, "expected one or two different schemes", id="no scheme"),
    pytest.param({"signatures": ["svix", "svix"]}, "different schemes", id="a scheme twice"),
    pytest.param(
        {"signatures": ["documented", "standardwebhooks"]},
        "both need Webhook-Signature",
        id="one header for two",
    ),
]
"""Fields that exclude each other."""


def made(api: Api, **fields: object) -> dict[str, Any]:
    reply = api("POST", PATH, json={"url": URL, **fields})
    assert reply.status == 201, reply.body
    endpoint: dict[str, Any] = reply.json
    return endpoint


def settings_of(endpoint: dict[str, Any]) -> dict[str, Any]:
    return {key: endpoint[key] for key in DEFAULTS}


# --- settings -----------------------------------------------------------------------------------


def test_a_setting_that_is_left_out_is_null_or_the_servers(api: Api) -> None:
    assert settings_of(made(api)) == DEFAULTS


def test_an_endpoint_is_made_with_settings_of_its_own(api: Api) -> None:
    endpoint = made(api, **SETTINGS)

    assert settings_of(endpoint) == SETTINGS
    assert settings_of(api("GET", f"{PATH}/{endpoint['id']}").json) == SETTINGS
    assert settings_of(api("GET", PATH).json["endpoints"][0]) == SETTINGS


@pytest.mark.parametrize("key", DEFAULTS)
def test_one_setting_is_changed_and_the_others_stay(api: Api, key: str) -> None:
    endpoint = made(api)
    reply = api("PATCH", f"{PATH}/{endpoint['id']}", json={key: SETTINGS[key]})

    assert reply.status == 200
    assert settings_of(reply.json) == {**DEFAULTS, key: SETTINGS[key]}
    assert settings_of(api("GET", f"{PATH}/{endpoint['id']}").json) == settings_of(reply.json)


@pytest.mark.parametrize("key", ["retryDelaysSeconds", "timeoutSeconds", "signatures"])
def test_null_resets_a_setting(api: Api, key: str) -> None:
    endpoint = made(api, **SETTINGS)
    reply = api("PATCH", f"{PATH}/{endpoint['id']}", json={key: None})

    assert settings_of(reply.json) == {**SETTINGS, key: None}


@pytest.mark.parametrize("key", ["concurrency", "signatureClock", "headers"])
def test_a_setting_that_is_never_null_is_refused_as_null(api: Api, key: str) -> None:
    endpoint = made(api)
    reply = api("PATCH", f"{PATH}/{endpoint['id']}", json={key: None})

    assert_invalid(reply, f"{key}: expected", "got null")


@pytest.mark.parametrize(("fields", "says"), [*REFUSED_FIELDS, *REFUSED_SETTINGS])
def test_an_invalid_setting_is_refused(api: Api, fields: dict[str, Any], says: str) -> None:
    endpoint = made(api)
    assert_invalid(api("POST", PATH, json={"url": URL, **fields}), says, *fields)
    assert_invalid(api("PATCH", f"{PATH}/{endpoint['id']}", json=fields), says, *fields)

    (left,) = api("GET", PATH).json["endpoints"]
    assert settings_of(left) == DEFAULTS


def test_an_empty_schedule_is_one_attempt(api: Api) -> None:
    with WebhookReceiver() as receiver:
        receiver.respond(503)
        made(api, url=receiver.url, retryDelaysSeconds=[])
        api("PATCH", STATUS, json={"status": "DONE"})
        api("POST", "/_emulate/wait", json={"timeoutSeconds": 10})

    (delivery,) = api("GET", "/_emulate/deliveries").json["deliveries"]
    assert (delivery["state"], delivery["attemptCount"]) == ("exhausted", 1)


# --- in a seed ----------------------------------------------------------------------------------


def seed_with(fields: dict[str, Any]) -> bytes:
    return world_with("workspaces[0].endpoints[0]", {"url": URL, **fields})


def test_an_endpoint_of_a_seed_has_settings_of_its_own() -> None:
    (endpoint,) = parsed(seed_with({**SETTINGS, "enabled": False}))[0].endpoints

    assert not endpoint.is_enabled
    assert endpoint.settings == EndpointSettings(
        retry_delays_seconds=(0.5, 2),
        timeout_seconds=1.5,
        signatures=("standardwebhooks", "svix"),
        concurrency=8,
        signature_clock="virtual",
        headers={"X-Env": "staging", "X-Trace": "a b"},
    )


def test_a_setting_that_a_seed_leaves_out_has_its_default() -> None:
    (endpoint,) = parsed(seed_with({}))[0].endpoints

    assert endpoint.settings == EndpointSettings()


@pytest.mark.parametrize(("fields", "says"), REFUSED_FIELDS)
def test_an_invalid_setting_of_a_seed_is_refused(fields: dict[str, Any], says: str) -> None:
    found = problems(seed_with(fields))

    assert len(found) == 1
    assert found[0].startswith("$.workspaces[0].endpoints[0]")
    assert says in found[0]


# --- rotation -----------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def sent_test(api: Api, endpoint_id: str, receiver: WebhookReceiver) -> ReceivedWebhook:
    """The test event that the receiver gets."""
    api("POST", f"{PATH}/{endpoint_id}/test")
    return receiver.wait_for(count=1)[-1]


@pytest.mark.parametrize("body", [None, {}, {"secret": None}], ids=["none", "empty", "null"])
def test_a_rotation_makes_a_secret_and_shows_the_old_one_cut(api: Api, body: object) -> None:
    endpoint = made(api, secret=SECRET)
    before = datetime.fromisoformat(
        api("GET", "/_emulate/clock").json["now"].replace("Z", "+00:00")
    )
    reply = api("POST", f"{PATH}/{endpoint['id']}/rotate-secret", json=body)
    after = reply.json

    assert reply.status == 200
    assert after["secret"].startswith("whsec_")
    assert after["secret"] != SECRET
    (retired,) = after["retiredSecrets"]
    assert retired["secret"] == "whsec_c2Vu…"
    until = datetime.fromisoformat(retired["validUntil"].replace("Z", "+00:00"))
    assert timedelta(0) <= until - before - timedelta(hours=24) < timedelta(minutes=1)
    assert api("GET", f"{PATH}/{endpoint['id']}/secret").json["secret"] == after["secret"]


def test_the_body_can_have_the_new_secret(api: Api) -> None:
    endpoint = made(api)
    path = f"{PATH}/{endpoint['id']}"
    reply = api("POST", f"{path}/rotate-secret", json={"secret": NEW_SECRET})

    assert reply.json["secret"] == NEW_SECRET
    assert api("GET", path).json["secret"] == "whsec_dGhl…"
    assert NEW_SECRET not in str(api("GET", path).json)


def test_a_webhook_after_a_rotation_is_signed_with_both_secrets(
    api: Api, receiver: WebhookReceiver
) -> None:
    endpoint = made(api, url=receiver.url, secret=SECRET, signatures=["svix"])
    api("POST", f"{PATH}/{endpoint['id']}/rotate-secret", json={"secret": NEW_SECRET})
    webhook = sent_test(api, endpoint["id"], receiver)

    assert webhook.is_signed_with(SECRET)
    assert webhook.is_signed_with(NEW_SECRET)


def test_a_secret_that_is_set_retires_none(api: Api) -> None:
    endpoint = made(api, secret=SECRET)
    path = f"{PATH}/{endpoint['id']}"
    api("POST", f"{path}/rotate-secret")

    assert api("PATCH", path, json={"secret": NEW_SECRET}).json["retiredSecrets"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({"secret": SECRET}, "a new one, got the one in use", id="in use"),
        pytest.param({"secret": "abc"}, "secret: expected 'whsec_'", id="no secret"),
        pytest.param({"secret": 3}, "secret: expected a non-empty string", id="number"),
        pytest.param({"secert": NEW_SECRET}, "did you mean 'secret'?", id="unknown field"),
        pytest.param([], "expected a JSON object", id="array"),
    ],
)
def test_an_invalid_rotation_leaves_the_secret_alone(api: Api, body: object, says: str) -> None:
    endpoint = made(api, secret=SECRET)
    path = f"{PATH}/{endpoint['id']}"
    reply = api("POST", f"{path}/rotate-secret", json=body)

    assert reply.status == 400
    assert says in reply.json["message"]
    assert api("GET", f"{path}/secret").json["secret"] == SECRET
    assert api("GET", path).json["retiredSecrets"] == []


# --- test events --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"eventType": None}], ids=["none", "empty", "null"])
def test_a_test_is_an_event_with_sample_data(
    api: Api, receiver: WebhookReceiver, body: object
) -> None:
    endpoint = made(api, url=receiver.url, secret=SECRET)
    reply = api("POST", f"{PATH}/{endpoint['id']}/test", json=body)
    (webhook,) = receiver.wait_for(count=1)

    assert (reply.status, reply.json["origin"]) == (201, "test")
    assert reply.json["eventType"] == "lead.status.changed"
    assert webhook.json == reply.json["body"]
    assert webhook.json["data"]["linkedinUrl"] == "https://www.linkedin.com/in/ida-holm"
    assert webhook.is_signed_with(SECRET)


@pytest.mark.parametrize("name", ["message.received", "reply.received"])
def test_a_test_can_be_of_any_event_type_by_any_name(api: Api, name: str) -> None:
    endpoint = made(api)
    reply = api("POST", f"{PATH}/{endpoint['id']}/test", json={"eventType": name})

    assert reply.json["eventType"] == "message.received"
    assert reply.json["body"]["data"]["replyPreview"] == "Call me Tuesday"


def test_a_test_goes_to_that_endpoint_alone(api: Api) -> None:
    made(api)
    endpoint = made(api, events=["campaign.paused"])
    path = f"{PATH}/{endpoint['id']}/test"
    sent = [api("POST", path, json={"eventType": name}).json for name in ("message.sent", None)]

    assert [one["eventType"] for one in sent] == ["message.sent", "campaign.paused"]
    for one in sent:
        assert [delivery["endpointId"] for delivery in one["deliveries"]] == [endpoint["id"]]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({"eventType": "lead.update"}, "did you mean", id="unknown event"),
        pytest.param({"eventType": "lead.tag.updated"}, "live does", id="of no such contract"),
        pytest.param({"event": "message.sent"}, "did you mean 'eventType'?", id="unknown field"),
    ],
)
def test_an_invalid_test_is_refused(api: Api, body: object, says: str) -> None:
    endpoint = made(api)
    assert_invalid(api("POST", f"{PATH}/{endpoint['id']}/test", json=body), says)
    assert api("GET", "/_emulate/events").json["events"] == []


def test_a_disabled_endpoint_is_not_tested(api: Api) -> None:
    endpoint = made(api, enabled=False)

    assert_invalid(api("POST", f"{PATH}/{endpoint['id']}/test"), "is disabled; enable it first")


@pytest.mark.parametrize("what", ["rotate-secret", "test"])
def test_an_endpoint_of_another_workspace_is_not_found(api: Api, what: str) -> None:
    endpoint = made(api, secret=SECRET)
    reply = api("POST", f"{PATH}/{endpoint['id']}/{what}", key=OTHER_KEY)

    assert_error(reply, 404, "Webhook endpoint not found")
    assert api("GET", f"{PATH}/{endpoint['id']}/secret").json["secret"] == SECRET
