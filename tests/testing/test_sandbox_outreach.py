"""Outreach in the sandbox of the fixture `sendpilot`: senders, connections, steps, sequences."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import SENDER_ID
from mock_sendpilot.world.models import Step
from tests.support import eventually

IDA = "https://www.linkedin.com/in/ida-holm"
SOON = timedelta(milliseconds=20)
SEQUENCE = (
    Step(kind="connect", after=SOON, response_rate=1.0, responds_after=(SOON, SOON)),
    Step(kind="message", after=SOON, response_rate=1.0, responds_after=(SOON, SOON)),
)


def send(sendpilot: Sandbox, sender_id: str = SENDER_ID, url: str = IDA) -> int:
    body = {"senderId": sender_id, "recipientLinkedinUrl": url, "message": "Hi"}
    target = f"{sendpilot.base_url}/inbox/send"
    return requests.post(target, json=body, headers=sendpilot.headers, timeout=10).status_code


# --- simulate -----------------------------------------------------------------------------------


def test_a_step_returns_the_lead_after_it(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(IDA, status="CONNECTION_SENT")
    after = sendpilot.simulate("accept_connection", lead.id)

    assert after.status == "CONNECTION_ACCEPTED"
    assert after == sendpilot.lead(lead.id)


def test_a_step_is_recorded(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(IDA, status="MESSAGE_SENT")
    sendpilot.simulate("reply", lead.id, text="Call me Tuesday")

    event = sendpilot.events.wait_for("message.received", lead_id=lead.id)
    assert event.data["replyPreview"] == "Call me Tuesday"
    assert [one.event_type for one in sendpilot.events] == [
        "message.received", "lead.status.changed"
    ]  # fmt: skip


@pytest.mark.sendpilot("live")
def test_a_step_is_recorded_as_the_contract_says(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(IDA, status="MESSAGE_SENT")
    sendpilot.simulate("reply", lead.id, text="Call me Tuesday")

    assert sendpilot.events.wait_for("reply.received").data["reply"] == "Call me Tuesday"


def test_a_lead_goes_through_all_its_steps(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(IDA)
    steps = ("connection_sent", "accept_connection", "message_sent", "reply", "done")

    assert [sendpilot.simulate(step, lead.id).status for step in steps] == [
        "CONNECTION_SENT", "CONNECTION_ACCEPTED", "MESSAGE_SENT", "REPLY_RECEIVED", "DONE"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        pytest.param(
            "repyl", 'action: expected one of .*connection_sent, .* got "repyl"', id="word"
        ),
        pytest.param("reply", "do connection_sent and accept_connection first", id="too early"),
        pytest.param("message_sent", "no request was sent", id="not connected"),
    ],
)
def test_a_step_that_cannot_happen_is_refused(sendpilot: Sandbox, action: str, reason: str) -> None:
    lead = sendpilot.add_lead(IDA)

    with pytest.raises(InvalidInput, match=reason):
        sendpilot.simulate(action, lead.id)


def test_swapped_arguments_are_noticed(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(IDA)
    swapped: Any = lead
    with pytest.raises(InvalidInput, match=r"write simulate\('done', …\)"):
        sendpilot.simulate(swapped, "done")
    with pytest.raises(InvalidInput, match=r"write simulate\('done', …\)"):
        sendpilot.simulate(lead.id, "done")


def test_a_step_of_an_unknown_lead_is_not_found(sendpilot: Sandbox) -> None:
    with pytest.raises(NotFound):
        sendpilot.simulate("done", "lead_x")


# --- senders and connections --------------------------------------------------------------------


def test_the_fields_of_a_sender_have_defaults(sendpilot: Sandbox) -> None:
    sender = sendpilot.add_sender("sender_ann")
    url = f"{sendpilot.base_url}/inbox/senders"
    response = requests.get(url, headers=sendpilot.headers, timeout=10).json()

    assert (sender.name, sender.status) == ("sender_ann", "active")
    assert response["senders"][1] == {
        "id": "sender_ann",
        "name": "sender_ann",
        "linkedinUrl": "https://www.linkedin.com/in/sender-ann",
        "status": "active",
        "dailyMessageLimit": 100,
        "messagesSentToday": 0,
        "remainingMessages": 100,
    }


@pytest.mark.parametrize(
    "details",
    [
        pytest.param({"name": "Ann Lee"}, id="name"),
        pytest.param({"status": "disconnected"}, id="status"),
        pytest.param({"is_premium": True}, id="premium"),
        pytest.param({"linkedin_url": "https://www.linkedin.com/in/ann"}, id="url"),
    ],
)
def test_a_sender_has_the_fields_that_are_passed(
    sendpilot: Sandbox, details: dict[str, Any]
) -> None:
    sender = sendpilot.add_sender("sender_ann", **details)

    assert {name: getattr(sender, name) for name in details} == details


def test_a_sender_can_send_to_its_connections(sendpilot: Sandbox) -> None:
    sendpilot.add_sender("sender_ann", connections=["linkedin.com/in/Ida-Holm/"])

    assert send(sendpilot, "sender_ann") == 201
    assert send(sendpilot) == 400


def test_a_person_is_connected_with_the_sandboxs_sender(sendpilot: Sandbox) -> None:
    assert send(sendpilot) == 400
    sendpilot.connect("linkedin.com/in/Ida-Holm/")
    assert send(sendpilot) == 201


def test_a_person_is_connected_with_another_sender(sendpilot: Sandbox) -> None:
    sendpilot.add_sender("sender_ann")
    sendpilot.connect(IDA, sender_id="sender_ann")

    assert (send(sendpilot, "sender_ann"), send(sendpilot)) == (201, 400)


def test_a_connection_that_is_no_profile_is_refused(sendpilot: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="linkedin_url: expected a LinkedIn"):
        sendpilot.connect("nope")
    with pytest.raises(InvalidInput, match=r"connections\[0\]: expected a LinkedIn"):
        sendpilot.add_sender("sender_ann", connections=["nope"])


# --- sequences ----------------------------------------------------------------------------------


def test_a_campaign_with_a_sequence_enrolls_its_leads(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_2", sequence=SEQUENCE)
    lead = sendpilot.add_lead(IDA, campaign_id="camp_2")
    sendpilot.events.wait_for("campaign.finished", campaign_id="camp_2", timeout=5)

    assert sendpilot.lead(lead.id).status == "REPLY_RECEIVED"
    assert [one.event_type for one in sendpilot.events] == [
        "connection.sent", "lead.status.changed", "connection.accepted", "lead.status.changed",
        "message.sent", "lead.status.changed", "message.received", "lead.status.changed",
        "campaign.finished",
    ]  # fmt: skip


def test_leads_that_the_app_adds_are_enrolled_too(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_2", sequence=SEQUENCE)
    body = {"campaignId": "camp_2", "leads": [{"linkedinUrl": IDA}]}
    url = f"{sendpilot.base_url}/leads"
    requests.post(url, json=body, headers=sendpilot.headers, timeout=10)

    eventually(lambda: [one.status for one in sendpilot.leads()] == ["REPLY_RECEIVED"])


def test_a_campaign_without_a_sequence_leaves_its_leads_alone(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_2")
    sendpilot.add_lead(IDA, campaign_id="camp_2")

    assert sendpilot.workspace.scheduler.next_due() is None


def test_a_paused_campaign_sends_nothing(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_2", status="paused", sequence=SEQUENCE)
    lead = sendpilot.add_lead(IDA, campaign_id="camp_2")
    eventually(lambda: sendpilot.workspace.scheduler.next_due() is None)

    assert (sendpilot.lead(lead.id).status, list(sendpilot.events)) == ("PENDING", [])
