"""Outreach: names filled into texts, and counters that follow the events."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.vocabulary import LEAD_ACTIONS
from mock_sendpilot.errors import SendPilotError
from mock_sendpilot.world import lead_progress
from mock_sendpilot.world.events import LeadStatusChanged, MessageSent
from mock_sendpilot.world.models import Lead, LeadDraft
from mock_sendpilot.world.outreach import fill_in_names
from mock_sendpilot.world.samples import SAMPLE_LEAD
from tests.world.outreach_world import (
    HOUR,
    PEOPLE,
    REPLIES,
    World,
    lead,
    make_world,
)

# --- texts ------------------------------------------------------------------------------------


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


def test_the_conversation_has_the_texts_with_names() -> None:
    world = make_world(behaviors={"lead_1": REPLIES})
    world.history()
    (conversation,) = world.workspace.inbox.conversations()
    messages = world.workspace.inbox.messages(conversation.id)

    texts = [(message.direction, message.content) for message in messages]
    assert texts == [("sent", "Hi Ida"), ("received", "Call me")]


def test_an_added_lead_gets_a_message_with_its_name() -> None:
    world = make_world(lead(7, "never-accepts"))
    draft = LeadDraft(linkedin_url=f"{PEOPLE}jo", details={"first_name": "Jo"})
    world.workspace.campaigns.add_leads("camp_1", [draft])
    world.words(8 * HOUR)

    sent = [one.change for one in world.events if isinstance(one.change, MessageSent)]
    assert [message.text for message in sent] == ["Hi Jo"]


# --- any sequence of actions ------------------------------------------------------------------


BOUNDED = settings(max_examples=60, deadline=None, database=None, derandomize=True)
ORDER = (
    "PENDING", "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "FOLLOWUP_SENT",
    "REPLY_RECEIVED",
)  # fmt: skip


actions = st.one_of(
    st.tuples(
        st.just("manual"), st.sampled_from(LEAD_ACTIONS), st.sampled_from(["lead_1", "lead_2"])
    ),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("campaign"), st.sampled_from(["pause", "resume"])),
    st.tuples(st.just("connect"), st.sampled_from(["person-1", "person-2"])),
    st.tuples(st.just("send"), st.sampled_from(["person-1", "person-2"])),
)


def perform(world: World, action: tuple[object, ...]) -> None:
    workspace = world.workspace
    match action:
        case ("manual", str(name), str(lead_id)):
            workspace.manual_actions.act(lead_id, name)
        case ("wait", int(hours)):
            workspace.advance(timedelta(hours=hours))
        case ("campaign", str(name)):
            world.act(name)
        case ("connect", str(slug)):
            workspace.direct_outreach.connect(
                sender_id="sender_1", recipient_linkedin_url=PEOPLE + slug
            )
        case ("send", str(slug)):
            workspace.direct_outreach.send_message(
                sender_id="sender_1", recipient_linkedin_url=PEOPLE + slug, message="Hi"
            )


@pytest.mark.parametrize("contract", CONTRACTS)
@given(st.lists(actions, max_size=25))
@BOUNDED
def test_counters_and_statuses_follow_the_events(
    contract: str, performed: list[tuple[object, ...]]
) -> None:
    world = make_world(lead(1), lead(2, "person-2"), contract=contract)
    for action in performed:
        try:
            perform(world, action)
        except SendPilotError:
            continue
    words = Counter(world.words())

    counters = asdict(world.campaign.counters)
    assert counters.pop("leads_contacted") <= 2
    assert counters == {
        "connections_sent": words["request"],
        "connections_accepted": words["acceptance"],
        "messages_sent": sum(count for word, count in words.items() if word.startswith("message")),
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
    """Return whether a lead may move so: forward, or to a final status."""
    order = {
        **{status: index for index, status in enumerate(ORDER)},
        "CONNECTION_ALREADY_SENT": 1.5,
    }
    return lead_progress.is_final(after) or order[before] < order[after]
