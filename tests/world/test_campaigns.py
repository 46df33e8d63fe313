"""Campaigns: the leads that they enroll, their counters, and their end."""

from dataclasses import replace

import pytest

from mock_sendpilot.world.models import Counters, LeadDraft
from tests.world.outreach_world import (
    DAY,
    HOUR,
    LEAD,
    PEOPLE,
    REPLIES,
    lead,
    make_world,
)

# --- enrolled leads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enrolls", "enrolled"),
    [
        pytest.param("all", {"lead_1", "new"}, id="all"),
        pytest.param("added", {"new"}, id="added"),
        pytest.param("none", set(), id="none"),
    ],
)
def test_a_campaign_enrolls_all_added_or_no_leads(enrolls: str, enrolled: set[str]) -> None:
    world = make_world(enrolls=enrolls)
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])
    world.history()

    lead_ids = {one.lead_id for one in world.events if one.lead_id}
    assert {one if one == "lead_1" else "new" for one in lead_ids} == enrolled


@pytest.mark.parametrize(
    ("status", "events"),
    [
        pytest.param("started", ["request", "CONNECTION_SENT"], id="started"),
        pytest.param("paused", [], id="paused"),
        pytest.param("draft", [], id="draft"),
        pytest.param("finished", [], id="finished"),
    ],
)
def test_added_leads_begin_if_the_campaign_is_started(status: str, events: list[str]) -> None:
    world = make_world(status=status, enrolls="added")
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])

    assert world.words(2 * HOUR) == events


@pytest.mark.parametrize(("status", "action"), [("paused", "resume"), ("draft", "start")])
def test_earlier_leads_begin_once_the_campaign_runs(status: str, action: str) -> None:
    world = make_world(status=status)
    world.words(DAY)
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])
    world.words(DAY)
    world.act(action)

    assert world.words(HOUR).count("request") == 2


def test_a_campaign_without_a_sequence_does_nothing() -> None:
    assert make_world(sequence=()).history() == []


def test_a_lead_without_a_sender_is_not_enrolled() -> None:
    assert make_world(replace(LEAD, sender_id=None)).history() == []


# --- counters ---------------------------------------------------------------------------------


def test_the_counters_follow_the_actions() -> None:
    world = make_world(lead(1, "replies-interested"), lead(2, "never-accepts"), lead(3))
    world.history()

    assert world.campaign.counters == Counters(
        leads_contacted=3,
        connections_sent=3,
        connections_accepted=2,
        messages_sent=3,
        replies_received=1,
    )


@pytest.mark.parametrize("status", ["PENDING", "OPPORTUNITY", "WAITING"])
def test_a_lead_of_any_status_is_contacted_once(status: str) -> None:
    world = make_world(sequence=())
    store, direct_outreach = world.workspace.store, world.workspace.direct_outreach
    store.set_lead_status("lead_1", status=status)
    store.set_connection("sender_1", LEAD.linkedin_url, "connected")
    for _ in range(2):
        direct_outreach.send_to_lead("lead_1", sender_id="sender_1", message="Hi")

    assert world.campaign.counters.leads_contacted == 1
    assert world.campaign.counters.messages_sent == 2


def test_a_campaign_named_for_tracking_does_not_count() -> None:
    world = make_world(sequence=(), connections=(LEAD.linkedin_url,))
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2"))
    world.workspace.direct_outreach.send_to_lead(
        "lead_1", sender_id="sender_1", message="Hi", campaign_id="camp_2"
    )

    assert world.campaign.counters.messages_sent == 1
    assert world.workspace.store.campaign("camp_2").counters.messages_sent == 0


def test_a_connected_person_counts_as_contacted() -> None:
    world = make_world(connections=(LEAD.linkedin_url,))
    world.history(4 * HOUR)

    counters = world.campaign.counters
    assert (counters.messages_sent, counters.leads_contacted) == (1, 1)


# --- end --------------------------------------------------------------------------------------


def test_a_campaign_finishes_once_its_last_lead_is_over() -> None:
    world = make_world(lead(1, "replies-interested"), lead(2, "never-accepts"), lead(3))
    history = world.history()

    assert [one for one in history if one[1] == "campaign.finished"] == [(79, "campaign.finished")]
    assert world.campaign.status == "finished"


def test_a_campaign_does_not_finish_before_a_lead_without_a_sender() -> None:
    world = make_world(lead(1, "replies-interested"), lead(2, sender_id=None))

    assert "campaign.finished" not in world.words()


def test_a_campaign_over_during_a_pause_finishes_when_resumed() -> None:
    world = make_world(behaviors={"lead_1": REPLIES})
    world.words(8 * HOUR)
    world.act("pause")
    world.words(DAY)
    world.act("resume")

    assert world.words(DAY).count("campaign.finished") == 1


def test_a_finished_campaign_sends_nothing_more() -> None:
    world = make_world()
    world.words(2 * HOUR)
    world.act("finish")

    assert world.words()[2:] == ["campaign.finished", "acceptance", "CONNECTION_ACCEPTED"]


def test_a_campaign_finishes_when_its_last_lead_is_set_to_done() -> None:
    world = make_world()
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert world.campaign.status == "finished"


def test_a_draft_with_only_done_leads_finishes_when_it_starts() -> None:
    world = make_world(replace(LEAD, status="DONE"), status="draft")
    world.act("start")

    assert world.campaign.status == "finished"


def test_a_campaign_without_leads_does_not_finish() -> None:
    world = make_world(status="paused")
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2"))
    world.workspace.campaigns.change("camp_2", "resume", by="api")

    assert world.workspace.store.campaign("camp_2").status == "started"


def test_a_campaign_without_a_sequence_does_not_finish() -> None:
    world = make_world(sequence=())
    world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert world.campaign.status == "started"
