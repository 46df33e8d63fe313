"""The pages of campaigns, the inbox and jobs: what they show, and what their forms do."""

import pytest

from tests.dashboard.conftest import GetPage, SubmitForm
from tests.dashboard.html import Document
from tests.support import Api

CAMPAIGN = "camp_xyz789"
CONVERSATION = "2-OVp-y-UNyFXBYvx0FqmQ"
SEARCH = {"name": "Founders", "filters": {"jobTitles": ["Founder"]}, "limit": 25}


def test_campaigns_show_how_far_they_are(get_page: GetPage) -> None:
    rows = get_page("/ws_demo/campaigns").live("rows")
    assert "SaaS founders, Q13 steps ✓started 31 252520169" in rows


@pytest.mark.parametrize(
    ("status", "buttons"),
    [("started", ["Pause", "Finish"]), ("paused", ["Resume", "Finish"]), ("finished", [])],
)
def test_a_campaign_offers_what_is_possible(
    api: Api, get_page: GetPage, status: str, buttons: list[str]
) -> None:
    action = {"paused": "pause", "finished": "finish"}.get(status)
    if action:
        api("POST", f"/_emulate/campaigns/{CAMPAIGN}/simulate", json={"action": action})
    page = get_page(f"/ws_demo/campaigns/{CAMPAIGN}")
    offered = [one for one in page.all("button") if "button" in one.attributes.get("class", "")]
    names = ["".join(one.text) for one in offered]
    assert names == [*buttons, "Cancel", "Go ahead", "Close"]


def test_a_button_pauses_a_campaign(api: Api, submit: SubmitForm) -> None:
    assert submit(f"/ws_demo/campaigns/{CAMPAIGN}", "Pause").json["ok"]
    assert api("GET", f"/v1/campaigns/{CAMPAIGN}").json["status"] == "paused"


def test_the_sequence_is_shown(get_page: GetPage) -> None:
    text = get_page(f"/ws_demo/campaigns/{CAMPAIGN}").live("sequence")
    assert "Connection request 1 h after the lead was added" in text
    assert "Hi {{firstName}}, I would like to connect." in text
    assert "50% accept after 2 h to 3 d; expires after 14 d" in text


def test_the_inbox_shows_the_latest_first_and_what_is_unread(get_page: GetPage) -> None:
    page = get_page("/ws_demo/inbox")
    assert page.live("rows").startswith("Mila Ivanova")
    assert "John Doe 1 unread" in page.live("rows")
    assert "Choose a conversation." in page.live("conversation")


def test_the_inbox_can_be_that_of_one_sender(get_page: GetPage) -> None:
    rows = get_page("/ws_demo/inbox?sender=sender_maria").live("rows")
    assert "Maria Keller" in rows
    assert "Tom Lindgren" not in rows


@pytest.mark.parametrize(
    ("button", "field", "direction"),
    [("Send", "message", "sent"), ("Reply", "text", "received")],
)
def test_both_can_write(
    get_page: GetPage, submit: SubmitForm, button: str, field: str, direction: str
) -> None:
    path = f"/ws_demo/inbox/{CONVERSATION}"
    reply = submit(path, button, **{field: "A word"})
    assert reply.json["ok"], reply.json
    assert f"A word{direction} " in get_page(path).live("conversation")


def test_a_conversation_that_does_not_exist_says_so(get_page: GetPage) -> None:
    assert "Conversation not found" in get_page("/ws_demo/inbox/2-x", status=404).text


@pytest.mark.parametrize(
    ("button", "state"), [("Complete", "✓done search"), ("Fail", "✕failed search")]
)
def test_a_button_ends_a_job(
    api: Api, get_page: GetPage, submit: SubmitForm, button: str, state: str
) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    job_id = api("POST", "/v1/lead-database/searches", json=SEARCH).json["id"]
    assert "0 of 25" in get_page("/ws_demo/jobs").live("rows")
    path = f"/ws_demo/jobs/{job_id}"
    assert submit(path, button).json["ok"]
    page = get_page(path)
    assert state in page.live("head")
    assert page.calls == []
    assert _has_people(page) == (button == "Complete")


def _has_people(page: Document) -> bool:
    return "No people found yet." not in page.live("people")


def test_jobs_say_how_to_start_one(get_page: GetPage) -> None:
    assert "/v1/lead-database/searches" in get_page("/ws_demo/jobs").live("rows")
