"""`GET /v1/leads`: paging and filters."""

from collections import Counter

import pytest

from tests.api.expect import (
    DOCUMENTED_STATUSES,
    EVERY_STATUS,
    STATUS,
    assert_invalid,
    assert_refused,
)
from tests.api.test_get_lead import FULL, JOHN, JOHN_FULL, KEYS
from tests.support import OTHER_KEY, Api, ApiUnder

OTHER_CAMPAIGN = "cmgkxgil6ims3a3to1zynm50j"
EARLIER_SIX = {
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED", "DONE",
}  # fmt: skip
STATUSES = {
    "documented": set(DOCUMENTED_STATUSES),
    "example": EARLIER_SIX,
    "schema": EARLIER_SIX,
    "live": set(EVERY_STATUS) - {"NOT_INTERESTED"},
}


def ids(api: Api, query: str) -> list[str]:
    return [lead["id"] for lead in api("GET", f"/v1/leads?{query}").json["leads"]]


def test_the_reply_is_leads_and_pagination(api: Api) -> None:
    reply = api("GET", "/v1/leads")

    assert reply.status == 200
    assert list(reply.json) == ["leads", "pagination"]
    assert list(reply.json["pagination"]) == ["total", "page", "limit", "totalPages"]


def test_a_list_without_parameters_is_the_first_page_of_50(api: Api) -> None:
    reply = api("GET", "/v1/leads")

    assert reply.json["pagination"] == {"total": 61, "page": 1, "limit": 50, "totalPages": 2}
    assert len(reply.json["leads"]) == 50


@pytest.mark.parametrize(
    ("limit", "pages"), [(1, 61), (2, 31), (7, 9), (50, 2), (60, 2), (61, 1), (62, 1), (100, 1)]
)
def test_the_number_of_pages_is_rounded_up(api: Api, limit: int, pages: int) -> None:
    reply = api("GET", f"/v1/leads?limit={limit}")

    expected = {"total": 61, "page": 1, "limit": limit, "totalPages": pages}
    assert reply.json["pagination"] == expected
    assert len(reply.json["leads"]) == min(limit, 61)


def test_the_pages_hold_every_lead_once_and_in_order(api: Api) -> None:
    pages = [ids(api, f"limit=7&page={page}") for page in range(1, 10)]

    assert [len(page) for page in pages] == [7] * 8 + [5]
    together = [lead_id for page in pages for lead_id in page]
    assert together == ids(api, "limit=100")
    assert len(set(together)) == 61


@pytest.mark.parametrize("page", [3, 50, 100])
def test_a_page_after_the_last_is_empty(api: Api, page: int) -> None:
    reply = api("GET", f"/v1/leads?page={page}")

    assert (reply.status, reply.json["leads"]) == (200, [])
    assert reply.json["pagination"] == {"total": 61, "page": page, "limit": 50, "totalPages": 2}


def test_an_empty_list_has_no_pages(api: Api) -> None:
    reply = api("GET", "/v1/leads?campaignId=camp_spring7")

    empty = {"total": 0, "page": 1, "limit": 50, "totalPages": 0}
    assert (reply.status, reply.json) == (200, {"leads": [], "pagination": empty})


def test_a_lead_keeps_its_place_when_it_changes(api: Api) -> None:
    before = ids(api, "limit=100")
    api("PATCH", STATUS, json={"status": "DONE"})

    assert ids(api, "limit=100") == before


# --- filters ------------------------------------------------------------------------------------


def test_a_campaign_filter_lists_and_counts_its_leads_alone(api: Api) -> None:
    reply = api("GET", "/v1/leads?campaignId=camp_nordic1&limit=10")

    assert {lead["campaignId"] for lead in reply.json["leads"]} == {"camp_nordic1"}
    assert reply.json["pagination"] == {"total": 18, "page": 1, "limit": 10, "totalPages": 2}


def test_a_status_filter_lists_and_counts_its_leads_alone(api: Api) -> None:
    everybody = Counter(lead["status"] for lead in api("GET", "/v1/leads?limit=100").json["leads"])
    reply = api("GET", "/v1/leads?status=MESSAGE_SENT")

    assert {lead["status"] for lead in reply.json["leads"]} == {"MESSAGE_SENT"}
    assert reply.json["pagination"]["total"] == everybody["MESSAGE_SENT"] == 8


def test_a_lead_must_match_both_filters(api: Api) -> None:
    leads = api("GET", "/v1/leads?limit=100").json["leads"]
    wanted = [
        lead["id"]
        for lead in leads
        if (lead["campaignId"], lead["status"]) == ("camp_xyz789", "DONE")
    ]

    assert wanted
    assert ids(api, "campaignId=camp_xyz789&status=DONE") == wanted


def test_a_changed_status_moves_a_lead_to_another_filter(api: Api) -> None:
    api("PATCH", STATUS, json={"status": "OPPORTUNITY"})

    assert "lead_abc123" in ids(api, "status=OPPORTUNITY")
    assert "lead_abc123" not in ids(api, "status=REPLY_RECEIVED")


@pytest.mark.parametrize("campaign", ["nope", OTHER_CAMPAIGN], ids=["unknown", "of another"])
def test_an_unknown_campaign_has_no_leads(api: Api, campaign: str) -> None:
    reply = api("GET", f"/v1/leads?campaignId={campaign}")

    assert (reply.status, reply.json["leads"]) == (200, [])
    assert reply.json["pagination"]["total"] == 0


def test_another_workspace_lists_its_own_leads_only(api: Api) -> None:
    reply = api("GET", f"/v1/leads?campaignId={OTHER_CAMPAIGN}&limit=100", key=OTHER_KEY)

    assert reply.json["pagination"]["total"] == 35
    assert {lead["campaignId"] for lead in reply.json["leads"]} == {OTHER_CAMPAIGN}


