"""The page of the contract: every option, and switching to another contract."""

from collections.abc import Callable

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.options import OPTIONS
from tests.api.expect import LEAD
from tests.dashboard.conftest import GetPage, SubmitForm
from tests.support import Api, Reply

PATH = "/ws_demo/contract"
SWITCH = "Switch and reset"
NAME = "body.contract.name"


def test_every_option_has_its_value_and_its_source(get_page: GetPage) -> None:
    rows = get_page(PATH).live("rows")
    for name, option in OPTIONS.items():
        assert name in rows
        assert option.source.replace("`", "") in rows
    assert "id, linkedinUrl, previousStatus, status, updatedAt, success, leadId, message" in rows


def test_every_contract_can_be_chosen(get_page: GetPage) -> None:
    choices = [
        one.attributes["value"]
        for one in get_page(PATH).all("input")
        if one.attributes.get("name") == NAME
    ]
    assert choices == list(CONTRACTS)


def switch(post_form: Callable[..., Reply], **fields: str) -> Reply:
    sent = {"call": "POST /_emulate/reset", "undo": "1", **fields}
    return post_form("/ws_demo/call", sent)


def test_the_form_is_confirmed_and_can_be_undone(get_page: GetPage) -> None:
    (form,) = [one for one in get_page(PATH).all("form") if NAME in one.fields]
    assert form.fields["call"] == "POST /_emulate/reset"
    assert form.fields["confirm"].startswith("Switch the contract?")
    assert form.fields["undo"] == "1"


def test_the_contract_is_switched_and_brought_back(
    api: Api, get_page: GetPage, post_form: Callable[..., Reply]
) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    fields = {NAME: "live", "body.contract.options.patch_reply": "example"}
    reply = switch(post_form, **fields)
    assert reply.json["ok"], reply.json
    page = get_page(PATH)
    assert "livepatch_reply = example" in page.live("head")
    assert "overridden as in example" in page.live("rows")
    assert "--contract live \\ --contract-option patch_reply=example" in page.live("command")
    post_form("/ws_demo/call", {"call": f"POST /_emulate/snapshots/{reply.json['undo']}/restore"})
    assert "documented" in get_page(PATH).live("head")
    assert api("GET", LEAD).json["status"] == "DONE"


def test_an_option_that_is_set_alone_is_chosen_in_the_form(
    get_page: GetPage, post_form: Callable[..., Reply]
) -> None:
    switch(post_form, **{NAME: "documented", "body.contract.options.retry_after": "off"})
    chosen = [
        "".join(one.text) for one in get_page(PATH).all("option") if "selected" in one.attributes
    ]
    assert chosen == ["off"]


def test_an_unknown_contract_is_refused(post_form: Callable[..., Reply]) -> None:
    reply = switch(post_form, **{NAME: "livve"})
    assert not reply.json["ok"]
    assert "did you mean 'live'?" in reply.json["message"]


@pytest.mark.parametrize("name", list(CONTRACTS))
def test_the_page_shows_each_contract(
    api: Api, get_page: GetPage, submit: SubmitForm, name: str
) -> None:
    api("POST", "/_emulate/reset", json={"contract": name})
    page = get_page(PATH)
    checked = [one.attributes["value"] for one in page.all("input") if "checked" in one.attributes]
    assert checked == [name]
