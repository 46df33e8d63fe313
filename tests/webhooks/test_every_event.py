"""All 12 events under four contracts: event type and keys of `data`, in the vendor's order."""

from typing import Any

import orjson
import pytest

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import CONTRACTS, named_contract
from mock_sendpilot.webhooks.payloads import content, event_type, payload
from mock_sendpilot.world.samples import sample_event

LEGACY = ("documented", "example", "schema")
WHO = ["leadId", "campaignId", "linkedinUrl", "senderId"]
CHANGED = ["leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus"]
SEARCH = [
    "search_id", "search_name", "total_leads_found", "requested_limit", "started_at",
    "completed_at", "duration_ms", "filters", "leads", "results_url",
]  # fmt: skip
EXTRACTION = [
    "campaign_id", "campaign_name", "campaign_type", "mode", "search_urls",
    "total_leads_extracted", "total_leads_enriched", "requested_limit", "started_at",
    "completed_at", "duration_ms", "credits_used", "leads",
]  # fmt: skip
FOUND = [
    "id", "first_name", "last_name", "full_name", "email", "phone", "linkedin_url", "job_title",
    "company", "location", "country", "industry", "seniority", "company_linkedin_url", "website",
    "employees",
]  # fmt: skip
EXTRACTED = [
    "id", "linkedin_identifier", "linkedin_url", "first_name", "last_name", "full_name",
    "headline", "summary", "location", "city", "country", "profile_picture_url", "company",
    "job_position", "email",
]  # fmt: skip
SAME: dict[str, list[str]] = {
    "campaign.started": ["campaignId", "campaignName", "totalLeads", "startedAt"],
    "campaign.paused": ["campaignId", "campaignName", "pausedAt", "pausedBy"],
    "campaign.resumed": ["campaignId", "campaignName", "resumedAt", "resumedBy"],
    "campaign.finished": ["campaignId", "campaignName", "finishedAt"],
    "lead_database.search.completed": SEARCH,
    "lead_extractor.job.completed": EXTRACTION,
}
"""The keys that are the same under every contract."""
OLDER: dict[str, tuple[str, list[str]] | None] = {
    "message.sent": ("message.sent", [*WHO, "messagePreview", "sequenceStep"]),
    "reply.received": ("message.received", [*WHO, "replyPreview"]),
    "connection_request.sent": ("connection.sent", [*WHO, "note"]),
    "connection_request.accepted": ("connection.accepted", [*WHO, "acceptedAt"]),
    "lead.updated": ("lead.status.changed", [*CHANGED, "changedBy"]),
    "lead.tag.updated": None,
}
NEWER: dict[str, tuple[str, list[str]] | None] = {
    "message.sent": ("message.sent", [*WHO, "message", "sequenceStep"]),
    "reply.received": ("reply.received", [*WHO, "reply"]),
    "connection_request.sent": ("connection_request.sent", [*WHO, "note"]),
    "connection_request.accepted": ("connection_request.accepted", [*WHO, "acceptedAt"]),
    "lead.updated": ("lead.updated", CHANGED),
    "lead.tag.updated": (
        "lead.tag.updated",
        ["leadId", "linkedinUrl", "previousTag", "newTag", "campaignId"],
    ),
}
CASES = [
    pytest.param(contract, name, expected, id=f"{contract}: {name}")
    for contract, differing in [*((older, OLDER) for older in LEGACY), ("live", NEWER)]
    for name, expected in [
        *differing.items(),
        *((name, (name, keys)) for name, keys in SAME.items()),
    ]
]
WITH_URL = [
    "message.sent", "reply.received", "connection_request.sent", "connection_request.accepted",
    "lead.updated", "lead.tag.updated",
]  # fmt: skip


def body_of(name: str, contract: str, **options: str) -> dict[str, Any]:
    event, read_as = sample_event(name), named_contract(contract, options.items())
    known_as = event_type(event, read_as)
    assert known_as is not None
    body: dict[str, Any] = orjson.loads(payload(event, known_as, read_as).body)
    return body


def test_the_table_has_every_event_under_every_contract() -> None:
    assert len(CASES) == 12 * 4
    assert {*OLDER, *SAME} == {*NEWER, *SAME} == set(words.EVENT_TYPES)


