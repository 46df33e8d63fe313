"""The sentences of a 400: the wording of class-validator, the paths of NestJS."""

from typing import Any

import pytest

from tests.support import Api

SEND, CONNECT = "/v1/inbox/send", "/v1/inbox/connect"
STATUS = "/v1/leads/lead_abc123/status"
SEARCH, EXTRACTION = "/v1/lead-database/searches", "/v1/lead-extractor/campaigns"
URL = "https://www.linkedin.com/in/ida-holm"
MESSAGE = {"senderId": "sender_maria", "recipientLinkedinUrl": URL, "message": "Hi"}
WANTED = {"name": "s", "limit": 5, "filters": {}}
TAKEN = {"name": "x", "limit": 5, "urls": ["https://www.linkedin.com/search/results/people/"]}


def sentences(api: Api, method: str, path: str, body: object = None) -> list[str]:
    reply = api(method, path, json=body)
    assert (reply.status, reply.json["message"]) == (400, "Validation failed")
    found: list[str] = reply.json["errors"]
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"senderId": None}, "senderId should not be empty", id="null"),
        pytest.param({"senderId": ""}, "senderId should not be empty", id="empty"),
        pytest.param({"senderId": 5}, "senderId must be a string", id="a number"),
        pytest.param(
            {"senderId": "nobody"},
            "senderId must be the id of a sender of this workspace",
            id="unknown",
        ),
        pytest.param(
            {"recipientLinkedinUrl": 5}, "recipientLinkedinUrl must be a URL address", id="no text"
        ),
        pytest.param(
            {"recipientLinkedinUrl": "ida"},
            "recipientLinkedinUrl must be a URL address",
            id="no URL",
        ),
        pytest.param(
            {"message": "x" * 8001},
            "message must be shorter than or equal to 8000 characters",
            id="too long",
        ),
        pytest.param({"leadId": ["x"]}, "leadId must be a string", id="a list"),
    ],
)
def test_an_invalid_message_gets_its_sentence(
    api: Api, changes: dict[str, Any], expected: str
) -> None:
    assert sentences(api, "POST", SEND, {**MESSAGE, **changes}) == [expected]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("limit=101", "limit must not be greater than 100", id="too many"),
        pytest.param("limit=0", "limit must not be less than 1", id="none"),
        pytest.param("limit=-5", "limit must not be less than 1", id="negative"),
        pytest.param(f"limit={'9' * 30}", "limit must not be greater than 100", id="huge"),
        pytest.param("limit=abc", "limit must be an integer number", id="a word"),
        pytest.param("limit=1.5", "limit must be an integer number", id="a fraction"),
        pytest.param("limit=", "limit must be an integer number", id="empty"),
        pytest.param("limit=1&limit=2", "limit must be an integer number", id="twice"),
        pytest.param("campaignId=", "campaignId should not be empty", id="an empty text"),
        pytest.param("campaignId=a&campaignId=b", "campaignId must be a string", id="two texts"),
        pytest.param(
            "full=yes",
            "full must be one of the following values: true, 1, false, 0",
            id="a flag",
        ),
    ],
)
def test_an_invalid_query_gets_its_sentence(api: Api, query: str, expected: str) -> None:
    assert sentences(api, "GET", f"/v1/leads?{query}") == [expected]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param(SEARCH, {**WANTED, "limit": 0}, "limit must not be less than 1", id="count"),
        pytest.param(
            SEARCH, {**WANTED, "limit": 1.5}, "limit must be an integer number", id="fraction"
        ),
        pytest.param(SEARCH, {**WANTED, "filters": []}, "filters must be an object", id="object"),
        pytest.param(
            SEARCH, {**WANTED, "webhook_url": "x"}, "webhook_url must be a URL address", id="URL"
        ),
        pytest.param(
            EXTRACTION, {**TAKEN, "urls": []}, "urls must contain at least 1 elements", id="no item"
        ),
        pytest.param(
            EXTRACTION,
            {**TAKEN, "urls": TAKEN["urls"] * 101},  # type: ignore[operator]
            "urls must contain no more than 100 elements",
            id="too many items",
        ),
        pytest.param(EXTRACTION, {**TAKEN, "urls": "x"}, "urls must be an array", id="array"),
        pytest.param(
            EXTRACTION,
            {**TAKEN, "mode": "all"},
            "mode must be one of the following values: extraction_only, with_enrichment",
            id="value",
        ),
        pytest.param(
            "/v1/leads",
            {"campaignId": "camp_xyz789", "leads": {}},
            "leads must be an array",
            id="leads",
        ),
    ],
)
def test_an_invalid_body_gets_its_sentence(
    api: Api, path: str, body: object, expected: str
) -> None:
    assert sentences(api, "POST", path, body) == [expected]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(
            {"job_titles": "CFO"}, "filters.job_titles must be an array", id="in an object"
        ),
        pytest.param(
            {"job_titles": [1, "CFO", 2]},
            "filters.each value in job_titles must be a string",
            id="items",
        ),
        pytest.param(
            {"naics_codes": [{"label": "x", "value": 5}]},
            "filters.naics_codes.0.value must be a string",
            id="in an item",
        ),
    ],
)
def test_a_nested_path_is_written_as_in_nest(
    api: Api, filters: dict[str, object], expected: str
) -> None:
    assert sentences(api, "POST", SEARCH, {**WANTED, "filters": filters}) == [expected]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("PATCH", "/v1/campaigns/camp_xyz789", {"action": "resume"}, id="a state"),
        pytest.param("GET", "/v1/inbox/conversations?continuationToken=x", None, id="a token"),
        pytest.param("GET", "/v1/lead-database/filters?filter=x", None, id="a filter"),
        pytest.param("PATCH", STATUS, [], id="no object"),
        pytest.param("POST", CONNECT, {**MESSAGE, "recipientLinkedinUrl": "x"}, id="a profile"),
    ],
)
def test_no_sentence_quotes_the_invalid_value(
    api: Api, method: str, path: str, body: object
) -> None:
    (sentence,) = sentences(api, method, path, body)

    assert "; " not in sentence


def test_a_rejected_entry_of_new_leads_keeps_its_clear_reason(api: Api) -> None:
    lead = {"linkedinUrl": URL, "firstName": 5}
    reply = api("POST", "/v1/leads", json={"campaignId": "camp_xyz789", "leads": [lead]})

    (rejected,) = reply.json["errors"]
    assert rejected["reason"] == "firstName: expected a string, got 5"
