"""The parts of a seed about outreach: sequences, behaviors, conversations, people, limits."""

from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.world.models import Behavior, Counters, Step
from tests.control.world import parsed, problems, world_with

WS = "workspaces[0]"
STEP: dict[str, Any] = {"step": "connect"}
PERSON: dict[str, Any] = {
    "id": "p1", "first_name": "Ida", "last_name": "Holm", "job_title": "CFO", "company": "F",
    "location": "Oslo", "country": "Norway", "industry": "Energy", "seniority": "C-Level",
    "employees": "51-200", "linkedin_url": "https://www.linkedin.com/in/ida-holm",
}  # fmt: skip
MESSAGE = {"content": "Hi", "direction": "sent", "sentAt": "2026-05-20T09:00:00Z"}
CONVERSATION: dict[str, Any] = {
    "id": "c1", "senderId": "snd_a", "linkedinUrl": "linkedin.com/in/ida", "messages": [MESSAGE],
}  # fmt: skip


def test_a_step_has_its_defaults() -> None:
    (seed, _) = parsed(world_with(f"{WS}.campaigns[0].sequence", [STEP]))

    assert seed.campaigns[0].sequence == (Step(kind="connect"),)


def test_a_step_has_every_field_of_the_seed() -> None:
    step = {
        "step": "message", "after": "1h30m", "text": "Hi", "responseRate": 0.25,
        "respondsAfter": ["1h", "2h"], "answers": ["Yes"], "expiresAfter": "3d", "doneAfter": "4h",
    }  # fmt: skip
    (seed, _) = parsed(world_with(f"{WS}.campaigns[0].sequence", [step]))

    assert seed.campaigns[0].sequence == (
        Step(
            kind="message",
            after=timedelta(hours=1.5),
            text="Hi",
            response_rate=0.25,
            responds_after=(timedelta(hours=1), timedelta(hours=2)),
            answers=("Yes",),
            expires_after=timedelta(days=3),
            done_after=timedelta(hours=4),
        ),
    )


def test_a_campaign_has_the_counters_of_the_seed() -> None:
    counters = {"leadsContacted": 3, "messagesSent": 2}
    (seed, _) = parsed(world_with(f"{WS}.campaigns[0].counters", counters))

    assert seed.campaigns[0].counters == Counters(leads_contacted=3, messages_sent=2)


def test_a_behavior_has_every_field_of_the_seed() -> None:
    behavior = {"accepts": True, "acceptsAfter": "2d", "reply": "Yes", "unreachable": False}
    (seed, _) = parsed(world_with(f"{WS}.leads[0].behavior", behavior))

    assert seed.behaviors == {
        "lead_a": Behavior(accepts=True, accepts_after=timedelta(days=2), reply="Yes")
    }


def test_a_conversation_has_its_oldest_message_first() -> None:
    later = {**MESSAGE, "content": "Later", "sentAt": "2026-05-21T09:00:00Z"}
    part = {**CONVERSATION, "messages": [later, MESSAGE]}
    (seed, _) = parsed(world_with(f"{WS}.conversations", [part]))
    ((conversation, messages),) = seed.conversations

    assert [one.content for one in messages] == ["Hi", "Later"]
    assert conversation.participant.profile_url == "https://www.linkedin.com/in/ida"
    assert conversation.created_at < conversation.updated_at


def test_a_subscription_is_refilled_on_the_first_of_next_month() -> None:
    (seed, _) = parsed(world_with(f"{WS}.credits", {"monthly": 10}))

    assert seed.credits.next_reset_at is not None
    assert seed.credits.next_reset_at.isoformat() == "2026-02-01T00:00:00+00:00"


def test_a_persons_full_name_is_made_of_its_names() -> None:
    (seed, _) = parsed(world_with(f"{WS}.people", [PERSON]))

    assert seed.people[0].full_name == "Ida Holm"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        pytest.param("campaigns[0].sequence", [{"step": "like"}], "connect, message", id="step"),
        pytest.param(
            "campaigns[0].sequence",
            [{**STEP, "responseRate": 2}],
            "a number from 0 to 1",
            id="rate",
        ),
        pytest.param(
            "campaigns[0].sequence", [{**STEP, "after": "soon"}], "a duration such as", id="after"
        ),
        pytest.param(
            "campaigns[0].sequence", [{**STEP, "after": "99999w"}], "at most 100 years", id="long"
        ),
        pytest.param(
            "campaigns[0].sequence",
            [{**STEP, "respondsAfter": ["2d", "1d"]}],
            "the shortest and the longest time",
            id="answered after",
        ),
        pytest.param(
            "campaigns[0].sequence", [{**STEP, "answers": []}], "at least one text", id="answers"
        ),
        pytest.param("campaigns[0].enrolls", "some", "all, added, none", id="enrolls"),
        pytest.param(
            "leads[0].behavior", {"acepts": True}, "did you mean 'accepts'", id="behavior"
        ),
        pytest.param("leads[0].behavior", {"reply": 1}, "a non-empty string, got 1", id="reply"),
        pytest.param(
            "conversations", [{**CONVERSATION, "messages": []}], "at least one", id="none"
        ),
        pytest.param(
            "conversations", [{**CONVERSATION, "senderId": "x"}], "the id of a sender", id="sender"
        ),
        pytest.param(
            "conversations",
            [CONVERSATION, {**CONVERSATION, "id": "c2"}],
            "expected one that is unique within a sender",
            id="two conversations of a pair",
        ),
        pytest.param(
            "people", [PERSON, {**PERSON, "id": "p2"}], "expected a unique value", id="person twice"
        ),
        pytest.param("credits", None, "expected a JSON object, got null", id="credits"),
        pytest.param("credits", {"used": 2**63}, "from 0 to 1000000000000", id="many credits"),
        pytest.param("jobs", {"duration": 5}, "a duration such as", id="jobs"),
        pytest.param("clock", {"startsAt": "9500-01-01T00:00:00Z"}, "year 9000", id="clock"),
        pytest.param("apiKeys[0].rateLimit", "60", "60/min", id="rate limit"),
        pytest.param("senders[0].limits", {"message": 1}, "'messages'", id="limits"),
        pytest.param("senders[0].connections", ["x"], "a LinkedIn profile URL", id="connection"),
    ],
)
def test_an_invalid_part_is_reported_with_its_path(path: str, value: object, says: str) -> None:
    found = problems(world_with(f"{WS}.{path}", value))

    assert found
    assert any(says in problem for problem in found), found


def test_a_campaign_with_a_sequence_needs_a_sender() -> None:
    campaign = {"id": "camp_a", "name": "C", "sequence": [STEP]}
    (problem,) = problems(world_with(f"{WS}.campaigns[0]", campaign))

    assert problem.startswith("$.workspaces[0].campaigns[0].senderIds: expected a sender")
