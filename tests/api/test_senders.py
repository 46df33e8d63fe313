"""`GET /v1/inbox/senders`."""

from collections.abc import Callable

import pytest

from tests.api.expect import READ_KEY, assert_error
from tests.support import OTHER_KEY, Api

SENDERS = "/v1/inbox/senders"


def test_the_senders_are_told_with_the_four_known_fields(api: Api) -> None:
    reply = api("GET", SENDERS)

    assert reply.status == 200
    assert list(reply.json) == ["senders", "total"]
    assert [list(sender) for sender in reply.json["senders"]] == [
        ["id", "name", "linkedinUrl", "status"]
    ] * 4
    assert reply.json["senders"][0] == {
        "id": "sender_maria",
        "name": "Maria Keller",
        "linkedinUrl": "https://www.linkedin.com/in/maria-keller-sales",
        "status": "active",
    }


def test_total_counts_them(api: Api) -> None:
    assert api("GET", SENDERS).json["total"] == 4


def test_every_status_is_told(api: Api) -> None:
    statuses = [sender["status"] for sender in api("GET", SENDERS).json["senders"]]

    assert statuses == ["active", "active", "disconnected", "rate_limited"]


def test_other_workspaces_have_others(api: Api) -> None:
    (sender,) = api("GET", SENDERS, key=OTHER_KEY).json["senders"]

    assert sender["id"] == "cm2681gfuinhngazzupb8a2re"


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live"])
def test_every_contract_tells_the_same(api_under: Callable[..., Api], contract: str) -> None:
    found = api_under(contract)("GET", SENDERS).json

    assert found == api_under("documented")("GET", SENDERS).json


def test_parameters_are_ignored(api: Api) -> None:
    assert api("GET", f"{SENDERS}?limit=1&page=9").json["total"] == 4


def test_without_a_key_it_is_401(api: Api) -> None:
    assert_error(api("GET", SENDERS, key=None), 401, "Invalid API key")


@pytest.mark.usefixtures("limited_keys")
def test_a_key_without_the_scope_is_403(api: Api) -> None:
    message = "API key does not have permission to access this workspace"
    assert_error(api("GET", SENDERS, key=READ_KEY), 403, message)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_there_is_no_other_method(api: Api, method: str) -> None:
    assert api(method, SENDERS).json["message"] == f"Cannot {method} {SENDERS}"


def test_the_route_that_only_one_note_names_is_not_there(api: Api) -> None:
    assert api("GET", "/v1/senders").status == 404
