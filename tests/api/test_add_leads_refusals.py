"""`POST /v1/leads`: entries that cannot be taken, and requests that cannot be."""

import pytest

from tests.api.expect import assert_error, assert_invalid, assert_refused
from tests.api.test_add_leads import EMPTY_CAMPAIGN, add, counters, listed, person
from tests.support import OTHER_KEY, Api, ApiUnder

NO_PROFILE = (
    "Invalid LinkedIn URL: expected a LinkedIn profile URL such as "
    "https://www.linkedin.com/in/john-doe"
)


def test_an_error_has_index_url_and_reason(api: Api) -> None:
    reply = add(api, {"linkedinUrl": "nope"})

    assert list(reply.json["errors"][0]) == ["index", "linkedinUrl", "reason"]
    assert reply.json["errors"] == [{"index": 0, "linkedinUrl": "nope", "reason": NO_PROFILE}]


def test_errors_are_in_the_order_of_the_request(api: Api) -> None:
    reply = add(api, person(1), "x", person(1), {"linkedinUrl": "a"}, person(2), {})

    assert [error["index"] for error in reply.json["errors"]] == [1, 3, 5]
    assert counters(reply) == (2, 1, 3)
    assert len(listed(api)) == 2


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param(None, "expected a JSON object for a lead, got null", id="null"),
        pytest.param(5, "expected a JSON object for a lead, got 5", id="number"),
        pytest.param("x", 'expected a JSON object for a lead, got "x"', id="string"),
        pytest.param([], "expected a JSON object for a lead, got []", id="list"),
    ],
)
def test_an_entry_must_be_an_object(api: Api, entry: object, reason: str) -> None:
    reply = add(api, entry)

    assert reply.status == 201
    assert reply.json["errors"] == [{"index": 0, "linkedinUrl": None, "reason": reason}]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        pytest.param({}, "nothing", id="nothing"),
        pytest.param({"linkedinUrl": None}, "null", id="null"),
        pytest.param({"linkedinUrl": ""}, '""', id="empty"),
        pytest.param({"linkedinUrl": 5}, "5", id="number"),
        pytest.param({"linkedin_url": person(1)["linkedinUrl"]}, "nothing", id="other spelling"),
    ],
)
def test_an_entry_must_have_a_url(api: Api, entry: dict[str, object], found: str) -> None:
    reply = add(api, entry)

    reason = f"linkedinUrl: expected a non-empty string, got {found}"
    url = entry.get("linkedinUrl")
    assert reply.json["errors"] == [{"index": 0, "linkedinUrl": url, "reason": reason}]


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("john-doe", id="only the slug"),
        pytest.param("https://www.linkedin.com/company/oakline", id="a company"),
        pytest.param("https://www.linkedin.com/in/", id="no slug"),
        pytest.param("https://www.linkedin.com/in/a/details", id="more than a slug"),
        pytest.param("https://www.linkedin.com/sales/lead/ACwAAA", id="sales navigator"),
        pytest.param("https://linkedin.com.evil.example/in/a", id="another host"),
        pytest.param("https://evil.example/www.linkedin.com/in/a", id="host in the path"),
        pytest.param("ftp://www.linkedin.com/in/a", id="another scheme"),
        pytest.param("https://www.linkedin.com:8080/in/a", id="a port"),
        pytest.param("https://[bad/in/a", id="broken host"),
        pytest.param("https://www.linkedin.com/in/a b", id="blank"),
        pytest.param("https://www.linkedin.com/in/" + "a" * 5000, id="too long"),
        pytest.param("https://www.linkedin.com/in/..", id="dots"),
        pytest.param("https://www.linkedin.com/in/%2F", id="encoded slash"),
        pytest.param("https://www.linkedin.com/in/a%00", id="encoded NUL"),
    ],
)
def test_the_url_must_be_that_of_a_profile(api: Api, url: str) -> None:
    reply = add(api, {"linkedinUrl": url})

    assert counters(reply) == (0, 0, 1)
    assert reply.json["errors"] == [{"index": 0, "linkedinUrl": url, "reason": NO_PROFILE}]


@pytest.mark.parametrize("field", ["firstName", "lastName", "title", "company", "email"])
def test_a_field_of_the_wrong_type_invalidates_its_entry_alone(api: Api, field: str) -> None:
    reply = add(api, {**person(1), field: 5}, person(2))

    url, reason = person(1)["linkedinUrl"], f"{field}: expected a string, got 5"
    assert reply.json["errors"] == [{"index": 0, "linkedinUrl": url, "reason": reason}]
    assert [lead["linkedinUrl"] for lead in listed(api)] == [person(2)["linkedinUrl"]]


@pytest.mark.parametrize(("value", "quoted"), [(5, "5"), ("x", '"x"'), ([], "[]"), (True, "true")])
def test_custom_fields_must_be_an_object(api: Api, value: object, quoted: str) -> None:
    reply = add(api, {**person(1), "customFields": value})

    reason = f"customFields: expected a JSON object, got {quoted}"
    assert [error["reason"] for error in reply.json["errors"]] == [reason]