def test_unknown_parameters_are_ignored(api: Api) -> None:
    assert ids(api, "foo=1&offset=5&leadId=x&=&limit=100") == ids(api, "limit=100")


@pytest.mark.parametrize("contract", STATUSES)
def test_a_contract_accepts_its_statuses_as_filters_and_no_others(
    api_under: ApiUnder, contract: str
) -> None:
    api = api_under(contract)
    replies = {
        status: api("GET", f"/v1/leads?campaignId=camp_xyz789&status={status}")
        for status in EVERY_STATUS
    }

    assert {status for status, reply in replies.items() if reply.status == 200} == STATUSES[
        contract
    ]
    for status in set(EVERY_STATUS) - STATUSES[contract]:
        assert_invalid(replies[status], "status: expected one of", f'got "{status}"')


@pytest.mark.parametrize("contract", ["documented", "example", "schema"])
def test_the_campaign_may_be_left_out(api_under: ApiUnder, contract: str) -> None:
    reply = api_under(contract)("GET", "/v1/leads")

    assert (reply.status, reply.json["pagination"]["total"]) == (200, 61)


def test_the_campaign_is_required_under_live(api_under: ApiUnder) -> None:
    reply = api_under("live")("GET", "/v1/leads?status=DONE")

    message = "campaignId: expected a non-empty string, got nothing"
    assert_refused(reply, message)


def test_the_option_list_needs_campaign_requires_the_campaign(api_under: ApiUnder) -> None:
    assert api_under("documented", list_needs_campaign="live")("GET", "/v1/leads").status == 400
    assert api_under("live", list_needs_campaign="documented")("GET", "/v1/leads").status == 200


def test_the_option_list_statuses_changes_the_filter_alone(api_under: ApiUnder) -> None:
    api = api_under("documented", list_statuses="schema")

    assert_invalid(api("GET", "/v1/leads?status=OPPORTUNITY"), "status: expected one of")
    assert api("PATCH", STATUS, json={"status": "OPPORTUNITY"}).status == 200


# --- the leads themselves -----------------------------------------------------------------------


@pytest.mark.parametrize("contract", KEYS)
def test_listed_leads_have_the_keys_of_the_contract(api_under: ApiUnder, contract: str) -> None:
    reply = api_under(contract)("GET", "/v1/leads?campaignId=camp_xyz789")

    assert {tuple(lead) for lead in reply.json["leads"]} == {tuple(KEYS[contract])}


@pytest.mark.parametrize("contract", KEYS)
def test_listed_full_leads_have_all_keys(api_under: ApiUnder, contract: str) -> None:
    reply = api_under(contract)("GET", "/v1/leads?campaignId=camp_xyz789&full=true")

    assert {tuple(lead) for lead in reply.json["leads"]} == {(*KEYS[contract], *FULL)}


def test_a_listed_lead_equals_the_lead_itself(api: Api) -> None:
    assert api("GET", "/v1/leads?limit=1").json["leads"] == [JOHN]
    assert api("GET", "/v1/leads?limit=1&full=1").json["leads"] == [JOHN | JOHN_FULL]


# --- impossible parameters ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["page", "limit"])
@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        pytest.param("0", '"0"', id="zero"),
        pytest.param("-1", '"-1"', id="negative"),
        pytest.param("101", '"101"', id="over the most"),
        pytest.param("1" * 30, f'"{"1" * 30}"', id="huge"),
        pytest.param("1.5", '"1.5"', id="fraction"),
        pytest.param("1e1", '"1e1"', id="exponent"),
        pytest.param("ten", '"ten"', id="text"),
        pytest.param("", '""', id="empty"),
        pytest.param("%201", '" 1"', id="blank before it"),
        pytest.param("+1", '" 1"', id="plus, which is a blank"),
        pytest.param("1_0", '"1_0"', id="underscore"),
        pytest.param("%D9%A1", '"\u0661"', id="a digit of another script"),
        pytest.param("%FF", '"\ufffd"', id="not UTF-8"),
    ],
)
def test_page_and_limit_are_whole_numbers_from_1_to_100(
    api: Api, name: str, value: str, quoted: str
) -> None:
    reply = api("GET", f"/v1/leads?{name}={value}")

    message = f"{name}: expected a whole number from 1 to 100, got {quoted}"
    assert_refused(reply, message)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("page=1&page=2", 'page: expected a whole number from 1 to 100, got ["1","2"]'),
        pytest.param("limit=5&limit=5", 'got ["5","5"]'),
        pytest.param("status=DONE&status=PENDING", 'got ["DONE","PENDING"]'),
        pytest.param("campaignId=a&campaignId=b", 'expected a non-empty string, got ["a","b"]'),
        pytest.param("full=1&full=0", 'got ["1","0"]'),
    ],
)
def test_a_repeated_parameter_is_400(api: Api, query: str, says: str) -> None:
    assert_invalid(api("GET", f"/v1/leads?{query}"), says)


def test_an_empty_campaign_is_400(api: Api) -> None:
    reply = api("GET", "/v1/leads?campaignId=")

    message = 'campaignId: expected a non-empty string, got ""'
    assert_refused(reply, message)


def test_a_status_in_lower_case_is_400_and_the_hint_names_the_right_one(api: Api) -> None:
    reply = api("GET", "/v1/leads?status=message_sent")

    assert_invalid(reply, 'got "message_sent" (did you mean MESSAGE_SENT?)')


def test_the_hint_has_every_problem(api: Api) -> None:
    reply = api("GET", "/v1/leads?page=0&limit=x&status=WON&full=2")

    assert_invalid(reply, "page: expected", "limit: expected", "status: expected", "full: expected")
