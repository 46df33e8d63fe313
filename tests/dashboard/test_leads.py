"""The list of leads and the page of one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

import orjson
import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.models import Lead
from tests.control.world import WORLD, parsed
from tests.dashboard.conftest import GetPage
from tests.dashboard.html import Document
from tests.support import Api, Reply, in_process

LEADS = "/ws_demo/leads"
LEAD = f"{LEADS}/lead_abc123"
_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("query", "paging"),
    [
        pytest.param("", "1–50 of 61", id="all"),
        pytest.param("?page=2", "51–61 of 61", id="the last page"),
        pytest.param("?page=0", "1–50 of 61", id="a page that is none"),
        pytest.param("?page=x", "1–50 of 61", id="a page that is no number"),
        pytest.param("?campaign=camp_xyz789", "1–31 of 31", id="a campaign"),
        pytest.param("?q=john+doe", "1–1 of 1", id="a name"),
        pytest.param("?q=OAKLINE", "1–5 of 5", id="a company, whatever its case"),
        pytest.param("?q=lead_abc", "1–1 of 1", id="a part of an id"),
        pytest.param("?q=in/john-doe", "1–1 of 1", id="a part of a URL"),
        pytest.param("?status=PENDING&campaign=camp_xyz789", "1–6 of 6", id="two filters"),
    ],
)
def test_leads_are_filtered_and_paged(get_page: GetPage, query: str, paging: str) -> None:
    assert paging in get_page(LEADS + query).live("rows")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("?q=nobody-at-all", "No lead matches", id="a filter"),
        pytest.param("?page=99", "This page is past the last one", id="a page"),
    ],
)
def test_an_empty_list_says_why(get_page: GetPage, query: str, text: str) -> None:
    assert text in get_page(LEADS + query).live("rows")


def test_a_page_of_100_000_leads_is_the_right_one(emulator: Emulator) -> None:
    world = orjson.loads(orjson.dumps(WORLD))
    world["workspaces"][0]["leads"] = []
    (workspace, _) = (emulator.add_workspace(seed) for seed in parsed(orjson.dumps(world)))
    first = Lead(
        id="lead_0",
        linkedin_url="",
        status="PENDING",
        campaign_id="camp_a",
        created_at=_AT,
        updated_at=_AT,
    )
    for number in range(100_000):
        url = f"https://www.linkedin.com/in/{number}"
        workspace.store.put_lead(replace(first, id=f"lead_{number}", linkedin_url=url))
    api = in_process(create_app(emulator).test_client())
    for query in ("?page=2000", "?page=2000&campaign=camp_a", "?page=2000&status=PENDING"):
        reply = api("GET", f"/dashboard/ws_a/leads{query}", key=None)
        rows = Document(reply.body.decode()).live("rows")
        assert "99,951–100,000 of 100,000" in rows
        assert "https://www.linkedin.com/in/99999" in rows


def test_the_history_has_both_statuses_the_author_and_the_note(api: Api, get_page: GetPage) -> None:
    body = {"status": "DONE", "note": "They called back"}
    api("PATCH", "/v1/leads/lead_abc123/status", json=body)
    history = get_page(LEAD).live("history")
    assert "Reply received →to ✓Done They called back" in history
    assert "by API key “The key of the vendor's curl example”" in history


def test_the_conversation_is_shown(get_page: GetPage) -> None:
    assert "Call me Tuesday." in get_page(LEAD).live("conversation")


def test_a_step_that_is_not_possible_says_why(get_page: GetPage) -> None:
    page = get_page(LEAD)
    assert "is connected already" in page.live("steps")
    disabled = ["".join(one.text) for one in page.all("button") if "disabled" in one.attributes]
    assert disabled == ["Send connection request", "Accept", "Withdraw request"]


@pytest.mark.parametrize(
    ("call", "fields", "status"),
    [
        pytest.param(
            "PATCH /v1/leads/lead_abc123/status",
            {"body.status": "OPPORTUNITY", "body.note": ""},
            "OPPORTUNITY",
            id="a status",
        ),
        pytest.param(
            "POST /_emulate/leads/lead_abc123/simulate",
            {"body.action": "done"},
            "DONE",
            id="a step",
        ),
    ],
)
def test_a_button_changes_the_lead(
    api: Api, post_form: Callable[..., Reply], call: str, fields: dict[str, str], status: str
) -> None:
    reply = post_form("/ws_demo/call", {"call": call, "done": "It is done.", **fields})
    assert reply.json["message"] == "It is done."
    assert api("GET", "/v1/leads/lead_abc123").json["status"] == status


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("lead_abc123", "/dashboard/ws_demo/leads/lead_abc123"),
        (" lead_abc123 ", "/dashboard/ws_demo/leads/lead_abc123"),
        ("camp_xyz789", "/dashboard/ws_demo/campaigns/camp_xyz789"),
        ("2-OVp-y-UNyFXBYvx0FqmQ", "/dashboard/ws_demo/inbox/2-OVp-y-UNyFXBYvx0FqmQ"),
        ("John & Co", "/dashboard/ws_demo/leads?q=John+%26+Co"),
    ],
)
def test_the_search_finds_an_id_or_the_leads_that_match(api: Api, text: str, location: str) -> None:
    from urllib.parse import quote

    reply = api("GET", f"/dashboard/ws_demo/find?q={quote(text)}", key=None)
    assert reply.headers["location"] == location
