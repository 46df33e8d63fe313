"""`GET /v1/leads/{id}`."""

from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import quote

import pytest

from mock_sendpilot.world.models import Lead
from mock_sendpilot.world.store import Store
from tests.api.expect import LEAD, assert_error, assert_refused
from tests.support import OTHER_KEY, Api

BASE = [
    "id", "linkedinUrl", "status", "firstName", "lastName", "title", "company", "campaignId",
]  # fmt: skip
TIMES = ["createdAt", "updatedAt"]
WITH_SENDER = [*BASE, "senderId", *TIMES]
WITHOUT_SENDER = [*BASE, *TIMES]
FULL = [
    "email", "customLeadStatus", "about", "connectionCount", "followerCount", "industry",
    "isOpenProfile", "isPremium", "location", "profilePictureUrl", "website", "data",
]  # fmt: skip
KEYS = {
    "documented": WITH_SENDER,
    "example": WITHOUT_SENDER,
    "schema": WITHOUT_SENDER,
    "live": WITH_SENDER,
}
JOHN = {
    "id": "lead_abc123",
    "linkedinUrl": "https://www.linkedin.com/in/john-doe",
    "status": "REPLY_RECEIVED",
    "firstName": "John",
    "lastName": "Doe",
    "title": "Head of Growth",
    "company": "Oakline Software",
    "campaignId": "camp_xyz789",
    "senderId": "sender_maria",
    "createdAt": "2024-02-10T09:00:00.000Z",
    "updatedAt": "2024-02-23T10:12:00.000Z",
}
JOHN_FULL = {
    "email": "john.doe@oakline.example",
    "customLeadStatus": None,
    "about": "Growing B2B software companies since 2011.",
    "connectionCount": 842,
    "followerCount": 911,
    "industry": "Software Development",
    "isOpenProfile": False,
    "isPremium": True,
    "location": "London, United Kingdom",
    "profilePictureUrl": None,
    "website": "https://oakline.example",
    "data": {"source": "webinar", "score": 87},
}
THEN = datetime(2024, 2, 24, 15, 30, 0, 7_999, tzinfo=timezone.utc)


def a_lead(lead_id: str) -> Lead:
    return Lead(
        id=lead_id,
        linkedin_url="https://www.linkedin.com/in/nobody",
        status="PENDING",
        campaign_id="camp_xyz789",
        created_at=THEN,
        updated_at=THEN,
    )


def test_a_lead_has_the_base_keys_in_order(api: Api) -> None:
    reply = api("GET", LEAD)

    assert reply.status == 200
    assert list(reply.json) == WITH_SENDER
    assert reply.json == JOHN


def test_a_plain_lead_has_no_key_data(api: Api) -> None:
    assert "data" not in api("GET", LEAD).json  # one client reads `response.data || response`


@pytest.mark.parametrize("value", ["true", "1"])
def test_full_adds_the_other_keys_after_the_base_keys(api: Api, value: str) -> None:
    reply = api("GET", f"{LEAD}?full={value}")

    assert reply.status == 200
    assert list(reply.json) == [*WITH_SENDER, *FULL]
    assert reply.json == JOHN | JOHN_FULL


@pytest.mark.parametrize("value", ["false", "0"])
def test_full_can_be_false(api: Api, value: str) -> None:
    reply = api("GET", f"{LEAD}?full={value}")

    assert (reply.status, list(reply.json)) == (200, WITH_SENDER)


@pytest.mark.parametrize(
    ("query", "quoted"),
    [
        pytest.param("full=yes", '"yes"', id="a word"),
        pytest.param("full=TRUE", '"TRUE"', id="upper case"),
        pytest.param("full=2", '"2"', id="another number"),
        pytest.param("full=", '""', id="empty"),
        pytest.param("full", '""', id="no value"),
        pytest.param("full=1&full=1", '["1","1"]', id="twice"),
    ],
)
def test_any_other_full_is_400(api: Api, query: str, quoted: str) -> None:
    reply = api("GET", f"{LEAD}?{query}")

    message = f"full: expected one of true, 1, false, 0, got {quoted}"
    assert_refused(reply, message)


@pytest.mark.parametrize("query", ["foo=bar", "limit=zero", "page=0", "campaignId=nope", "&&="])
def test_other_parameters_are_ignored(api: Api, query: str) -> None:
    reply = api("GET", f"{LEAD}?{query}")

    assert (reply.status, reply.json) == (200, JOHN)


@pytest.mark.parametrize("contract", KEYS)
def test_a_lead_has_the_keys_of_the_contract(api_under: Callable[..., Api], contract: str) -> None:
    reply = api_under(contract)("GET", LEAD)

    assert list(reply.json) == KEYS[contract]


@pytest.mark.parametrize("contract", KEYS)
def test_full_adds_the_same_keys_under_every_contract(
    api_under: Callable[..., Api], contract: str
) -> None:
    reply = api_under(contract)("GET", f"{LEAD}?full=true")

    assert list(reply.json) == [*KEYS[contract], *FULL]


@pytest.mark.parametrize(
    ("contract", "value"), [("documented", "schema"), ("schema", "live"), ("live", "example")]
)
def test_the_option_lead_fields_changes_the_keys(
    api_under: Callable[..., Api], contract: str, value: str
) -> None:
    reply = api_under(contract, lead_fields=value)("GET", LEAD)

    assert list(reply.json) == KEYS[value]


def test_unknown_fields_of_a_lead_are_null(api: Api, store: Store) -> None:
    store.put_lead(a_lead("lead_bare"))
    lead = api("GET", "/v1/leads/lead_bare?full=true").json

    known = {"id", "linkedinUrl", "status", "campaignId", "createdAt", "updatedAt", "data"}
    assert {key for key, value in lead.items() if value is None} == {*JOHN, *JOHN_FULL} - known
    assert lead["data"] == {}


def test_times_are_truncated_to_milliseconds(api: Api, store: Store) -> None:
    store.put_lead(a_lead("lead_timed"))

    assert api("GET", "/v1/leads/lead_timed").json["createdAt"] == "2024-02-24T15:30:00.007Z"


@pytest.mark.parametrize(
    "lead_id",
    ["a/b", "a%2Fb", "50%", "a?b=c", "a#b", "a b", "..", "grün", "a\x00b", "a+b", "status", "🙂"],
)
def test_a_lead_is_found_by_any_id_when_the_id_is_encoded(
    api: Api, store: Store, lead_id: str
) -> None:
    store.put_lead(a_lead(lead_id))
    reply = api("GET", f"/v1/leads/{quote(lead_id, safe='')}")

    assert (reply.status, reply.json.get("id")) == (200, lead_id)


def test_an_encoded_letter_equals_the_letter(api: Api) -> None:
    assert api("GET", "/v1/leads/%6Cead%5Fabc123").json == JOHN


def test_ids_are_case_sensitive(api: Api) -> None:
    assert_error(api("GET", "/v1/leads/LEAD_ABC123"), 404, "Lead not found")


def test_the_lead_of_another_workspace_is_404(api: Api) -> None:
    reply = api("GET", LEAD, key=OTHER_KEY)

    assert_error(reply, 404, "Lead not found")
    assert reply.headers["x-emulator-hint"] == "this workspace has no lead 'lead_abc123'"
