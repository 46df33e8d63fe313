"""How far a lead has come, when campaigns end, and what holds whatever happens."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.vocabulary import LEAD_STATUSES
from mock_sendpilot.errors import SendPilotError
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.events import LeadStatusChanged
from mock_sendpilot.world.manual_actions import ACTIONS
from mock_sendpilot.world.models import Behavior, Counters, LeadDraft
from tests.world.walks import (
    DAY,
    HOUR,
    PEOPLE,
    REPLIES,
    World,
    lead,
    made,
)

BOUNDED = settings(max_examples=60, deadline=None, database=None, derandomize=True)
WAY = (
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "FOLLOWUP_SENT",
    "REPLY_RECEIVED",
)  # fmt: skip
OUTCOMES = ("OPPORTUNITY", "MEETING_BOOKED", "NOT_INTERESTED", "DONE", "UNSUBSCRIBED")
statuses = st.sampled_from(LEAD_STATUSES)


def _counters(
    contacted: int = 0, sent: int = 0, accepted: int = 0, messages: int = 0, replies: int = 0
) -> Counters:
    return Counters(
        leads_contacted=contacted,
        connections_sent=sent,
        connections_accepted=accepted,
        messages_sent=messages,
        replies_received=replies,
    )


# --- statuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", WAY)
@pytest.mark.parametrize("to", WAY)
def test_a_lead_moves_only_forward(before: str, to: str) -> None:
    farther = max(before, to, key=WAY.index)

    assert lead_progress.later_status(before, to) == farther


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("to", WAY)
def test_an_outcome_stays(before: str, to: str) -> None:
    assert lead_progress.later_status(before, to) == before


@given(statuses, statuses)
def test_a_move_leads_to_one_of_the_two_and_once(before: str, to: str) -> None:
    after = lead_progress.later_status(before, to)

    assert after in {before, to}
    assert lead_progress.later_status(after, to) == after


@pytest.mark.parametrize(
    ("status", "connection"),
    [
        ("PENDING", None),
        ("CONNECTION_SENT", "requested"),
        ("CONNECTION_ALREADY_SENT", "requested"),
        ("CONNECTION_ACCEPTED", "connected"),
        ("MESSAGE_SENT", "connected"),
        ("REPLY_RECEIVED", "connected"),
        ("DONE", "connected"),
        ("CONNECTION_WITHDRAWN", None),
        ("PROFILE_UNREACHABLE", None),
    ],
)
def test_a_status_implies_how_sender_and_person_stand(status: str, connection: str | None) -> None:
    assert lead_progress.implied_connection(status) == connection


@pytest.mark.parametrize(
    ("status", "counters"),
    [
        ("PENDING", _counters()),
        ("CONNECTION_SENT", _counters(1, 1)),
        ("CONNECTION_ACCEPTED", _counters(1, 1, 1)),
        ("MESSAGE_SENT", _counters(1, 1, 1, 1)),
        ("REPLY_RECEIVED", _counters(1, 1, 1, 1, 1)),
        ("DONE", _counters(1, 1, 1, 1)),
    ],
)
def test_a_status_counts_for_the_campaign(status: str, counters: Counters) -> None:
    assert lead_progress.with_lead(Counters(), status) == counters


# --- the end of a campaign ----------------------------------------------------------------------


def test_a_campaign_finishes_once_when_its_last_walk_ends() -> None:
    world = made(lead(1, "replies-interested"), lead(2, "never-accepts"), lead(3))
    walk = world.after()

    assert [one for one in walk if one[1] == "campaign.finished"] == [(79, "campaign.finished")]
    assert world.campaign.status == "finished"


def test_a_campaign_does_not_finish_while_a_lead_waits_for_somebody_else() -> None:
    world = made(lead(1, "replies-interested"), lead(2, sender_id=None))

    assert "campaign.finished" not in world.words()


def test_a_campaign_whose_last_person_replied_during_a_pause_finishes_when_resumed() -> None:
    world = made(behaviors={"lead_1": REPLIES})
    world.words(8 * HOUR)
    world.act("pause")
    world.words(DAY)
    world.act("resume")

    assert world.words(DAY).count("campaign.finished") == 1


def test_a_campaign_that_is_finished_by_hand_sends_nothing_more() -> None:
    world = made()
    world.words(2 * HOUR)
    world.act("finish")

    assert world.words()[2:] == ["campaign.finished", "acceptance", "CONNECTION_ACCEPTED"]


def test_the_counters_of_the_campaign_tell_what_was_done() -> None:
    world = made(lead(1, "replies-interested"), lead(2, "never-accepts"), lead(3))
    world.after()

    assert world.campaign.counters == Counters(
        leads_contacted=3,
        connections_sent=3,
        connections_accepted=2,
        messages_sent=3,
        replies_received=1,
    )


# --- which leads walk ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enrolls", "walking"),
    [
        pytest.param("all", {"lead_1", "new"}, id="all"),
        pytest.param("added", {"new"}, id="added"),
        pytest.param("none", set(), id="none"),
    ],
)
def test_a_campaign_says_which_leads_walk(enrolls: str, walking: set[str]) -> None:
    world = made(enrolls=enrolls)
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])
    world.after()

    heard = {one.lead_id for one in world.events if one.lead_id}
    assert {one if one == "lead_1" else "new" for one in heard} == walking


@pytest.mark.parametrize(
    ("status", "events"),
    [
        pytest.param("started", ["request", "CONNECTION_SENT"], id="started"),
        pytest.param("paused", [], id="paused"),
        pytest.param("draft", [], id="draft"),
        pytest.param("finished", [], id="finished"),
    ],
)
def test_leads_that_are_added_walk_where_the_campaign_is_started(
    status: str, events: list[str]
) -> None:
    world = made(status=status, enrolls="added")
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])

    assert world.words(2 * HOUR) == events


@pytest.mark.parametrize(("status", "action"), [("paused", "resume"), ("draft", "start")])
def test_leads_that_were_added_before_walk_once_the_campaign_runs(status: str, action: str) -> None:
    world = made(status=status)
    world.words(DAY)
    world.workspace.campaigns.add_leads("camp_1", [LeadDraft(linkedin_url=f"{PEOPLE}jo")])
    world.words(DAY)
    world.act(action)

    assert world.words(HOUR).count("request") == 2


def _with_a_second_campaign(behavior: Behavior) -> World:
    """Two campaigns whose leads are the same person, of the same sender."""
    world = made(behaviors={"lead_1": behavior})
    other = lead(2, "ida-holm", campaign_id="camp_2")
    world.workspace.store.put_campaign(replace(world.campaign, id="camp_2"))
    world.workspace.store.put_lead(other)
    world.workspace.behaviors.set("lead_2", behavior)
    world.workspace.sequences.begin([other])
    return world


@pytest.mark.parametrize("lead_id", ["lead_1", "lead_2"])
def test_leads_of_one_person_in_two_campaigns_both_go_on_when_it_accepts(lead_id: str) -> None:
    assert "message 2" in _with_a_second_campaign(Behavior(accepts=True)).words(lead_id=lead_id)


@pytest.mark.parametrize("campaign_id", ["camp_1", "camp_2"])
def test_campaigns_with_one_person_both_finish_when_it_never_accepts(campaign_id: str) -> None:
    world = _with_a_second_campaign(Behavior(accepts=False))
    world.after()

    assert world.workspace.store.campaign(campaign_id).status == "finished"


# --- whatever happens ---------------------------------------------------------------------------

acts = st.one_of(
    st.tuples(st.just("hand"), st.sampled_from(ACTIONS), st.sampled_from(["lead_1", "lead_2"])),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("campaign"), st.sampled_from(["pause", "resume"])),
    st.tuples(st.just("connect"), st.sampled_from(["person-1", "person-2"])),
    st.tuples(st.just("send"), st.sampled_from(["person-1", "person-2"])),
)


def _do(world: World, act: tuple[object, ...]) -> None:
    space = world.workspace
    match act:
        case ("hand", str(action), str(lead_id)):
            space.manual_actions.act(lead_id, action)
        case ("wait", int(hours)):
            space.advance(timedelta(hours=hours))
        case ("campaign", str(action)):
            world.act(action)
        case ("connect", str(slug)):
            space.direct_outreach.connect(
                sender_id="sender_1", recipient_linkedin_url=PEOPLE + slug
            )
        case ("send", str(slug)):
            space.direct_outreach.send_message(
                sender_id="sender_1", recipient_linkedin_url=PEOPLE + slug, message="Hi"
            )


@pytest.mark.parametrize("contract", CONTRACTS)
@given(st.lists(acts, max_size=25))
@BOUNDED
def test_counters_and_statuses_follow_the_events(
    contract: str, story: list[tuple[object, ...]]
) -> None:
    world = made(lead(1), lead(2, "person-2"), contract=contract)
    for act in story:
        try:
            _do(world, act)
        except SendPilotError:
            continue
    words = Counter(world.words())

    counters = asdict(world.campaign.counters)
    assert counters.pop("leads_contacted") <= 2
    assert counters == {
        "connections_sent": words["request"],
        "connections_accepted": words["acceptance"],
        "messages_sent": sum(count for told, count in words.items() if told.startswith("message")),
        "replies_received": words["reply"],
    }
    assert words["campaign.finished"] <= 1
    for lead_id in ("lead_1", "lead_2"):
        changes = [
            (one.change.previous_status, one.change.lead.status)
            for one in world.events
            if isinstance(one.change, LeadStatusChanged) and one.lead_id == lead_id
        ]
        assert [now for _, now in changes[:-1]] == [before for before, _ in changes[1:]]
        assert not [pair for pair in changes if not _is_forward(*pair)], changes


def _is_forward(before: str, after: str) -> bool:
    """An end may follow upon anything; otherwise it goes only forward."""
    way = {**{status: index for index, status in enumerate(WAY)}, "CONNECTION_ALREADY_SENT": 1.5}
    return lead_progress.is_final(after) or way[before] < way[after]