@pytest.mark.parametrize(("contract", "name", "expected"), CASES)
def test_an_event_has_the_name_and_the_keys_of_its_contract(
    contract: str, name: str, expected: tuple[str, list[str]] | None
) -> None:
    if expected is None:
        assert event_type(sample_event(name), CONTRACTS[contract]) is None
        return
    body = body_of(name, contract)

    assert list(body) == ["eventId", "eventType", "timestamp", "workspaceId", "data"]
    assert (body["eventType"], list(body["data"])) == expected


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", words.EVENT_TYPES)
def test_the_content_of_an_event_is_what_its_json_parses_to(contract: str, name: str) -> None:
    event, read_as = sample_event(name), CONTRACTS[contract]
    known_as = event_type(event, read_as) or name

    assert content(event, known_as, read_as) == orjson.loads(payload(event, known_as, read_as).body)


@pytest.mark.parametrize(
    ("name", "contract", "values"),
    [
        pytest.param(
            "message.sent",
            "live",
            {
                "leadId": "lead_1",
                "campaignId": "camp_1",
                "linkedinUrl": "https://www.linkedin.com/in/ida-holm",
                "senderId": "sender_1",
                "message": "Good morning",
                "sequenceStep": 2,
            },
            id="message",
        ),
        pytest.param("reply.received", "live", {"reply": "Call me Tuesday"}, id="reply"),
        pytest.param("connection_request.sent", "live", {"note": "Hello"}, id="request"),
        pytest.param(
            "connection_request.accepted",
            "live",
            {"acceptedAt": "2026-06-01T09:00:00.000Z"},
            id="acceptance",
        ),
        pytest.param(
            "campaign.started",
            "documented",
            {
                "campaignId": "camp_1",
                "campaignName": "Nordic CFOs",
                "totalLeads": 120,
                "startedAt": "2026-06-01T09:00:00.000Z",
            },
            id="start",
        ),
        pytest.param("campaign.paused", "documented", {"pausedBy": "api"}, id="pause"),
        pytest.param("campaign.resumed", "documented", {"resumedBy": "api"}, id="resume"),
        pytest.param(
            "lead.updated",
            "documented",
            {"previousStatus": "REPLY_RECEIVED", "newStatus": "OPPORTUNITY", "changedBy": "api"},
            id="status",
        ),
        pytest.param(
            "lead.tag.updated", "live", {"previousTag": None, "newTag": "INTERESTED"}, id="tag"
        ),
        pytest.param(
            "lead_database.search.completed",
            "live",
            {
                "search_id": "search_1",
                "total_leads_found": 1,
                "duration_ms": 0,
                "filters": {"job_titles": ["CFO"]},
                "results_url": "/v1/lead-database/searches/search_1/results",
            },
            id="search",
        ),
        pytest.param(
            "lead_extractor.job.completed",
            "live",
            {
                "campaign_id": "camp_x1",
                "campaign_type": "SEARCH",
                "mode": "with_enrichment",
                "search_urls": ["https://www.linkedin.com/search/results/people/"],
                "credits_used": {"extraction": 1, "enrichment": 1, "total": 2},
            },
            id="extraction",
        ),
    ],
)
def test_an_event_has_the_values_of_its_change(
    name: str, contract: str, values: dict[str, object]
) -> None:
    data = body_of(name, contract)["data"]

    assert {key: data[key] for key in values} == values


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        pytest.param("lead_database.search.completed", FOUND, id="search"),
        pytest.param("lead_extractor.job.completed", EXTRACTED, id="extraction"),
    ],
)
def test_the_leads_of_a_job_have_the_keys_of_its_results(name: str, keys: list[str]) -> None:
    (lead,) = body_of(name, "live")["data"]["leads"]

    assert list(lead) == keys


@pytest.mark.parametrize("name", WITH_URL)
def test_urls_can_be_sent_as_mini_profiles(name: str) -> None:
    url = body_of(name, "live", event_urls="mini_profile")["data"]["linkedinUrl"]

    beginning, _, internal_id = url.partition("%3AACoAA")
    assert beginning == "in/ida-holm?miniProfileUrn=urn%3Ali%3Afs_miniProfile"
    assert internal_id
    assert "%" not in internal_id


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", [name for name in WITH_URL if name != "lead.tag.updated"])
def test_urls_are_public_unless_the_contract_says_otherwise(name: str, contract: str) -> None:
    data = body_of(name, contract)["data"]

    assert data["linkedinUrl"] == "https://www.linkedin.com/in/ida-holm"
