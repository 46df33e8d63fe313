"""Whole walks through a sequence, on a clock that is moved by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.world.lead_progress import CONNECTED
from mock_sendpilot.world.models import Behavior, Step
from tests.world.walks import (
    ACCEPTED,
    CONNECT,
    DAY,
    DONE_IN_OLDER,
    FIRST,
    HOUR,
    LEAD,
    PEOPLE,
    REPLIES,
    UNANSWERED,
    lead,
    made,
)

# --- whole walks --------------------------------------------------------------------------------


def test_a_person_who_accepts_and_replies() -> None:
    assert made(behaviors={"lead_1": REPLIES}).after() == [
        *ACCEPTED, (7, "message 2"), (7, "MESSAGE_SENT"), (10, "reply"), (10, "REPLY_RECEIVED"),
        (10, "campaign.finished"),
    ]  # fmt: skip


def test_a_person_who_does_not_reply_gets_the_follow_up_and_is_done() -> None:
    assert made().after() == [
        *UNANSWERED,
        (31, "FOLLOWUP_SENT"),
        (79, "DONE"),
        (79, "campaign.finished"),
    ]


@pytest.mark.parametrize("contract", ["documented", "example", "schema"])
def test_older_contracts_know_no_follow_up(contract: str) -> None:
    walk = made(contract=contract).after()
    assert walk == [*UNANSWERED, (79, "DONE"), (79, "campaign.finished")]


@pytest.mark.parametrize(("contract", "end"), [("live", "CONNECTION_WITHDRAWN"), *DONE_IN_OLDER])
def test_a_request_that_is_never_accepted_is_withdrawn(contract: str, end: str) -> None:
    world = made(lead(1, "never-accepts"), contract=contract)
    walk = world.after()

    assert walk == [*ACCEPTED[:2], (25, end), (25, "campaign.finished")]
    assert world.workspace.store.connection("sender_1", f"{PEOPLE}never-accepts") is None


@pytest.mark.parametrize(("contract", "end"), [("live", "PROFILE_UNREACHABLE"), *DONE_IN_OLDER])
@pytest.mark.parametrize("way", ["slug", "behavior"])
def test_nothing_is_sent_to_a_profile_that_cannot_be_reached(
    contract: str, end: str, way: str
) -> None:
    if way == "slug":
        world = made(lead(1, "unreachable-7"), contract=contract)
    else:
        world = made(behaviors={"lead_1": Behavior(is_unreachable=True)}, contract=contract)

    assert world.after() == [(1, end), (1, "campaign.finished")]


def test_a_person_who_was_connected_already_accepts_without_a_request() -> None:
    walk = made(connections=(LEAD.linkedin_url,)).after(4 * HOUR)

    told = ["acceptance", "CONNECTION_ACCEPTED", "message 2", "MESSAGE_SENT"]
    assert walk == list(zip([1, 1, 3, 3], told, strict=True))


def test_a_person_who_connects_before_the_request_accepts_without_one() -> None:
    world = made()
    world.workspace.store.set_connection("sender_1", LEAD.linkedin_url, CONNECTED)

    assert world.after(2 * HOUR) == [(1, "acceptance"), (1, "CONNECTION_ACCEPTED")]


def test_a_person_who_was_connected_already_counts_as_contacted() -> None:
    world = made(connections=(LEAD.linkedin_url,))
    world.after(4 * HOUR)

    counters = world.campaign.counters
    assert (counters.messages_sent, counters.leads_contacted) == (1, 1)


@pytest.mark.parametrize(
    ("status", "walk"),
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
def test_a_lead_begins_where_its_status_says(status: str, walk: list[tuple[float, str]]) -> None:
    assert made(replace(LEAD, status=status)).after()[:1] == walk


def test_a_lead_without_a_sender_stands_still() -> None:
    assert made(replace(LEAD, sender_id=None)).after() == []


def test_a_campaign_without_a_sequence_does_nothing() -> None:
    assert made(sequence=()).after() == []


# --- the end of a sequence ----------------------------------------------------------------------


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_sequence_of_a_request_alone_is_done_right_after_the_acceptance(contract: str) -> None:
    walk = made(contract=contract, sequence=(CONNECT,)).after()

    assert walk == [*ACCEPTED, (5, "DONE"), (5, "campaign.finished")]


@pytest.mark.parametrize("days", [0, 3])
def test_a_lead_that_does_not_answer_the_last_message_is_done_when_it_is_given_up(
    days: int,
) -> None:
    last = replace(FIRST, expires_after=days * DAY)
    walk = made(sequence=(CONNECT, last)).after()

    end = 7 + 24 * days
    sent, ended = ["message 2", "MESSAGE_SENT"], ["DONE", "campaign.finished"]
    assert walk[4:] == [*((7, one) for one in sent), *((end, one) for one in ended)]


def test_a_last_message_that_somebody_answers_is_not_done_before() -> None:
    walk = made(sequence=(CONNECT, FIRST), behaviors={"lead_1": REPLIES}).after()

    assert walk[6:] == [(10, "reply"), (10, "REPLY_RECEIVED"), (10, "campaign.finished")]


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
def test_a_step_says_when_a_lead_is_done_after_it(last: dict[str, Any], done_at: int) -> None:
    step = replace(CONNECT, **last)
    is_request = step.kind == "connect"
    steps = (step,) if is_request else (CONNECT, replace(step, response_rate=0.0))
    walk = made(sequence=steps).after()

    assert [at for at, told in walk if told == "DONE"] == [done_at]


def test_the_wait_for_done_does_not_shorten_that_for_an_acceptance() -> None:
    step = Step(kind="connect", response_rate=0.0)

    withdrawn = 1 + 14 * 24
    assert made(sequence=(step,)).after()[2:] == [
        (withdrawn, "CONNECTION_WITHDRAWN"), (withdrawn, "campaign.finished")
    ]  # fmt: skip


def test_a_lead_whose_sequence_is_over_already_is_done_when_the_campaign_begins() -> None:
    world = made(replace(LEAD, status="CONNECTION_ACCEPTED"), sequence=(CONNECT,))

    assert world.words(timedelta()) == ["DONE", "campaign.finished"]


def test_an_acceptance_by_hand_ends_the_sequence_without_waiting_for_the_clock() -> None:
    world = made(sequence=(CONNECT,))
    world.words(2 * HOUR)

    assert world.workspace.manual_actions.act("lead_1", "accept_connection").status == "DONE"


def test_a_pause_does_not_hold_back_what_sends_nothing() -> None:
    world = made(sequence=(CONNECT,))
    world.words(2 * HOUR)
    world.act("pause")

    assert world.words(DAY)[-3:] == ["acceptance", "CONNECTION_ACCEPTED", "DONE"]
    world.act("resume")
    assert world.words(timedelta())[-2:] == ["campaign.resumed", "campaign.finished"]


# --- what holds a walk up -----------------------------------------------------------------------


def test_a_paused_campaign_takes_no_step_until_it_is_resumed() -> None:
    world = made()
    world.act("pause")
    assert world.words(5 * DAY) == ["campaign.paused"]
    world.act("resume")
    assert world.words(timedelta()) == [
        "campaign.paused", "campaign.resumed", "request", "CONNECTION_SENT"
    ]  # fmt: skip


def test_people_accept_while_a_campaign_is_paused() -> None:
    world = made()
    world.words(2 * HOUR)
    world.act("pause")
    assert world.words(5 * DAY)[2:] == ["campaign.paused", "acceptance", "CONNECTION_ACCEPTED"]
    world.act("resume")
    assert world.words(timedelta())[-2:] == ["message 2", "MESSAGE_SENT"]


def test_a_pause_that_ends_before_the_next_step_changes_nothing() -> None:
    world, other = made(), made()
    world.words(2 * HOUR)
    world.act("pause")
    world.act("resume")

    told = [one for one in world.after() if one[1] not in {"campaign.paused", "campaign.resumed"}]
    assert told == other.after()


def test_a_lead_that_is_set_to_done_gets_nothing_more() -> None:
    world = made()
    world.words(2 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert [one for one in world.words() if one.startswith("message")] == []
    assert world.lead.status == "DONE"


def test_a_lead_that_is_set_to_reply_received_gets_nothing_more() -> None:
    world = made(contract="documented")
    world.words(6 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="REPLY_RECEIVED")

    assert [one for one in world.words() if one.startswith("message")] == []


def test_a_reply_by_hand_ends_the_walk() -> None:
    world = made()
    world.words(8 * HOUR)
    world.workspace.manual_actions.act("lead_1", "reply")

    assert world.words()[-3:] == ["reply", "REPLY_RECEIVED", "campaign.finished"]
