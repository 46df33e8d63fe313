"""Walks among changes by hand, shared persons, pauses and repeated requests."""

from dataclasses import replace

import pytest

from mock_sendpilot.world.models import Behavior
from tests.world.walks import CONNECT, DAY, FIRST, HOUR, LEAD, World, lead, made

ASKS = replace(CONNECT, responds_after=(10 * HOUR,) * 2)


def with_a_second_campaign(**second: object) -> World:
    """Two campaigns of one sender whose leads are the same person."""
    world = made()
    other = lead(2, "ida-holm", campaign_id="camp_2")
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2", **second))  # type: ignore[arg-type]
    world.workspace.store.put_lead(other)
    world.workspace.sequences.begin([other])
    return world


@pytest.mark.parametrize("status", ["CONNECTION_SENT", "CONNECTION_ACCEPTED"])
def test_a_status_that_no_connection_bears_out_does_not_stop_a_walk(status: str) -> None:
    world = made(contract="schema", status="draft")
    world.workspace.store.set_lead_status("lead_1", status=status)
    world.act("start")

    words = world.words()
    assert words.count("request") == 1
    assert words[-1] == "campaign.finished"


def test_a_lead_that_has_asked_and_is_connected_by_now_goes_on() -> None:
    world = made(replace(LEAD, status="CONNECTION_SENT"), connections=(LEAD.linkedin_url,))

    assert world.words()[-1] == "campaign.finished"


def test_a_withdrawal_by_hand_is_for_all_who_have_asked() -> None:
    world = with_a_second_campaign()
    world.words(2 * HOUR)
    world.workspace.manual_actions.act("lead_2", "withdraw_connection")

    assert world.lead.status == "CONNECTION_WITHDRAWN"


def test_a_campaign_that_gives_up_sooner_does_not_leave_another_waiting() -> None:
    hasty = replace(CONNECT, expires_after=HOUR, after=2 * HOUR)
    world = with_a_second_campaign(sequence=(hasty,))
    world.after()

    assert world.campaign.status == "finished"


def test_what_was_expected_of_a_request_does_not_answer_a_later_one() -> None:
    world = made(sequence=(ASKS,))
    world.words(2 * HOUR)
    act, tell = world.workspace.manual_actions.act, world.workspace.behaviors.set
    act("lead_1", "withdraw_connection")
    tell("lead_1", Behavior(accepts=False))
    act("lead_1", "connection_sent")

    assert "acceptance" not in world.words(20 * DAY)


def test_a_person_who_cannot_be_reached_any_more_does_not_accept() -> None:
    world = made(sequence=(ASKS,))
    world.words(2 * HOUR)
    world.workspace.manual_actions.act("lead_1", "unreachable")

    assert "acceptance" not in world.words(20 * DAY)


def test_a_person_replies_also_when_its_outcome_was_set_by_hand() -> None:
    world = made(behaviors={"lead_1": Behavior(accepts=True, replies=True, replies_after=DAY)})
    world.words(8 * HOUR)
    world.workspace.store.set_lead_status("lead_1", status="OPPORTUNITY")

    words = world.words(2 * DAY)
    assert words.count("reply") == 1
    assert world.lead.status == "OPPORTUNITY"


def test_a_reply_by_hand_takes_the_place_of_the_one_that_was_expected() -> None:
    world = made(behaviors={"lead_1": Behavior(accepts=True, replies=True, replies_after=DAY)})
    world.words(8 * HOUR)
    world.workspace.manual_actions.act("lead_1", "reply")

    assert world.words(9 * DAY).count("reply") == 1


def test_a_campaign_finishes_as_soon_as_its_last_lead_is_set_to_done() -> None:
    world = made()
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert world.campaign.status == "finished"


def test_a_draft_whose_leads_are_all_done_finishes_when_it_starts() -> None:
    world = made(replace(LEAD, status="DONE"), status="draft")
    world.act("start")

    assert world.campaign.status == "finished"


def test_a_campaign_without_leads_waits_for_them() -> None:
    world = made(status="paused")
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2"))
    world.workspace.campaigns.change("camp_2", "resume", by="api")

    assert world.workspace.store.campaign("camp_2").status == "started"


def test_a_campaign_without_a_sequence_is_not_finished_by_its_leads() -> None:
    world = made(sequence=())
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert world.campaign.status == "started"


def test_who_is_connected_accepts_only_once() -> None:
    world = made(sequence=(CONNECT, CONNECT, CONNECT, FIRST))

    assert world.words().count("acceptance") == 1
    assert world.campaign.counters.connections_accepted == 1


@pytest.mark.parametrize("status", ["PENDING", "OPPORTUNITY", "WAITING"])
def test_a_lead_is_contacted_once_whatever_its_status(status: str) -> None:
    world = made(sequence=())
    store, correspondence = world.workspace.store, world.workspace.direct_outreach
    store.set_lead_status("lead_1", status=status)
    store.set_connection("sender_1", LEAD.linkedin_url, "connected")
    for _ in range(2):
        correspondence.send_to_lead("lead_1", sender_id="sender_1", message="Hi")

    assert world.campaign.counters.leads_contacted == 1
    assert world.campaign.counters.messages_sent == 2


def test_a_campaign_that_is_named_for_tracking_is_told_and_not_counted() -> None:
    world = made(sequence=(), connections=(LEAD.linkedin_url,))
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2"))
    world.workspace.direct_outreach.send_to_lead(
        "lead_1", sender_id="sender_1", message="Hi", campaign_id="camp_2"
    )

    assert world.campaign.counters.messages_sent == 1
    assert world.workspace.store.campaign("camp_2").counters.messages_sent == 0
