"""`POST /v1/leads`: counters, duplicates, and what becomes of the leads."""

import re
from typing import Any

import pytest

from mock_sendpilot.testing.recorded_events import RecordedEvents
from tests.api.expect import A_TIME
from tests.support import Api, ApiUnder, Reply

EMPTY_CAMPAIGN = "camp_spring7"
COUNTERS = ["success", "leadsAdded", "duplicatesSkipped", "invalidEntries"]
URL = "https://www.linkedin.com/in/new-person"


def add(api: Api, *leads: object, campaign: str = EMPTY_CAMPAIGN) -> Reply:
    return api("POST", "/v1/leads", json={"campaignId": campaign, "leads": leads})


def person(number: int) -> dict[str, str]:
    return {"linkedinUrl": f"https://www.linkedin.com/in/person-{number}"}


def listed(api: Api, campaign: str = EMPTY_CAMPAIGN) -> list[dict[str, Any]]:
    reply = api("GET", f"/v1/leads?campaignId={campaign}&full=true&limit=100")
    leads: list[dict[str, Any]] = reply.json["leads"]
    return leads


def counters(reply: Reply) -> tuple[int, int, int]:
    found = reply.json
    return found["leadsAdded"], found["duplicatesSkipped"], found["invalidEntries"]


def test_the_reply_has_counters_and_no_ids(api: Api) -> None:
    reply = add(api, person(1), person(2))

    assert reply.status == 201
    assert list(reply.json) == COUNTERS
    assert reply.json["success"] is True
    assert counters(reply) == (2, 0, 0)


def test_added_duplicate_and_invalid_entries_are_counted_apart(api: Api) -> None:
    reply = add(api, person(1), person(1), {"linkedinUrl": "nope"}, person(2), 5)

    assert counters(reply) == (2, 1, 2)
    assert list(reply.json) == [*COUNTERS, "errors"]


def test_a_request_that_adds_nothing_succeeds(api: Api) -> None:
    reply = add(api, {"linkedinUrl": "nope"})

    assert (reply.status, reply.json["success"], counters(reply)) == (201, True, (0, 0, 1))


def test_new_leads_are_listed_in_the_order_of_the_request(api: Api) -> None:
    numbers = [5, 3, 9, 1]
    add(api, *map(person, numbers))
    add(api, person(4), person(3), person(2))

    urls = [lead["linkedinUrl"].rpartition("-")[2] for lead in listed(api)]
    assert urls == ["5", "3", "9", "1", "4", "2"]


def test_a_new_lead_has_what_was_sent_and_is_pending(api: Api) -> None:
    names = {"firstName": "Ida", "lastName": "Holm", "title": "CFO", "company": "Fjord AS"}
    add(api, {"linkedinUrl": URL, "email": "ida@fjord.example", **names})

    lead = listed(api)[0]
    assert {key: lead[key] for key in names} == names
    assert (lead["email"], lead["status"]) == ("ida@fjord.example", "PENDING")
    assert (lead["linkedinUrl"], lead["campaignId"]) == (URL, EMPTY_CAMPAIGN)
    assert A_TIME.fullmatch(lead["createdAt"])
    assert lead["updatedAt"] == lead["createdAt"]


def test_a_new_lead_can_be_read_and_patched_by_its_id(api: Api) -> None:
    add(api, person(1))
    path = f"/v1/leads/{listed(api)[0]['id']}"

    reply = api("PATCH", f"{path}/status", json={"status": "DONE"})
    assert (reply.status, reply.json["previousStatus"]) == (200, "PENDING")
    assert api("GET", path).json["status"] == "DONE"


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("field", ["firstName", "lastName", "title", "company", "email"])
def test_null_and_empty_fields_are_accepted(api: Api, field: str, value: str | None) -> None:
    reply = add(api, {"linkedinUrl": URL, field: value})

    assert counters(reply) == (1, 0, 0)
    assert listed(api)[0][field] == value


def test_the_campaigns_senders_take_turns(api: Api) -> None:
    before = len(listed(api, "camp_xyz789"))
    add(api, *map(person, range(4)), campaign="camp_xyz789")

    senders = [lead["senderId"] for lead in listed(api, "camp_xyz789")[before:]]
    assert sorted(senders[:2]) == ["sender_maria", "sender_tom"]
    assert senders[:2] == senders[2:]


def test_new_leads_cause_no_event(api: Api, sent: RecordedEvents) -> None:
    add(api, person(1), person(2))

    assert list(sent) == []


# --- duplicates ---------------------------------------------------------------------------------

VARIANTS = [
    pytest.param("https://www.linkedin.com/in/john-doe", id="the same"),
    pytest.param("https://www.linkedin.com/in/john-doe/", id="trailing slash"),
    pytest.param("http://www.linkedin.com/in/john-doe", id="http"),
    pytest.param("https://linkedin.com/in/john-doe", id="without www"),
    pytest.param("https://uk.linkedin.com/in/john-doe", id="country host"),
    pytest.param("https://www.linkedin.com/in/john-doe?utm_source=x#top", id="query and fragment"),
    pytest.param("https://www.LinkedIn.com/in/John-Doe", id="letter case"),
    pytest.param("https://www.linkedin.com/in/john%2Ddoe", id="encoded letter"),
    pytest.param("www.linkedin.com/in/john-doe", id="without scheme"),
]


@pytest.mark.parametrize("url", VARIANTS)
def test_a_person_who_is_in_the_campaign_is_a_duplicate(api: Api, url: str) -> None:
    reply = add(api, {"linkedinUrl": url, "firstName": "Other"}, campaign="camp_xyz789")

    assert counters(reply) == (0, 1, 0)
    assert api("GET", "/v1/leads/lead_abc123").json["firstName"] == "John"


