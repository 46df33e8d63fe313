"""Hints: a header about names that the vendor ignores without a word."""

import re
import time
from collections.abc import Callable

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.openapi import operations
from tests.support import Api

PEOPLE = "https://www.linkedin.com/in/"

SEARCHES = "/v1/lead-database/searches"
HINT = "x-emulator-hint"


# --- filters of a search ------------------------------------------------------------------------


def test_a_hint_names_an_unknown_filter_and_the_likely_one(api: Api) -> None:
    wanted = {"name": "S", "limit": 1, "filters": {"jobTitles": ["CFO"], "colour": "red"}}

    reply = api("POST", SEARCHES, json=wanted)

    assert reply.status == 201
    assert reply.headers[HINT] == (
        "unknown filters are ignored: 'jobTitles' (did you mean 'job_titles'?), 'colour'"
    )


def test_a_hint_names_the_first_five_of_many_unknown_filters(api: Api) -> None:
    filters = {f"job_titel{number}": "x" for number in range(20_000)}

    started_at = time.process_time()
    reply = api("POST", SEARCHES, json={"name": "S", "limit": 1, "filters": filters})

    assert time.process_time() - started_at < 2
    assert reply.status == 201
    assert reply.headers[HINT].count("did you mean 'job_titles'?") == 5
    assert reply.headers[HINT].endswith(", and 19995 more")
    assert len(reply.headers[HINT]) < 500


def test_many_invalid_words_of_an_array_take_little_time(api: Api) -> None:
    filters = {"seniority_levels": ["Manajer"] * 10_000}

    started_at = time.process_time()
    reply = api("POST", SEARCHES, json={"name": "S", "limit": 1, "filters": filters})

    assert time.process_time() - started_at < 1
    assert reply.status == 400


# --- parameters and fields ----------------------------------------------------------------------


def test_a_hint_names_an_ignored_query_parameter_and_the_likely_one(api: Api) -> None:
    reply = api("GET", "/v1/leads?pageSize=1&status[]=DONE&campaign_id=camp_1")

    assert reply.status == 200
    assert reply.json["pagination"]["limit"] == 50
    assert reply.headers[HINT] == (
        "unknown query parameters are ignored: 'pageSize' (did you mean 'limit'?), "
        "'status[]' (did you mean 'status'?), 'campaign_id' (did you mean 'campaignId'?)"
    )


def test_a_hint_names_an_ignored_field_of_the_body(api: Api) -> None:
    body = {"status": "DONE", "custom_lead_status": "HOT", "reason": "x"}

    reply = api("PATCH", "/v1/leads/lead_abc123/status", json=body)

    assert reply.status == 200
    assert reply.headers[HINT] == (
        "unknown fields of the body are ignored: 'custom_lead_status', 'reason'"
    )


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        pytest.param("custom_lead_status", "LEAD", "customLeadStatus", id="snake case"),
        pytest.param("Status", "DONE", "status", id="letter case"),
    ],
)
def test_the_likely_field_is_one_of_the_contract(
    api_under: Callable[..., Api], name: str, value: str, meant: str
) -> None:
    reply = api_under("live")("PATCH", "/v1/leads/lead_abc123/status", json={name: value})

    assert reply.status == 400
    assert f"ignored: {name!r} (did you mean {meant!r}?)" in reply.headers[HINT]


def test_a_hint_names_refused_and_ignored_parameters(
    api_under: Callable[..., Api],
) -> None:
    reply = api_under("live")("GET", "/v1/leads?campaign_id=camp_xyz789")

    assert reply.status == 400
    assert "'campaign_id' (did you mean 'campaignId'?)" in reply.headers[HINT]


def test_a_hint_about_names_follows_the_hint_of_the_error(api: Api) -> None:
    reply = api("GET", "/v1/leads/nobody?fulll=true")

    assert reply.status == 404
    assert "no lead 'nobody'" in reply.headers[HINT]
    assert "'fulll' (did you mean 'full'?)" in reply.headers[HINT]


def test_a_request_without_a_key_gets_no_hint_about_names(api: Api) -> None:
    assert "fulll" not in api("GET", "/v1/leads?fulll=1", key=None).headers.get(HINT, "")


def test_every_operation_names_the_fields_that_it_ignores(emulator: Emulator, api: Api) -> None:
    app = create_app(emulator)
    silent = []
    for rule, method, operation, _ in operations(app):
        path = re.sub(r"<.*?>", "x", rule.rule)
        body = None if operation.body is None else {"strange_name": 1}
        reply = api(method, f"{path}?strange_name=1", json=body)
        count = reply.headers.get(HINT, "").count("are ignored: 'strange_name'")
        if count != (1 if body is None else 2):
            silent.append((operation.id, reply.status, reply.headers.get(HINT)))

    assert silent == []


def test_known_parameters_get_no_hint(api: Api) -> None:
    reply = api("GET", "/v1/leads?campaignId=camp_xyz789&status=DONE&full=true&page=1&limit=1")

    assert HINT not in reply.headers


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("=1", "ignored: ''", id="empty"),
        pytest.param("a%00b=1", r"ignored: 'a\x00b'", id="NUL"),
        pytest.param("a%0D%0AX:1=1", r"ignored: 'a\r\nX:1'", id="line break"),
        pytest.param("z%C3%BC=1", r"ignored: 'z\xfc'", id="letter"),
        pytest.param(f"{'x' * 5000}=1", f"ignored: '{'x' * 40}'", id="long"),
    ],
)
def test_an_odd_name_is_written_in_printable_ascii(api: Api, query: str, says: str) -> None:
    reply = api("GET", f"/v1/leads?{query}")

    assert reply.status == 200
    assert reply.headers[HINT].endswith(says)


def test_a_hint_names_five_of_many_parameters(api: Api) -> None:
    names = "&".join(f"limt{number}=1" for number in range(500))

    hint = api("GET", f"/v1/leads?{names}").headers[HINT]

    assert hint.count("did you mean 'limit'?") == 5
    assert hint.endswith(", and 495 more")


# --- custom fields ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known", [pytest.param({}, id="alone"), pytest.param({"firstName": "Ida"}, id="next to it")]
)
def test_a_custom_field_that_resembles_a_field_gets_a_hint(api: Api, known: dict[str, str]) -> None:
    entry = {"linkedinUrl": f"{PEOPLE}ab-cd", "first_name": "Ida", "first_seen": "x", **known}

    reply = api("POST", "/v1/leads", json={"campaignId": "camp_xyz789", "leads": [entry] * 2})

    assert reply.json["leadsAdded"] == 1
    assert reply.headers[HINT] == (
        "taken for custom fields of leads: 'first_name' (did you mean 'firstName'?)"
    )


def test_a_custom_field_of_any_other_name_gets_no_hint(api: Api) -> None:
    entry = {"linkedinUrl": f"{PEOPLE}ab-cd", "firstName": "Ida", "emails": "x", "Score": 1}

    reply = api("POST", "/v1/leads", json={"campaignId": "camp_xyz789", "leads": [entry]})

    assert (reply.json["leadsAdded"], HINT in reply.headers) == (1, False)