def test_the_reason_names_every_problem_of_an_entry(api: Api) -> None:
    reply = add(api, {"firstName": 5, "title": []})

    assert reply.json["errors"][0]["reason"].split("; ") == [
        "linkedinUrl: expected a non-empty string, got nothing",
        "firstName: expected a string, got 5",
        "title: expected a string, got []",
    ]


@pytest.mark.parametrize("depth", [100, 300, 1000])
def test_a_deeply_nested_url_causes_no_500(api: Api, depth: int) -> None:
    body = b'{"campaignId":"camp_spring7","leads":[{"linkedinUrl":%s}]}'
    nested = b"[" * depth + b"]" * depth
    headers = {"Content-Type": "application/json"}
    reply = api("POST", "/v1/leads", body=body % nested, headers=headers)

    assert reply.status in {201, 400}
    assert listed(api) == []


# --- the whole request --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "most"), [("documented", 100), ("example", 100), ("schema", 100), ("live", 1000)]
)
def test_a_request_holds_as_many_leads_as_the_contract_says(
    api_under: ApiUnder, contract: str, most: int
) -> None:
    reply = add(api_under(contract), *map(person, range(most)))

    assert (reply.status, counters(reply)) == (201, (most, 0, 0))


@pytest.mark.parametrize(
    ("contract", "most"), [("documented", 100), ("example", 100), ("schema", 100), ("live", 1000)]
)
def test_one_lead_more_is_400_and_adds_none(api_under: ApiUnder, contract: str, most: int) -> None:
    api = api_under(contract)
    reply = add(api, *map(person, range(most + 1)))

    message = f"leads: expected an array of 1 to {most} leads, got {most + 1} items"
    assert_refused(reply, message)
    assert listed(api) == []


def test_the_option_leads_per_post_changes_the_limit(api_under: ApiUnder) -> None:
    leads = list(map(person, range(101)))

    assert counters(add(api_under("documented", leads_per_post="live"), *leads)) == (101, 0, 0)
    assert add(api_under("live", leads_per_post="schema"), *leads).status == 400


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, "got null", id="null"),
        pytest.param([], "got none", id="empty"),
        pytest.param({}, "got {}", id="object"),
        pytest.param("x", 'got "x"', id="string"),
        pytest.param(5, "got 5", id="number"),
    ],
)
def test_leads_must_be_an_array_with_an_item(api: Api, value: object, found: str) -> None:
    reply = api("POST", "/v1/leads", json={"campaignId": EMPTY_CAMPAIGN, "leads": value})

    expected = f"leads: expected an array of 1 to 100 leads, {found}"
    assert_refused(reply, expected)


@pytest.mark.parametrize(
    ("value", "found"), [(None, "null"), ("", '""'), (5, "5"), (["a"], '["a"]')]
)
def test_campaign_id_must_be_a_string(api: Api, value: object, found: str) -> None:
    reply = api("POST", "/v1/leads", json={"campaignId": value, "leads": [person(1)]})

    message = f"campaignId: expected a non-empty string, got {found}"
    assert_refused(reply, message)


def test_every_missing_field_is_named(api: Api) -> None:
    reply = api("POST", "/v1/leads", json={})

    assert_invalid(
        reply,
        "campaignId: expected a non-empty string, got nothing",
        "leads: expected an array of 1 to 100 leads, got nothing",
    )


def test_unknown_fields_are_ignored(api: Api) -> None:
    body = {"campaignId": EMPTY_CAMPAIGN, "leads": [person(1)], "skipDuplicates": True, "data": 5}

    assert counters(api("POST", "/v1/leads", json=body)) == (1, 0, 0)


@pytest.mark.parametrize(
    "campaign",
    [
        pytest.param("nope", id="unknown"),
        pytest.param("cmgkxgil6ims3a3to1zynm50j", id="of another workspace"),
        pytest.param("CAMP_SPRING7", id="in another case"),
        pytest.param(" camp_spring7", id="with a blank"),
    ],
)
def test_an_unknown_campaign_is_404(api: Api, campaign: str) -> None:
    reply = add(api, person(1), campaign=campaign)

    assert_error(reply, 404, "Campaign not found")
    assert reply.headers["x-emulator-hint"] == f"no campaign has the id {campaign!r}"


def test_leads_go_to_the_workspace_of_the_key(api: Api) -> None:
    body = {"campaignId": "cmgkxgil6ims3a3to1zynm50j", "leads": [person(1)]}
    reply = api("POST", "/v1/leads", json=body, key=OTHER_KEY)

    assert counters(reply) == (1, 0, 0)
    assert api("GET", "/v1/leads?limit=1").json["pagination"]["total"] == 61