@pytest.mark.parametrize("url", VARIANTS)
def test_a_person_who_is_twice_in_a_request_is_a_duplicate(api: Api, url: str) -> None:
    reply = add(api, {"linkedinUrl": url, "firstName": "A"}, {"linkedinUrl": url, "firstName": "B"})

    assert counters(reply) == (1, 1, 0)
    assert [lead["firstName"] for lead in listed(api)] == ["A"]
    assert listed(api)[0]["linkedinUrl"] == "https://www.linkedin.com/in/john-doe"


def test_a_person_may_be_in_two_campaigns(api: Api) -> None:
    reply = add(api, {"linkedinUrl": "https://www.linkedin.com/in/john-doe"})

    assert counters(reply) == (1, 0, 0)


def test_a_repeated_request_adds_nothing(api: Api) -> None:
    add(api, person(1), person(2))

    assert counters(add(api, person(1), person(2))) == (0, 2, 0)


@pytest.mark.parametrize("slug", ["राहुल-1", "jane-🚀", "rene\u0301", "\u0130brahim-1", "ACwAAAbC"])
def test_a_profile_url_from_a_reply_is_a_duplicate(api: Api, slug: str) -> None:
    add(api, {"linkedinUrl": f"https://www.linkedin.com/in/{slug}"})
    url = listed(api)[0]["linkedinUrl"]

    assert counters(add(api, {"linkedinUrl": url})) == (0, 1, 0)


# --- custom fields ------------------------------------------------------------------------------

CUSTOM = {"crmId": 7, "score": 1.5, "tags": ["a", {"b": None}], "vip": True, "gone": None, "": "x"}


def test_every_other_key_is_a_custom_field_of_any_json_type(api: Api) -> None:
    add(api, {"linkedinUrl": URL, "firstName": "Ida", **CUSTOM})

    assert listed(api)[0]["data"] == CUSTOM


def test_a_nested_custom_fields_object_is_unwrapped(api: Api) -> None:
    add(api, {"linkedinUrl": URL, "customFields": CUSTOM})

    assert listed(api)[0]["data"] == CUSTOM


def test_flat_and_nested_custom_fields_are_merged(api: Api) -> None:
    add(api, {"linkedinUrl": URL, "crmId": 7, "customFields": {"source": "csv"}})

    assert listed(api)[0]["data"] == {"crmId": 7, "source": "csv"}


@pytest.mark.parametrize("nested", [None, {}])
def test_missing_custom_fields_become_an_empty_object(api: Api, nested: object) -> None:
    add(api, {"linkedinUrl": URL, "customFields": nested})

    assert listed(api)[0]["data"] == {}


def test_fields_of_the_service_cannot_be_set(api: Api) -> None:
    own = {"id": "lead_mine", "status": "DONE", "senderId": "me", "campaignId": "camp_xyz789"}
    add(api, {"linkedinUrl": URL, **own})

    lead = listed(api)[0]
    assert {key: lead[key] for key in own} == {
        "id": lead["id"],
        "status": "PENDING",
        "senderId": "sender_maria",
        "campaignId": EMPTY_CAMPAIGN,
    }
    assert lead["id"] != "lead_mine"
    assert lead["data"] == own


def test_custom_fields_are_returned_only_in_full_leads(api: Api) -> None:
    add(api, {"linkedinUrl": URL, "crmId": 7})

    assert "data" not in api("GET", f"/v1/leads?campaignId={EMPTY_CAMPAIGN}").json["leads"][0]


@pytest.mark.parametrize("depth", [100, 300, 1000])
def test_deeply_nested_custom_fields_never_break_the_list(api: Api, depth: int) -> None:
    body = b'{"campaignId":"camp_spring7","leads":[{"linkedinUrl":"%s","x":%s}]}'
    nested = b"[" * depth + b"]" * depth
    headers = {"Content-Type": "application/json"}
    reply = api("POST", "/v1/leads", body=body % (URL.encode(), nested), headers=headers)

    assert reply.status in {201, 400}
    assert api("GET", f"/v1/leads?campaignId={EMPTY_CAMPAIGN}&full=true").status == 200


# --- by contract --------------------------------------------------------------------------------

PREFIXED, CUID = re.compile(r"lead_[0-9a-z]{12}"), re.compile(r"c[0-9a-z]{24}")


@pytest.mark.parametrize(
    ("contract", "options", "style"),
    [
        pytest.param("documented", {}, PREFIXED, id="documented"),
        pytest.param("example", {}, PREFIXED, id="example"),
        pytest.param("schema", {}, PREFIXED, id="schema"),
        pytest.param("live", {}, CUID, id="live"),
        pytest.param("documented", {"lead_ids": "live"}, CUID, id="documented but lead_ids"),
        pytest.param("live", {"lead_ids": "schema"}, PREFIXED, id="live but lead_ids"),
    ],
)
def test_new_ids_have_the_style_of_the_contract(
    api_under: ApiUnder, contract: str, options: dict[str, str], style: re.Pattern[str]
) -> None:
    api = api_under(contract, **options)
    add(api, *map(person, range(5)))

    ids = [lead["id"] for lead in listed(api)]
    assert [lead_id for lead_id in ids if not style.fullmatch(lead_id)] == []
    assert len(set(ids)) == 5


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live"])
def test_new_leads_are_answered_with_201_under_every_contract(
    api_under: ApiUnder, contract: str
) -> None:
    assert add(api_under(contract), person(1)).status == 201


def test_the_option_post_status_code_changes_the_status_to_200(api_under: ApiUnder) -> None:
    reply = add(api_under("documented", post_status_code="200"), person(1))

    assert (reply.status, counters(reply)) == (200, (1, 0, 0))
