"""`/_emulate/endpoints`."""

import re

import pytest

from tests.support import OTHER_KEY, SECRET, Api

PATH = "/_emulate/endpoints"
URL = "http://127.0.0.1:9000/webhooks"


def made(api: Api, **fields: object) -> str:
    """The id of a new endpoint."""
    reply = api("POST", PATH, json={"url": URL, **fields})
    assert reply.status == 201, reply.json
    return str(reply.json["id"])


def test_an_endpoint_has_the_fields_of_the_body(api: Api) -> None:
    wanted = {"url": URL, "secret": SECRET, "events": ["message.sent"], "enabled": False}
    reply = api("POST", PATH, json=wanted)
    assert reply.status == 201
    assert {key: reply.json[key] for key in wanted} == wanted
    assert re.fullmatch(r"ep_\w{12}", reply.json["id"])


def test_a_secret_that_is_left_out_is_made(api: Api) -> None:
    made_up = api("POST", PATH, json={"url": URL}).json
    assert made_up["secret"].startswith("whsec_")
    assert (made_up["events"], made_up["enabled"]) == (None, True)


def test_the_secret_is_in_the_first_reply_and_at_its_own_url(api: Api) -> None:
    name = made(api, secret=SECRET)
    assert api("GET", f"{PATH}/{name}").json["secret"] == "whsec_c2Vu…"
    assert api("GET", PATH).json["endpoints"][0]["secret"] == "whsec_c2Vu…"
    assert api("GET", f"{PATH}/{name}/secret").json == {"secret": SECRET}


def test_endpoints_are_listed_oldest_first(api: Api) -> None:
    names = [made(api), made(api)]
    assert [one["id"] for one in api("GET", PATH).json["endpoints"]] == names


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        pytest.param({"url": f"{URL}/2"}, "url", f"{URL}/2", id="url"),
        pytest.param({"events": ["message.sent"]}, "events", ["message.sent"], id="events"),
        pytest.param({"events": None}, "events", None, id="all events"),
        pytest.param({"enabled": False}, "enabled", False, id="enabled"),
        pytest.param({}, "url", URL, id="nothing"),
    ],
)
def test_a_field_is_changed(api: Api, changes: dict[str, object], key: str, value: object) -> None:
    name = made(api, events=["lead.status.changed"])
    reply = api("PATCH", f"{PATH}/{name}", json=changes)
    assert (reply.status, reply.json[key]) == (200, value)
    assert api("GET", f"{PATH}/{name}").json[key] == value


def test_the_secret_can_be_changed(api: Api) -> None:
    name = made(api)
    api("PATCH", f"{PATH}/{name}", json={"secret": SECRET})
    assert api("GET", f"{PATH}/{name}/secret").json["secret"] == SECRET


def test_a_deleted_endpoint_is_gone(api: Api) -> None:
    name = made(api)
    reply = api("DELETE", f"{PATH}/{name}")
    assert (reply.status, reply.body) == (204, b"")
    assert api("GET", f"{PATH}/{name}").status == 404


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("GET", "/secret"), ("PATCH", ""), ("DELETE", "")],
)
def test_an_endpoint_of_another_workspace_is_not_found(api: Api, method: str, suffix: str) -> None:
    name = made(api)
    reply = api(method, f"{PATH}/{name}{suffix}", key=OTHER_KEY, json={})
    assert (reply.status, reply.json["message"]) == (404, "Webhook endpoint not found")
    assert api("GET", f"{PATH}/{name}").status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({}, "url: expected a non-empty string, got nothing", id="no url"),
        pytest.param({"url": 3}, "url: expected a non-empty string, got 3", id="url is a number"),
        pytest.param({"url": "127.0.0.1:9000"}, "absolute http or https URL", id="no scheme"),
        pytest.param({"url": "ftp://a/b"}, "absolute http or https URL", id="ftp"),
        pytest.param({"url": "http://"}, "absolute http or https URL", id="no host"),
        pytest.param({"url": "http://a:99999/"}, "absolute http or https URL", id="port"),
        pytest.param({"url": "http://[::1/"}, "absolute http or https URL", id="bracket"),
        pytest.param({"url": "http://a b/"}, "absolute http or https URL", id="blank"),
        pytest.param({"url": "http://a/\n"}, "absolute http or https URL", id="line feed"),
        pytest.param({"url": "http://u:p@a/"}, "expected a URL without a user name", id="password"),
        pytest.param({"url": f"{URL}#x"}, "'#x', which would never be sent", id="fragment"),
        pytest.param({"url": f"{URL}/{'x' * 2100}"}, "at most 2048 characters", id="long"),
        pytest.param({"url": URL, "secret": "abc"}, "secret: expected 'whsec_'", id="secret"),
        pytest.param({"url": URL, "secret": "whsec_?"}, "secret: expected 'whsec_'", id="base64"),
        pytest.param({"url": URL, "events": []}, "at least one event type", id="no events"),
        pytest.param({"url": URL, "events": "message.sent"}, "expected an array", id="text"),
        pytest.param({"url": URL, "events": [1]}, "expected an array of event types", id="number"),
        pytest.param(
            {"url": URL, "events": ["lead.status.change"]},
            "did you mean 'lead.status.changed'?",
            id="unknown event",
        ),
        pytest.param(
            {"url": URL, "events": ["lead.updated"]},
            "contract 'documented' calls 'lead.updated' by the name 'lead.status.changed'",
            id="event of another contract",
        ),
        pytest.param({"url": URL, "enabled": 1}, "enabled: expected true or false", id="enabled"),
        pytest.param({"url": URL, "event": []}, "did you mean 'events'?", id="unknown field"),
    ],
)
def test_an_invalid_endpoint_is_refused_with_a_reason(
    api: Api, body: dict[str, object], message: str
) -> None:
    reply = api("POST", PATH, json=body)
    assert (reply.status, reply.json["error"]) == (400, "Bad Request")
    assert message in reply.json["message"]
    assert api("GET", PATH).json["endpoints"] == []


def test_an_invalid_change_leaves_the_endpoint_alone(api: Api) -> None:
    name = made(api)
    reply = api("PATCH", f"{PATH}/{name}", json={"url": f"{URL}/2", "secret": "abc"})
    assert reply.status == 400
    assert api("GET", f"{PATH}/{name}").json["url"] == URL


@pytest.mark.parametrize("path", [PATH, "/_emulate/deliveries"])
def test_a_key_is_needed(api: Api, path: str) -> None:
    assert api("GET", path, key=None).status == 401


def test_the_index_has_the_url_of_each_resource(api: Api) -> None:
    found = api("GET", "/_emulate").json
    assert found["endpoints"].endswith("/_emulate/endpoints")
    assert found["deliveries"].endswith("/_emulate/deliveries")


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz"])
def test_health_needs_no_key(api: Api, path: str) -> None:
    reply = api("GET", path, key=None)
    assert (reply.status, reply.json["status"], reply.json["workspaces"]) == (200, "ok", 2)


def test_the_root_describes_the_emulator(api: Api) -> None:
    found = api("GET", "/", key=None).json
    assert found["name"] == "mock_sendpilot"
    assert found["baseUrl"].endswith("/v1")
