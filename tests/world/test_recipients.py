"""Recipients: random responses, planned ones, and people in two campaigns."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.world.models import CONNECT, DEFAULT_REPLY, MESSAGE, Behavior, Step
from mock_sendpilot.world.recipients import DIRECT_REQUEST, draw_response
from tests.world.outreach_world import (
    DAY,
    HOUR,
    REQUEST,
    World,
    lead,
    make_world,
)

# --- random responses -------------------------------------------------------------------------


NEVER = Step(kind=MESSAGE, response_rate=0.0)
ALWAYS = Step(kind=MESSAGE, response_rate=1.0)


@given(st.integers())
def test_the_same_chance_gives_the_same_response(seed: int) -> None:
    step = Step(kind=MESSAGE, answers=("a", "b", "c"))
    first, second = (draw_response(step, Behavior(), random.Random(seed)) for _ in range(2))

    assert first == second


@given(st.integers())
def test_a_response_comes_between_the_shortest_and_the_longest_time(seed: int) -> None:
    step = Step(kind=MESSAGE, response_rate=1.0, responds_after=(HOUR, DAY), answers=("a", "b"))
    response = draw_response(step, Behavior(), random.Random(seed))

    assert response is not None
    assert HOUR <= response.after <= DAY
    assert response.text in step.answers


@given(st.integers())
def test_a_rate_of_zero_never_gives_a_response_and_a_rate_of_one_always_does(seed: int) -> None:
    assert draw_response(NEVER, Behavior(), random.Random(seed)) is None
    assert draw_response(ALWAYS, Behavior(), random.Random(seed)) is not None


def test_the_response_rate_is_the_share_of_responses() -> None:
    step = Step(kind=MESSAGE, response_rate=0.3)
    responses = [draw_response(step, Behavior(), random.Random(seed)) for seed in range(2000)]
    count = sum(response is not None for response in responses)

    assert 500 < count < 700


@pytest.mark.parametrize(
    ("kind", "behavior", "responds"),
    [
        pytest.param(CONNECT, Behavior(accepts=True), True, id="accepts"),
        pytest.param(CONNECT, Behavior(accepts=False), False, id="does not accept"),
        pytest.param(MESSAGE, Behavior(replies=True), True, id="replies"),
        pytest.param(MESSAGE, Behavior(replies=False), False, id="does not reply"),
    ],
)
@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_behavior_overrides_the_response_rate(
    kind: str, behavior: Behavior, responds: bool, rate: float
) -> None:
    response = draw_response(Step(kind=kind, response_rate=rate), behavior, random.Random(1))

    assert (response is not None) is responds


@pytest.mark.parametrize(
    ("kind", "behavior"),
    [
        pytest.param(CONNECT, Behavior(accepts=True, accepts_after=3 * DAY), id="request"),
        pytest.param(MESSAGE, Behavior(replies=True, replies_after=3 * DAY), id="message"),
    ],
)
def test_a_behavior_can_set_the_delay(kind: str, behavior: Behavior) -> None:
    response = draw_response(Step(kind=kind), behavior, random.Random(1))

    assert response is not None
    assert response.after == 3 * DAY


def test_a_behavior_can_set_the_text() -> None:
    response = draw_response(ALWAYS, Behavior(replies=True, reply="Later"), random.Random(1))

    assert response is not None
    assert response.text == "Later"


def test_a_step_without_answers_has_the_default_reply() -> None:
    response = draw_response(ALWAYS, Behavior(), random.Random(1))

    assert response is not None
    assert response.text == DEFAULT_REPLY


def test_a_direct_request_is_accepted_after_four_hours() -> None:
    response = draw_response(DIRECT_REQUEST, Behavior(), random.Random(1))

    assert response is not None
    assert response.after == 4 * HOUR


# --- planned responses ------------------------------------------------------------------------


SLOW_REQUEST = replace(REQUEST, responds_after=(10 * HOUR,) * 2)


def test_a_planned_acceptance_does_not_answer_a_later_request() -> None:
    world = make_world(sequence=(SLOW_REQUEST,))
    world.words(2 * HOUR)
    act = world.workspace.manual_actions.act
    act("lead_1", "withdraw_connection")
    world.workspace.behaviors.set("lead_1", Behavior(accepts=False))
    act("lead_1", "connection_sent")

    assert "acceptance" not in world.words(20 * DAY)


def test_a_person_who_becomes_unreachable_does_not_accept() -> None:
    world = make_world(sequence=(SLOW_REQUEST,))
    world.words(2 * HOUR)
    world.workspace.manual_actions.act("lead_1", "unreachable")

    assert "acceptance" not in world.words(20 * DAY)


def test_a_person_replies_although_the_outcome_was_set() -> None:
    world = make_world(
        behaviors={"lead_1": Behavior(accepts=True, replies=True, replies_after=DAY)}
    )
    world.words(8 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="OPPORTUNITY")

    words = world.words(2 * DAY)
    assert words.count("reply") == 1
    assert world.lead.status == "OPPORTUNITY"


def test_a_manual_reply_replaces_the_planned_one() -> None:
    world = make_world(
        behaviors={"lead_1": Behavior(accepts=True, replies=True, replies_after=DAY)}
    )
    world.words(8 * HOUR)
    world.workspace.manual_actions.act("lead_1", "reply")

    assert world.words(9 * DAY).count("reply") == 1


# --- one person in two campaigns --------------------------------------------------------------


def with_a_second_campaign(behavior: Behavior | None = None, **second: Any) -> World:
    """Make a world with two campaigns of one sender, whose leads are the same person."""
    behaviors = {} if behavior is None else {"lead_1": behavior, "lead_2": behavior}
    world = make_world(behaviors=behaviors)
    other = lead(2, "ida-holm", campaign_id="camp_2")
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2", **second))
    world.workspace.store.put_lead(other)
    world.workspace.sequences.begin([other])
    return world


def test_a_manual_withdrawal_ends_all_requests_of_the_sender() -> None:
    world = with_a_second_campaign()
    world.words(2 * HOUR)
    world.workspace.manual_actions.act("lead_2", "withdraw_connection")

    assert world.lead.status == "CONNECTION_WITHDRAWN"


def test_a_withdrawal_in_one_campaign_does_not_leave_another_waiting() -> None:
    hasty = replace(REQUEST, expires_after=HOUR, after=2 * HOUR)
    world = with_a_second_campaign(sequence=(hasty,))
    world.history()

    assert world.campaign.status == "finished"


@pytest.mark.parametrize("lead_id", ["lead_1", "lead_2"])
def test_an_acceptance_moves_the_leads_of_both_campaigns_on(lead_id: str) -> None:
    assert "message 2" in with_a_second_campaign(Behavior(accepts=True)).words(lead_id=lead_id)


@pytest.mark.parametrize("campaign_id", ["camp_1", "camp_2"])
def test_both_campaigns_finish_if_the_person_never_accepts(campaign_id: str) -> None:
    world = with_a_second_campaign(Behavior(accepts=False))
    world.history()

    assert world.workspace.store.campaign(campaign_id).status == "finished"
