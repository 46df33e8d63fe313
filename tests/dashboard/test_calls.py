"""The requests of forms: bodies, errors, and who may send them."""

from collections.abc import Callable

import pytest

from mock_sendpilot.dashboard.calls import body_of
from mock_sendpilot.errors import InvalidInput
from tests.api.expect import LEAD
from tests.support import Api, Reply

Post = Callable[..., Reply]
CALL = "/ws_demo/call"
PATCH = {"call": f"PATCH {LEAD}/status", "body.status": "DONE"}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        pytest.param({"token": "x"}, None, id="none"),
        pytest.param({"body.text": ""}, {}, id="left empty"),
        pytest.param({"body.a": "1", "token": "x"}, {"a": "1"}, id="a text"),
        pytest.param({"body.a:number": "1.5"}, {"a": 1.5}, id="a number"),
        pytest.param({"body.a:switch": "on"}, {"a": True}, id="a switch"),
        pytest.param({"body.a:switch": "false"}, {"a": False}, id="a switch that is off"),
        pytest.param({"body.a:list": "x, y\nz"}, {"a": ["x", "y", "z"]}, id="a list"),
        pytest.param({"body.a:json": '{"b": [1]}'}, {"a": {"b": [1]}}, id="JSON"),
        pytest.param({"body.a.b": "1", "body.a.c": "2"}, {"a": {"b": "1", "c": "2"}}, id="parts"),
    ],
)
def test_the_fields_of_a_form_are_the_body(fields: dict[str, str], body: object) -> None:
    assert body_of(fields.items()) == body


@pytest.mark.parametrize(
    ("name", "text"), [("body.a:number", "x"), ("body.a:number", "[]"), ("body.a:json", "{")]
)
def test_a_text_that_is_no_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidInput, match="a: expected"):
        body_of([(name, text)])


def test_a_request_of_a_button_is_in_the_journal_like_any_other(api: Api, post_form: Post) -> None:
    post_form(CALL, PATCH)
    (entry,) = api("GET", "/_emulate/requests").json["requests"]
    assert (entry["method"], entry["path"], entry["status"]) == ("PATCH", f"{LEAD}/status", 200)


def test_an_error_has_the_sentence_of_the_api(post_form: Post) -> None:
    reply = post_form(CALL, {**PATCH, "body.status": "DON"})
    assert (reply.json["ok"], reply.json["status"]) == (False, 400)
    assert reply.json["message"] == "Validation failed"
    assert "status: expected one of" in reply.json["hint"]


def test_a_form_without_the_script_comes_back_to_its_page(post_form: Post) -> None:
    reply = post_form(CALL, {**PATCH, "next": "/dashboard/ws_demo/leads"}, Accept="text/html")
    assert (reply.status, reply.headers["location"]) == (303, "/dashboard/ws_demo/leads")


def test_an_error_without_the_script_is_a_page(post_form: Post) -> None:
    reply = post_form(CALL, {**PATCH, "body.status": "DON"}, Accept="text/html")
    assert reply.status == 400
    assert "status: expected one of" in reply.body.decode()


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/dashboard/\\evil", "/docs/", "/dashboard/\r\nx"],
)
def test_a_form_leads_to_no_other_site(post_form: Post, target: str) -> None:
    reply = post_form(CALL, {**PATCH, "next": target}, Accept="text/html")
    assert reply.headers["location"] == "/dashboard/"


@pytest.mark.parametrize(
    "call", ["", "GET /_emulate/seed", "POST /dashboard/ws_demo/call", "POST http://x/_emulate/"]
)
def test_a_form_makes_no_other_request(post_form: Post, call: str) -> None:
    reply = post_form(CALL, {"call": call})
    assert reply.status == 400
    assert "call: expected METHOD PATH" in reply.json["message"]


def test_a_form_that_asks_first_does_nothing_before(api: Api, post_form: Post) -> None:
    asking = {**PATCH, "confirm": "Really?"}
    assert b"Really?" in post_form(CALL, asking).body
    assert api("GET", LEAD).json["status"] != "DONE"
    assert post_form(CALL, {**asking, "confirmed": "1"}).json["ok"]
    assert api("GET", LEAD).json["status"] == "DONE"


def test_a_change_can_be_undone(api: Api, post_form: Post) -> None:
    before = api("GET", LEAD).json["status"]
    undo = post_form(CALL, {**PATCH, "undo": "1"}).json["undo"]
    assert post_form(CALL, {"call": f"POST /_emulate/snapshots/{undo}/restore"}).json["ok"]
    assert api("GET", LEAD).json["status"] == before


def test_a_fault_that_breaks_the_connection_is_reported(api: Api, post_form: Post) -> None:
    api("POST", "/_emulate/faults", json={"effect": {"reset": "before"}})
    reply = post_form(CALL, PATCH)
    assert not reply.json["ok"]
    assert reply.json["message"].startswith("No response")


# --- who may send them --------------------------------------------------------------------------


def test_a_form_of_another_site_is_refused(api: Api, post_form: Post) -> None:
    reply = post_form(CALL, PATCH, Origin="https://evil.example")
    assert reply.status == 403
    assert api("GET", LEAD).json["status"] != "DONE"


@pytest.mark.parametrize("token", ["", "guessed"])
def test_a_form_without_the_token_of_the_page_is_refused(post_form: Post, token: str) -> None:
    reply = post_form(CALL, {**PATCH, "token": token})
    assert reply.status == 403
    assert "reload the page" in reply.json["hint"]


def test_a_page_of_another_name_is_refused(api: Api) -> None:
    reply = api("GET", "/dashboard/ws_demo", key=None, headers={"Host": "evil.example"})
    assert reply.status == 403
