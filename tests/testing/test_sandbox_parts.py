"""A sandbox refuses invalid arguments with a reason, and draws the same chance again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import sandbox_options
from mock_sendpilot.world.models import Campaign, Lead, Sender

EVENT, PAUSED = "lead.status.changed", "campaign.paused"
NAIVE = datetime(2026, 6, 1)  # noqa: DTZ001 - on purpose
Act = Callable[[Sandbox], Any]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        pytest.param(
            lambda box: box.add_lead(firstname="Ida"), "did you mean 'first_name'?", id="lead"
        ),
        pytest.param(
            lambda box: box.add_sender("s", premium=True), "did you mean 'is_premium'?", id="sender"
        ),
        pytest.param(
            lambda box: box.add_sender("s", limits={"message": 1}), "'messages'", id="limits"
        ),
        pytest.param(
            lambda box: box.add_campaign("c", sequence=[{"stp": "connect"}]),
            r"sequence\[0\]: unknown field 'stp'; did you mean 'step'",
            id="sequence",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", sequence=["connect"]),
            r"sequence\[0\]: expected a JSON object",
            id="no step",
        ),
        pytest.param(lambda box: box.simulate("answer", "x"), 'got "answer"', id="action"),
        pytest.param(
            lambda box: box.simulate("pause", "camp_test", sender_id="sender_test"),
            "sender_id is for steps of a lead; 'pause' is none",
            id="sender of a campaign",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", status="paussed"),
            r'status: expected one of started, .*, got "paussed" \(did you mean paused\?\)',
            id="status of a campaign",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", descripton="x"),
            "did you mean 'description'?",
            id="campaign",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", enrolls="every"),
            'enrolls: expected one of all, added, none, got "every"$',
            id="enrolls",
        ),
        pytest.param(
            lambda box: box.add_sender("s", status="actve"),
            r'status: expected one of active, .*, got "actve" \(did you mean active\?\)',
            id="status of a sender",
        ),
        pytest.param(
            lambda box: box.add_sender("s", limits={"messages": -3}),
            r"limits\.messages: expected a whole number from 0 to \d+, got -3",
            id="less than no messages",
        ),
        pytest.param(
            lambda box: box.add_sender("s", is_premium="no"),
            'is_premium: expected true or false, got "no"',
            id="no boolean",
        ),
        pytest.param(
            lambda box: box.add_sender("s", linkedin_url="nope"),
            "linkedin_url: expected a LinkedIn",
            id="profile of a sender",
        ),
        pytest.param(
            lambda box: box.add_lead(status="done"), "did you mean DONE", id="status of a lead"
        ),
        pytest.param(
            lambda box: box.add_lead(custom_lead_status="INTRESTED"),
            "did you mean INTERESTED",
            id="custom status",
        ),
        pytest.param(
            lambda box: box.add_lead(first_name=7),
            "first_name: expected a string, got 7",
            id="no text",
        ),
        pytest.param(
            lambda box: box.add_lead(connection_count=True),
            "connection_count: expected a whole number from 0 to .*, got true",
            id="no number",
        ),
        pytest.param(
            lambda box: box.add_lead(custom_fields=["score"]),
            "custom_fields: expected a JSON object, got",
            id="no dict",
        ),
        pytest.param(
            lambda box: box.add_lead(created_at=NAIVE),
            "created_at: expected a time such as",
            id="naive time",
        ),
        pytest.param(
            lambda box: box.set_credits(subscription=-5),
            "subscription: expected a whole number from 0 to .*, got -5",
            id="less than no credits",
        ),
        pytest.param(
            lambda box: box.set_credits(purchased=1.5), "purchased: expected a whole", id="half"
        ),
        pytest.param(
            lambda box: box.webhooks.wait_for(EVENT, count=0),
            "count: expected a whole number from 1 to 5000, got 0",
            id="count",
        ),
        pytest.param(lambda box: box.lead(None), "lead_id: expected an id", id="no id"),
    ],
)
def test_an_invalid_part_is_refused_with_a_reason(sendpilot: Sandbox, act: Act, says: str) -> None:
    campaigns, leads = sendpilot.workspace.store.campaigns(), sendpilot.leads()
    with pytest.raises(InvalidInput, match=says):
        act(sendpilot)

    assert (sendpilot.workspace.store.campaigns(), sendpilot.leads()) == (campaigns, leads)


@pytest.mark.parametrize(
    ("act", "says"),
    [
        pytest.param(
            lambda box: box.lead("lead_nope"),
            r"Lead not found \(this workspace has no lead 'lead_nope'\)",
            id="lead",
        ),
        pytest.param(
            lambda box: box.simulate("reply", "lead_nope"), "no lead 'lead_nope'", id="simulate"
        ),
        pytest.param(
            lambda box: box.add_lead(sender_id="sender_nope"),
            "no sender has the id 'sender_nope'; there are: sender_test",
            id="sender of a lead",
        ),
        pytest.param(
            lambda box: box.add_campaign("c", sender_ids=["sender_nope"]),
            "no sender has the id 'sender_nope'",
            id="sender of a campaign",
        ),
        pytest.param(
            lambda box: box.connect("linkedin.com/in/ida", sender_id="sender_nope"),
            "no sender has the id 'sender_nope'",
            id="connection",
        ),
        pytest.param(
            lambda box: box.chaos(endpoint="ep_nope"), "no webhook endpoint 'ep_nope'", id="chaos"
        ),
    ],
)
def test_a_missing_part_is_named_by_its_id(sendpilot: Sandbox, act: Act, says: str) -> None:
    with pytest.raises(NotFound, match=says):
        act(sendpilot)


@pytest.mark.parametrize(
    ("find", "found"),
    [
        pytest.param(lambda box, lead, _c, _s: box.lead(lead).id, "lead_1", id="lead"),
        pytest.param(
            lambda _box, lead, _c, _s: lead.campaign_id, "camp_2", id="campaign of a lead"
        ),
        pytest.param(lambda _box, lead, _c, _s: lead.sender_id, "sender_2", id="sender of a lead"),
        pytest.param(
            lambda _box, _l, campaign, _s: campaign.sender_ids[0], "sender_2", id="of a campaign"
        ),
        pytest.param(
            lambda box, lead, _c, _s: box.simulate("done", lead).id, "lead_1", id="step of a lead"
        ),
        pytest.param(
            lambda box, _l, campaign, _s: box.simulate("pause", campaign).id, "camp_2", id="pause"
        ),
        pytest.param(
            lambda box, lead, _c, _s: box.trigger(EVENT, lead_id=lead).lead_id,
            "lead_1",
            id="event of a lead",
        ),
        pytest.param(
            lambda box, _l, campaign, _s: box.trigger(PAUSED, campaign_id=campaign).data[
                "campaignId"
            ],
            "camp_2",
            id="event of a campaign",
        ),
        pytest.param(
            lambda box, lead, _c, sender: box.trigger(
                "message.sent", lead_id=lead, sender_id=sender
            ).data["senderId"],
            "sender_2",
            id="sender of an event",
        ),
        pytest.param(
            lambda box, lead, _c, _s: box.disrupt("drop", lead_id=lead).pattern.values["lead_id"],
            "lead_1",
            id="disrupt",
        ),
    ],
)
def test_an_object_stands_for_its_id(
    sendpilot: Sandbox,
    find: Callable[[Sandbox, Lead, Campaign, Sender], str],
    found: str,
) -> None:
    sender = sendpilot.add_sender("sender_2")
    campaign = sendpilot.add_campaign("camp_2", sender_ids=[sender])
    lead = sendpilot.add_lead(lead_id="lead_1", campaign_id=campaign, sender_id=sender)

    assert find(sendpilot, lead, campaign, sender) == found


def test_a_step_can_be_that_of_another_sender(sendpilot: Sandbox) -> None:
    lead, sender = sendpilot.add_lead(), sendpilot.add_sender("sender_2")
    sendpilot.simulate("connection_sent", lead, sender_id=sender)

    event = sendpilot.events.wait_for("connection.sent", lead_id=lead)
    assert event.data["senderId"] == "sender_2"


def test_a_campaign_has_the_details_that_are_given(sendpilot: Sandbox) -> None:
    campaign = sendpilot.add_campaign("camp_2", description="For CFOs", enrolls="added")

    assert (campaign.description, campaign.enrolls) == ("For CFOs", "added")
    assert campaign.sender_ids == (sendpilot.sender_id,)


def test_a_campaign_can_be_paused_by_hand(sendpilot: Sandbox) -> None:
    assert sendpilot.simulate("pause", sendpilot.campaign_id).status == "paused"


def test_a_job_can_be_ended_by_hand(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    search = sendpilot.workspace.searches.start(name="s", limit=2, filters={})

    assert sendpilot.simulate("fail", search.id, text="Too busy").error_message == "Too busy"


def test_credits_can_be_set(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=3, purchased=4)

    assert sendpilot.workspace.credits.balance().available == 7


def people(server: EmulatorServer, random_seed: str) -> list[str]:
    box = Sandbox(LocalHost(server), sandbox_options("live", random_seed=random_seed))
    search = box.workspace.searches.start(name="s", limit=3, filters={})
    found = box.workspace.searches.complete(search.id).leads
    box.close()
    return [one.full_name for one in found]


def test_the_same_random_seed_gives_the_same_chance(sendpilot_server: EmulatorServer) -> None:
    assert people(sendpilot_server, "a") == people(sendpilot_server, "a")
    assert people(sendpilot_server, "a") != people(sendpilot_server, "b")


def test_keys_of_searches_are_matched_in_snake_case(sendpilot: Sandbox) -> None:
    search = sendpilot.workspace.searches.start(name="s", limit=1, filters={})

    event = "lead_database.search.completed"
    webhook = sendpilot.events.wait_for(event, search_id=search.id, total_leads_found=1)
    assert webhook.data["search_name"] == "s"
