"""Sequences: enrolled leads from their first step to their end, on a clock moved by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.models import Behavior, DailyLimits, Step
from tests.world.outreach_world import (
    ACCEPTED,
    DAY,
    DONE_IN_OLDER,
    FIRST,
    HOUR,
    LEAD,
    PEOPLE,
    REPLIES,
    REQUEST,
    SENDER,
    SEQUENCE,
    UNANSWERED,
    World,
    hours_of,
    lead,
    make_world,
    word_for,
)

# --- whole sequences --------------------------------------------------------------------------


def test_a_person_accepts_and_replies() -> None:
    assert make_world(behaviors={"lead_1": REPLIES}).history() == [
        *ACCEPTED, (7, "message 2"), (7, "MESSAGE_SENT"), (10, "reply"), (10, "REPLY_RECEIVED"),
        (10, "campaign.finished"),
    ]  # fmt: skip


def test_a_lead_without_a_reply_gets_the_follow_up_and_is_done() -> None:
    assert make_world().history() == [
        *UNANSWERED,
        (31, "FOLLOWUP_SENT"),
        (79, "DONE"),
        (79, "campaign.finished"),
    ]


@pytest.mark.parametrize("contract", ["documented", "example", "schema"])
def test_older_contracts_have_no_status_for_a_follow_up(contract: str) -> None:
    history = make_world(contract=contract).history()
    assert history == [*UNANSWERED, (79, "DONE"), (79, "campaign.finished")]


@pytest.mark.parametrize(("contract", "end"), [("live", "CONNECTION_WITHDRAWN"), *DONE_IN_OLDER])
def test_an_unanswered_request_is_withdrawn(contract: str, end: str) -> None:
    world = make_world(lead(1, "never-accepts"), contract=contract)
    history = world.history()

    assert history == [*ACCEPTED[:2], (25, end), (25, "campaign.finished")]
    assert world.workspace.store.connection("sender_1", f"{PEOPLE}never-accepts") is None


@pytest.mark.parametrize(("contract", "end"), [("live", "PROFILE_UNREACHABLE"), *DONE_IN_OLDER])
@pytest.mark.parametrize("way", ["slug", "behavior"])
def test_an_unreachable_profile_gets_nothing(contract: str, end: str, way: str) -> None:
    if way == "slug":
        world = make_world(lead(1, "unreachable-7"), contract=contract)
    else:
        world = make_world(behaviors={"lead_1": Behavior(is_unreachable=True)}, contract=contract)

    assert world.history() == [(1, end), (1, "campaign.finished")]


def test_a_connected_person_accepts_without_a_request() -> None:
    history = make_world(connections=(LEAD.linkedin_url,)).history(4 * HOUR)

    words = ["acceptance", "CONNECTION_ACCEPTED", "message 2", "MESSAGE_SENT"]
    assert history == list(zip([1, 1, 3, 3], words, strict=True))


def test_a_person_who_connects_before_the_request_gets_none() -> None:
    world = make_world()
    world.workspace.store.set_connection("sender_1", LEAD.linkedin_url, CONNECTED)

    assert world.history(2 * HOUR) == [(1, "acceptance"), (1, "CONNECTION_ACCEPTED")]


def test_a_connected_person_accepts_only_once() -> None:
    world = make_world(sequence=(REQUEST, REQUEST, REQUEST, FIRST))

    assert world.words().count("acceptance") == 1
    assert world.campaign.counters.connections_accepted == 1


# --- the first step ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "history"),
    [
        pytest.param("CONNECTION_SENT", [(4, "acceptance")], id="asked"),
        pytest.param("CONNECTION_ACCEPTED", [(2, "message 2")], id="accepted"),
        pytest.param("MESSAGE_SENT", [(24, "message 3")], id="first message sent"),
        pytest.param("FOLLOWUP_SENT", [(48, "DONE")], id="last message sent"),
        pytest.param("REPLY_RECEIVED", [], id="replied"),
        pytest.param("OPPORTUNITY", [], id="outcome"),
        pytest.param("DONE", [], id="done"),
    ],
)
def test_a_lead_begins_at_the_step_that_its_status_implies(
    status: str, history: list[tuple[float, str]]
) -> None:
    assert make_world(replace(LEAD, status=status)).history()[:1] == history


@pytest.mark.parametrize("status", ["CONNECTION_SENT", "CONNECTION_ACCEPTED"])
def test_a_status_without_its_connection_does_not_stop_a_sequence(status: str) -> None:
    world = make_world(contract="schema", status="draft")
    world.workspace.store.set_lead_status("lead_1", status=status)
    world.act("start")

    words = world.words()
    assert words.count("request") == 1
    assert words[-1] == "campaign.finished"


def test_a_lead_with_an_old_request_and_a_connection_goes_on() -> None:
    world = make_world(replace(LEAD, status="CONNECTION_SENT"), connections=(LEAD.linkedin_url,))

    assert world.words()[-1] == "campaign.finished"


# --- end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_sequence_of_one_request_is_done_right_after_the_acceptance(contract: str) -> None:
    history = make_world(contract=contract, sequence=(REQUEST,)).history()

    assert history == [*ACCEPTED, (5, "DONE"), (5, "campaign.finished")]


@pytest.mark.parametrize("days", [0, 3])
def test_a_lead_is_done_when_its_last_message_expires(
    days: int,
) -> None:
    last = replace(FIRST, expires_after=days * DAY)
    history = make_world(sequence=(REQUEST, last)).history()

    end = 7 + 24 * days
    sent, ended = ["message 2", "MESSAGE_SENT"], ["DONE", "campaign.finished"]
    assert history[4:] == [*((7, one) for one in sent), *((end, one) for one in ended)]


def test_a_lead_is_not_done_before_a_reply_to_the_last_message() -> None:
    history = make_world(sequence=(REQUEST, FIRST), behaviors={"lead_1": REPLIES}).history()

    assert history[6:] == [(10, "reply"), (10, "REPLY_RECEIVED"), (10, "campaign.finished")]


@pytest.mark.parametrize(
    ("last", "done_at"),
    [
        pytest.param({"done_after": 3 * HOUR}, 5 + 3, id="request"),
        pytest.param({"kind": "message"}, 6 + 24, id="message"),
        pytest.param(
            {"kind": "message", "done_after": 3 * HOUR}, 6 + 24 + 3, id="message, and later"
        ),
    ],
)
def test_a_step_says_how_long_after_it_a_lead_is_done(last: dict[str, Any], done_at: int) -> None:
    step = replace(REQUEST, **last)
    is_request = step.kind == "connect"
    steps = (step,) if is_request else (REQUEST, replace(step, response_rate=0.0))
    history = make_world(sequence=steps).history()

    assert [at for at, word in history if word == "DONE"] == [done_at]


def test_the_delay_of_done_does_not_shorten_the_wait_for_an_acceptance() -> None:
    step = Step(kind="connect", response_rate=0.0)

    withdrawn = 1 + 14 * 24
    assert make_world(sequence=(step,)).history()[2:] == [
        (withdrawn, "CONNECTION_WITHDRAWN"), (withdrawn, "campaign.finished")
    ]  # fmt: skip


def test_a_lead_past_its_sequence_is_done_when_the_campaign_begins() -> None:
    world = make_world(replace(LEAD, status="CONNECTION_ACCEPTED"), sequence=(REQUEST,))

    assert world.words(timedelta()) == ["DONE", "campaign.finished"]


def test_a_manual_acceptance_ends_the_sequence_at_once() -> None:
    world = make_world(sequence=(REQUEST,))
    world.words(2 * HOUR)

    assert world.workspace.manual_actions.act("lead_1", "accept_connection").status == "DONE"


# --- pauses -----------------------------------------------------------------------------------


def test_a_pause_does_not_hold_back_the_end_of_a_sequence() -> None:
    world = make_world(sequence=(REQUEST,))
    world.words(2 * HOUR)
    world.act("pause")

    assert world.words(DAY)[-3:] == ["acceptance", "CONNECTION_ACCEPTED", "DONE"]
    world.act("resume")
    assert world.words(timedelta())[-2:] == ["campaign.resumed", "campaign.finished"]


def test_a_paused_campaign_takes_no_step_until_it_is_resumed() -> None:
    world = make_world()
    world.act("pause")
    assert world.words(5 * DAY) == ["campaign.paused"]
    world.act("resume")
    assert world.words(timedelta()) == [
        "campaign.paused", "campaign.resumed", "request", "CONNECTION_SENT"
    ]  # fmt: skip


def test_people_accept_while_a_campaign_is_paused() -> None:
    world = make_world()
    world.words(2 * HOUR)
    world.act("pause")
    assert world.words(5 * DAY)[2:] == ["campaign.paused", "acceptance", "CONNECTION_ACCEPTED"]
    world.act("resume")
    assert world.words(timedelta())[-2:] == ["message 2", "MESSAGE_SENT"]


def test_a_pause_that_ends_before_the_next_step_changes_nothing() -> None:
    world, other = make_world(), make_world()
    world.words(2 * HOUR)
    world.act("pause")
    world.act("resume")

    history = [
        one for one in world.history() if one[1] not in {"campaign.paused", "campaign.resumed"}
    ]
    assert history == other.history()


# --- changes from outside ---------------------------------------------------------------------


def test_a_lead_set_to_done_gets_nothing_more() -> None:
    world = make_world()
    world.words(2 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert [one for one in world.words() if one.startswith("message")] == []
    assert world.lead.status == "DONE"


def test_a_lead_set_to_reply_received_gets_nothing_more() -> None:
    world = make_world(contract="documented")
    world.words(6 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="REPLY_RECEIVED")

    assert [one for one in world.words() if one.startswith("message")] == []


def test_a_manual_reply_ends_the_sequence() -> None:
    world = make_world()
    world.words(8 * HOUR)
    world.workspace.manual_actions.act("lead_1", "reply")

    assert world.words()[-3:] == ["reply", "REPLY_RECEIVED", "campaign.finished"]


# --- senders that cannot send -----------------------------------------------------------------


def test_a_used_quota_delays_the_rest_until_midnight() -> None:
    sender = replace(SENDER, daily_limits=DailyLimits(connections=2))
    history = make_world(*(lead(number) for number in range(5)), sender=sender).history(50 * HOUR)

    assert [at for at, word in history if word == "request"] == [1, 1, 15, 15, 39]


@pytest.mark.parametrize("status", ["disconnected", "rate_limited"])
def test_an_inactive_sender_sends_later(status: str) -> None:
    world = make_world(sender=replace(SENDER, status=status))
    assert world.words(5 * HOUR) == []
    world.workspace.store.put_sender(SENDER)
    assert world.words(HOUR) == ["request", "CONNECTION_SENT"]


# --- chance -----------------------------------------------------------------------------------


def _history(world: World, lead_id: str) -> list[tuple[float, str]]:
    world.history()
    return [(hours_of(one), word_for(one.change)) for one in world.events if one.lead_id == lead_id]


def _chance_world(*numbers: int, random_seed: str = "1") -> World:
    steps = tuple(Step(kind=step.kind, after=step.after, text=step.text) for step in SEQUENCE)
    return make_world(
        *(lead(number) for number in numbers), sequence=steps, random_seed=random_seed
    )


def test_the_same_seed_gives_the_same_history() -> None:
    assert _chance_world(1, 2, 3).history() == _chance_world(1, 2, 3).history()


def test_another_seed_gives_another_history() -> None:
    assert _chance_world(1, 2, 3).history() != _chance_world(1, 2, 3, random_seed="2").history()


@pytest.mark.parametrize("number", range(1, 6))
def test_a_leads_history_does_not_depend_on_other_leads(number: int) -> None:
    alone, among = _chance_world(number), _chance_world(*range(5, 0, -1))

    assert _history(alone, f"lead_{number}") == _history(among, f"lead_{number}")
