"""`/_emulate/…/simulate` and `/behavior`: steps by hand, through the same code as all others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.testing.backends.local import LocalBackend
from mock_sendpilot.testing.recorded_events import RecordedEvents
from tests.api.world import HOUR, IDA, PEOPLE, MakeWorld, World, make_world
from tests.control.expect import assert_invalid
from tests.support import Api, Reply

__all__ = ["make_world"]

DEMO_LEAD = "lead_hb5qqh"  # CONNECTION_SENT, of sender_maria


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world("live")


ACCEPTED = "connection_request.accepted"
MINUTES = "Hi Ida, do you have ten minutes this week?"


def step(api: Api, action: str, lead_id: str = "lead_1", **more: Any) -> Reply:
    path = f"/_emulate/leads/{quote(lead_id, safe='')}/simulate"
    return api("POST", path, json={"action": action, **more})


def campaign_step(api: Api, action: str, campaign_id: str = "camp_1") -> Reply:
    return api("POST", f"/_emulate/campaigns/{campaign_id}/simulate", json={"action": action})


def job_step(api: Api, action: str, job_id: str, **more: Any) -> Reply:
    return api("POST", f"/_emulate/jobs/{job_id}/simulate", json={"action": action, **more})


# --- leads --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "action", "status", "events"),
    [
        ("PENDING", "connection_sent", "CONNECTION_SENT", ["connection_request.sent"]),
        ("CONNECTION_SENT", "accept_connection", "CONNECTION_ACCEPTED", [ACCEPTED]),
        ("CONNECTION_SENT", "withdraw_connection", "CONNECTION_WITHDRAWN", []),
        ("CONNECTION_ACCEPTED", "message_sent", "MESSAGE_SENT", ["message.sent"]),
        ("MESSAGE_SENT", "reply", "REPLY_RECEIVED", ["reply.received"]),
        ("PENDING", "unreachable", "PROFILE_UNREACHABLE", []),
        ("MESSAGE_SENT", "done", "DONE", []),
    ],
)
def test_a_step_moves_the_lead_and_is_recorded(
    make_world: MakeWorld, before: str, action: str, status: str, events: list[str]
) -> None:
    world = make_world("live", lead={"status": before})
    reply = step(world.api, action)

    assert (reply.status, reply.json["id"], reply.json["status"]) == (200, "lead_1", status)
    assert world.lead.status == status
    assert world.types() == [*events, "lead.updated"]


@pytest.mark.parametrize("contract", ["documented", "example", "schema"])
@pytest.mark.parametrize(
    ("before", "action"), [("CONNECTION_SENT", "withdraw_connection"), ("PENDING", "unreachable")]
)
def test_a_step_whose_status_the_contract_lacks_leaves_the_lead_done(
    make_world: MakeWorld, contract: str, before: str, action: str
) -> None:
    world = make_world(contract, lead={"status": before})

    assert step(world.api, action).json["status"] == "DONE"


@pytest.mark.parametrize(
    ("before", "action", "key", "default"),
    [
        ("PENDING", "connection_sent", "note", None),
        ("CONNECTION_ACCEPTED", "message_sent", "message", MINUTES),
        ("MESSAGE_SENT", "reply", "reply", "Thanks for reaching out. Let us talk next week."),
    ],
)
def test_the_body_can_have_the_text(
    make_world: MakeWorld, before: str, action: str, key: str, default: str | None
) -> None:
    for text in ("Call me", None):
        world = make_world("live", lead={"status": before})
        step(world.api, action, text=text)

        assert world.events()[0][1].get(key) == (text or default)


@pytest.mark.parametrize("key", ["text", "reply", "replyPreview"])
def test_overrides_can_have_the_text_under_its_key_in_the_event(
    make_world: MakeWorld, key: str
) -> None:
    world = make_world("live", lead={"status": "MESSAGE_SENT"})
    step(world.api, "reply", overrides={key: "Call me"})

    assert world.events()[0][1]["reply"] == "Call me"


def test_the_body_can_name_another_sender(world: World) -> None:
    step(world.api, "connection_sent", senderId="basic")

    assert world.events()[0][1]["senderId"] == "basic"


def test_a_request_by_hand_is_accepted_in_time(world: World) -> None:
    step(world.api, "connection_sent")
    world.workspace.advance(4 * HOUR)

    assert world.lead.status == "CONNECTION_ACCEPTED"


@pytest.mark.parametrize(
    ("before", "action", "reason"),
    [
        ("CONNECTION_SENT", "connection_sent", "open request"),
        ("CONNECTION_ACCEPTED", "connection_sent", "is connected already"),
        ("PENDING", "accept_connection", "do connection_sent first"),
        ("CONNECTION_ACCEPTED", "accept_connection", "got a connection"),
        ("PENDING", "withdraw_connection", "got none: do connection_sent first"),
        ("PENDING", "message_sent", "no request was sent"),
        ("CONNECTION_SENT", "message_sent", "is not accepted yet"),
        ("CONNECTION_SENT", "reply", "do accept_connection first"),
        ("PENDING", "reply", "do connection_sent and accept_connection first"),
    ],
)
def test_a_step_that_cannot_happen_is_refused_with_the_reason(
    make_world: MakeWorld, before: str, action: str, reason: str
) -> None:
    world = make_world("live", lead={"status": before})

    assert_invalid(step(world.api, action), reason)
    assert (world.lead.status, world.types()) == (before, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "action: expected one of"),
        ({"action": "repyl"}, "action: expected one of"),
        ({"action": "reply", "txt": "Hi"}, "did you mean 'text'?"),
        ({"action": "reply", "text": "x" * 8001}, "text: expected"),
        ({"action": "connection_sent", "senderId": "x"}, "senderId: expected the id of a sender"),
        ({"action": "reply", "overrides": []}, "overrides: expected a JSON object"),
        (
            {"action": "reply", "overrides": {"reply": 3}},
            "overrides.reply: expected a non-empty string",
        ),
        (
            {"action": "reply", "overrides": {"note": "Hi"}},
            "overrides: unknown key 'note'; reply takes text or reply",
        ),
        (
            {"action": "done", "overrides": {"reply": "Hi"}},
            "overrides: unknown key 'reply'; done takes nothing",
        ),
        ({"action": "reply", "text": "Hi", "overrides": {"reply": "Hi"}}, "got both"),
    ],
)
def test_an_invalid_body_is_400(world: World, body: dict[str, Any], reason: str) -> None:
    assert_invalid(world.api("POST", "/_emulate/leads/lead_1/simulate", json=body), reason)


def test_a_lead_without_a_sender_needs_one(make_world: MakeWorld) -> None:
    world = make_world(lead={"sender_id": None})

    assert_invalid(step(world.api, "connection_sent"), "senderId is required")
    assert step(world.api, "connection_sent", senderId="sam").status == 200


def test_a_server_serves_the_steps_too(api: Api) -> None:
    assert step(api, "accept_connection", DEMO_LEAD).json["status"] == "CONNECTION_ACCEPTED"


# --- behavior -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behavior", "hours", "status"),
    [
        pytest.param({"accepts": False}, 999, "CONNECTION_SENT", id="never"),
        pytest.param({"acceptsAfter": "2d"}, 47, "CONNECTION_SENT", id="not yet"),
        pytest.param({"acceptsAfter": "2d"}, 48, "CONNECTION_ACCEPTED", id="after two days"),
    ],
)
def test_a_behavior_decides_what_a_lead_does(
    world: World, behavior: dict[str, Any], hours: int, status: str
) -> None:
    reply = world.api("PUT", "/_emulate/leads/lead_1/behavior", json=behavior)
    step(world.api, "connection_sent")
    world.workspace.advance(timedelta(hours=hours))

    assert (reply.status, reply.body, world.lead.status) == (204, b"", status)


def test_a_behavior_has_the_reply_of_a_lead(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    behavior = {"replies": True, "repliesAfter": "30m", "reply": "Later"}
    world.api("PUT", "/_emulate/leads/lead_1/behavior", json=behavior)
    body = {"senderId": "sam", "recipientLinkedinUrl": IDA, "message": "Hi"}
    world.api("POST", "/v1/inbox/send", json=body)
    world.workspace.advance(timedelta(minutes=30))

    event_type, data = world.events()[1]
    assert (event_type, data["leadId"], data["reply"]) == ("reply.received", "lead_1", "Later")


def test_a_behavior_overrides_the_one_of_the_slug(make_world: MakeWorld) -> None:
    world = make_world("live", lead={"linkedin_url": f"{PEOPLE}never-accepts"})
    world.api("PUT", "/_emulate/leads/lead_1/behavior", json={"accepts": True})
    step(world.api, "connection_sent")
    world.workspace.advance(4 * HOUR)

    assert world.lead.status == "CONNECTION_ACCEPTED"


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        ({"accept": True}, "did you mean 'accepts'?"),
        ({"accepts": "yes"}, "accepts: expected true or false"),
        ({"acceptsAfter": "soon"}, "acceptsAfter: expected a duration"),
    ],
)
def test_an_invalid_behavior_is_400(world: World, behavior: dict[str, Any], reason: str) -> None:
    assert_invalid(world.api("PUT", "/_emulate/leads/lead_1/behavior", json=behavior), reason)


# --- campaigns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "status", "event"),
    [
        (["pause"], "paused", "campaign.paused"),
        (["pause", "resume"], "started", "campaign.resumed"),
        (["finish"], "finished", "campaign.finished"),
    ],
)
def test_a_campaign_changes_as_in_the_dashboard(
    world: World, actions: list[str], status: str, event: str
) -> None:
    reply = [campaign_step(world.api, action) for action in actions][-1]

    assert (reply.status, reply.json["id"], reply.json["status"]) == (200, "camp_1", status)
    event_type, data = world.events()[-1]
    assert event_type == event
    by = {"campaign.paused": "pausedBy", "campaign.resumed": "resumedBy"}.get(event)
    assert by is None or data[by] == "user"


def test_a_draft_is_started(api: Api, emulator: Emulator) -> None:
    workspace = emulator.workspaces()[0]
    (draft,) = [one for one in workspace.store.campaigns() if one.status == "draft"][:1]
    sent = RecordedEvents(LocalBackend(emulator, workspace))

    assert campaign_step(api, "start", draft.id).json["status"] == "started"
    assert sent[0].event_type == "campaign.started"
    assert sent[0].data["totalLeads"] == workspace.store.lead_count(draft.id)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("start", "expected a campaign that is draft"),
        ("resume", "expected a campaign that is paused"),
    ],
)
def test_a_step_that_the_status_of_a_campaign_does_not_allow_is_refused(
    world: World, action: str, reason: str
) -> None:
    assert_invalid(campaign_step(world.api, action), reason, "is started")


# --- jobs ---------------------------------------------------------------------------------------


def search(world: World) -> str:
    return world.workspace.searches.start(name="S", limit=3, filters={}).id


def extraction(world: World) -> str:
    urls = ["https://www.linkedin.com/search/results/people/"]
    return world.workspace.extractions.start(name="S", limit=3, urls=urls).id


JOBS = pytest.mark.parametrize("start", [search, extraction])


@JOBS
def test_a_job_is_completed(world: World, start: Callable[[World], str]) -> None:
    job_id = start(world)
    reply = job_step(world.api, "complete", job_id)

    assert reply.status == 200
    assert reply.json == {
        "id": job_id, "name": "S", "state": "done", "found": 3, "errorMessage": None,
        "completedAt": "2026-06-01T09:00:00.000Z",
    }  # fmt: skip
    assert len(world.types()) == 1


@JOBS
def test_a_job_fails(world: World, start: Callable[[World], str]) -> None:
    reply = job_step(world.api, "fail", start(world), text="No luck")

    assert (reply.json["state"], reply.json["errorMessage"]) == ("failed", "No luck")
    assert world.types(HOUR) == []


@JOBS
@pytest.mark.parametrize("action", ["complete", "fail"])
def test_a_job_that_has_ended_refuses_a_step(
    world: World, start: Callable[[World], str], action: str
) -> None:
    job_id = start(world)
    job_step(world.api, "complete", job_id)

    assert_invalid(
        job_step(world.api, action, job_id), "expected one that is pending or running, got done"
    )
