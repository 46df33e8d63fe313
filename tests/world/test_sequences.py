"""Sequences: magic slugs, answers drawn by lot, and texts that are filled in."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sendpilot.world.behavior import INTERESTED, NOT_INTERESTED, behavior_of_slug
from mock_sendpilot.world.events import MessageSent
from mock_sendpilot.world.models import (
    CONNECT,
    DEFAULT_REPLY,
    MESSAGE,
    Behavior,
    DailyLimits,
    Lead,
    LeadDraft,
    Step,
)
from mock_sendpilot.world.outreach import fill_in_names
from mock_sendpilot.world.recipients import DIRECT_REQUEST, draw_response
from mock_sendpilot.world.sample_events import SAMPLE_LEAD
from tests.world.walks import (
    HOUR,
    REPLIES,
    SENDER,
    SEQUENCE,
    World,
    hours_of,
    lead,
    made,
    word,
)

PEOPLE = "https://www.linkedin.com/in/"
NEVER = Step(kind=MESSAGE, response_rate=0.0)
ALWAYS = Step(kind=MESSAGE, response_rate=1.0)
DAY = timedelta(days=1)


def accepted_after(wait: timedelta) -> Behavior:
    return Behavior(accepts=True, accepts_after=wait)


# --- magic slugs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "behavior"),
    [
        pytest.param("accepts-after-2d", accepted_after(2 * DAY), id="days"),
        pytest.param("accepts-after-1h30m", accepted_after(1.5 * HOUR), id="hours and minutes"),
        pytest.param("accepts-after-90s", accepted_after(1.5 * HOUR / 60), id="seconds"),
        pytest.param("accepts-after-0s", accepted_after(timedelta()), id="at once"),
        pytest.param(
            "replies-interested",
            Behavior(accepts=True, replies=True, reply=INTERESTED),
            id="interested",
        ),
        pytest.param(
            "replies-not-interested",
            Behavior(accepts=True, replies=True, reply=NOT_INTERESTED),
            id="not interested",
        ),
        pytest.param("never-accepts", Behavior(accepts=False), id="never"),
        pytest.param("unreachable", Behavior(is_unreachable=True), id="unreachable"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "-7", "-ida-holm"])
def test_a_magic_slug_tells_a_behavior_with_or_without_a_suffix(
    slug: str, behavior: Behavior, suffix: str
) -> None:
    assert behavior_of_slug(f"{PEOPLE}{slug}{suffix}") == behavior


@pytest.mark.parametrize(
    "slug",
    [
        "ida-holm",
        "unreachables",
        "never-acceptsx",
        "never",
        "i-am-unreachable",
        "accepts-after",
        "accepts-after-",
        "accepts-after-soon",
        "accepts-after-2",
        "accepts-after-2days",
        "accepts-after-9999999999d",
        "replies-interestedly",
    ],
)
def test_another_slug_tells_nothing(slug: str) -> None:
    assert behavior_of_slug(PEOPLE + slug) is None


# --- answers ------------------------------------------------------------------------------------


@given(st.integers())
def test_the_same_chance_gives_the_same_answer(seed: int) -> None:
    step = Step(kind=MESSAGE, answers=("a", "b", "c"))
    first, second = (draw_response(step, Behavior(), random.Random(seed)) for _ in range(2))

    assert first == second


@given(st.integers())
def test_an_answer_comes_between_the_shortest_and_the_longest_time(seed: int) -> None:
    step = Step(kind=MESSAGE, response_rate=1.0, responds_after=(HOUR, DAY), answers=("a", "b"))
    answer = draw_response(step, Behavior(), random.Random(seed))

    assert answer is not None
    assert HOUR <= answer.after <= DAY
    assert answer.text in step.answers


@given(st.integers())
def test_no_odds_are_no_answer_and_full_odds_always_one(seed: int) -> None:
    assert draw_response(NEVER, Behavior(), random.Random(seed)) is None
    assert draw_response(ALWAYS, Behavior(), random.Random(seed)) is not None


def test_the_odds_are_the_share_of_those_who_answer() -> None:
    step = Step(kind=MESSAGE, response_rate=0.3)
    answers = [draw_response(step, Behavior(), random.Random(seed)) for seed in range(2000)]
    count = sum(answer is not None for answer in answers)

    assert 500 < count < 700


@pytest.mark.parametrize(
    ("kind", "behavior", "is_answered"),
    [
        pytest.param(CONNECT, Behavior(accepts=True), True, id="accepts"),
        pytest.param(CONNECT, Behavior(accepts=False), False, id="does not accept"),
        pytest.param(MESSAGE, Behavior(replies=True), True, id="replies"),
        pytest.param(MESSAGE, Behavior(replies=False), False, id="does not reply"),
    ],
)
@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_behavior_is_stronger_than_the_odds(
    kind: str, behavior: Behavior, is_answered: bool, rate: float
) -> None:
    answer = draw_response(Step(kind=kind, response_rate=rate), behavior, random.Random(1))

    assert (answer is not None) is is_answered


@pytest.mark.parametrize(
    ("kind", "behavior"),
    [
        pytest.param(CONNECT, Behavior(accepts=True, accepts_after=3 * DAY), id="request"),
        pytest.param(MESSAGE, Behavior(replies=True, replies_after=3 * DAY), id="message"),
    ],
)
def test_a_behavior_can_tell_the_time(kind: str, behavior: Behavior) -> None:
    answer = draw_response(Step(kind=kind), behavior, random.Random(1))

    assert answer is not None
    assert answer.after == 3 * DAY


def test_a_behavior_can_tell_the_words() -> None:
    answer = draw_response(ALWAYS, Behavior(replies=True, reply="Later"), random.Random(1))

    assert answer is not None
    assert answer.text == "Later"


def test_a_step_without_answers_of_its_own_has_the_default_one() -> None:
    answer = draw_response(ALWAYS, Behavior(), random.Random(1))

    assert answer is not None
    assert answer.text == DEFAULT_REPLY


def test_a_request_that_no_campaign_sends_is_accepted_after_four_hours() -> None:
    answer = draw_response(DIRECT_REQUEST, Behavior(), random.Random(1))

    assert answer is not None
    assert answer.after == 4 * HOUR


# --- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        pytest.param("Hi {{firstName}}", "Hi Ida", id="first name"),
        pytest.param("Dear {{lastName}}!", "Dear Holm!", id="last name"),
        pytest.param("{{firstName}} {{lastName}}", "Ida Holm", id="both"),
        pytest.param("{{ firstName }}", "Ida", id="blanks"),
        pytest.param("{{firstName}}{{firstName}}", "IdaIda", id="twice"),
        pytest.param("{{company}}", "{{company}}", id="another variable"),
        pytest.param("{firstName}", "{firstName}", id="single braces"),
        pytest.param("{{firstname}}", "{{firstname}}", id="lower case"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_names_are_filled_in(text: str, filled_in: str) -> None:
    lead = replace(SAMPLE_LEAD, first_name="Ida", last_name="Holm")
    assert fill_in_names(text, lead) == filled_in


@pytest.mark.parametrize("lead", [None, SAMPLE_LEAD], ids=["no lead", "no names"])
def test_an_unknown_name_leaves_nothing(lead: Lead | None) -> None:
    assert fill_in_names("Hi {{firstName}}{{lastName}}!", lead) == "Hi !"


def test_a_placeholder_in_a_name_is_not_replaced() -> None:
    lead = replace(SAMPLE_LEAD, first_name="{{lastName}}", last_name="X")
    assert fill_in_names("{{firstName}}", lead) == "{{lastName}}"


def test_texts_are_filled_in_and_stand_in_the_conversation() -> None:
    world = made(behaviors={"lead_1": REPLIES})
    world.after()
    (conversation,) = world.workspace.inbox.conversations()
    messages = world.workspace.inbox.messages(conversation.id)

    told = [(message.direction, message.content) for message in messages]
    assert told == [("sent", "Hi Ida"), ("received", "Call me")]


def test_leads_added_with_a_name_are_written_to_by_it() -> None:
    world = made(lead(7, "never-accepts"))
    draft = LeadDraft(linkedin_url=f"{PEOPLE}jo", details={"first_name": "Jo"})
    world.workspace.campaigns.add_leads("camp_1", [draft])
    world.words(8 * HOUR)

    sent = [one.change for one in world.events if isinstance(one.change, MessageSent)]
    assert [message.text for message in sent] == ["Hi Jo"]


# --- whole walks by lot -------------------------------------------------------------------------


def _story(world: World, lead_id: str) -> list[tuple[float, str]]:
    world.after()
    return [(hours_of(one), word(one.change)) for one in world.events if one.lead_id == lead_id]


def _by_lot(*numbers: int, random_seed: str = "1") -> World:
    steps = tuple(Step(kind=step.kind, after=step.after, text=step.text) for step in SEQUENCE)
    return made(*(lead(number) for number in numbers), sequence=steps, random_seed=random_seed)


def test_the_same_seed_tells_the_same_story() -> None:
    assert _by_lot(1, 2, 3).after() == _by_lot(1, 2, 3).after()


def test_another_seed_tells_another_story() -> None:
    assert _by_lot(1, 2, 3).after() != _by_lot(1, 2, 3, random_seed="2").after()


@pytest.mark.parametrize("number", range(1, 6))
def test_a_leads_story_does_not_depend_on_other_leads(number: int) -> None:
    alone, among = _by_lot(number), _by_lot(*range(5, 0, -1))

    assert _story(alone, f"lead_{number}") == _story(among, f"lead_{number}")


# --- senders that cannot send ---------------------------------------------------------------------


def test_an_exhausted_quota_lets_the_rest_wait_until_after_midnight() -> None:
    sender = replace(SENDER, daily_limits=DailyLimits(connections=2))
    walk = made(*(lead(number) for number in range(5)), sender=sender).after(50 * HOUR)

    assert [at for at, told in walk if told == "request"] == [1, 1, 15, 15, 39]


@pytest.mark.parametrize("status", ["disconnected", "rate_limited"])
def test_a_sender_that_is_not_active_sends_later(status: str) -> None:
    world = made(sender=replace(SENDER, status=status))
    assert world.words(5 * HOUR) == []
    world.workspace.store.put_sender(SENDER)
    assert world.words(HOUR) == ["request", "CONNECTION_SENT"]
