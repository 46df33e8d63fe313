"""People whom no campaign knows: a connection request gives them a lead id of their own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.world.models import Lead, Step
from tests.api.expect import assert_error
from tests.api.world import (
    CAMPAIGN,
    HOUR,
    IDA,
    LEAD,
    STRANGER,
    MakeWorld,
    World,
    make_world,
)

__all__ = ["make_world"]

AT_ONE = "2026-06-01T13:00:00.000Z"
DAY = timedelta(days=1)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world("live")


def connect(world: World, url: str = STRANGER, sender_id: str = "sam") -> str:
    """Send a connection request, and return the lead id of its event."""
    body = {"senderId": sender_id, "recipientLinkedinUrl": url}
    assert world.api("POST", "/v1/inbox/connect", json=body).status == 201
    lead_id: str = world.sent.matching("connection_request.sent")[-1].data["leadId"]
    return lead_id


def enroll(world: World, campaign_id: str = "camp_1") -> Lead:
    body = {"campaignId": campaign_id, "leads": [{"linkedinUrl": STRANGER, "firstName": "Jo"}]}
    reply = world.api("POST", "/v1/leads", json=body)
    assert reply.json["leadsAdded"] == 1
    return world.workspace.store.leads(campaign_id=campaign_id)[-1]


def add_by_seed(world: World) -> Lead:
    lead = replace(LEAD, id="lead_2", linkedin_url=STRANGER)
    world.workspace.store.put_lead(lead)
    return lead


def accepted(world: World) -> list[dict[str, Any]]:
    return [one.data for one in world.sent.matching("connection_request.accepted")]


def read(world: World, lead_id: str, query: str = "") -> Any:
    reply = world.api("GET", f"/v1/leads/{lead_id}{query}")
    assert reply.status == 200
    return reply.json


# --- the events ---------------------------------------------------------------------------------


def test_the_events_of_a_request_name_a_lead_and_no_campaign(world: World) -> None:
    who = {"leadId": connect(world), "linkedinUrl": STRANGER}
    world.workspace.advance(4 * HOUR)

    assert world.events() == [
        ("connection_request.sent", {**who, "senderId": "sam"}),
        ("lead.updated", {**who, "previousStatus": "PENDING", "newStatus": "CONNECTION_SENT"}),
        ("connection_request.accepted", {**who, "senderId": "sam", "acceptedAt": AT_ONE}),
        (
            "lead.updated",
            {**who, "previousStatus": "CONNECTION_SENT", "newStatus": "CONNECTION_ACCEPTED"},
        ),
    ]


def test_a_message_to_the_person_names_the_same_lead(world: World) -> None:
    lead_id = connect(world)
    world.workspace.advance(4 * HOUR)
    body = {"senderId": "sam", "recipientLinkedinUrl": STRANGER, "message": "Hi"}
    reply = world.api("POST", "/v1/inbox/send", json={**body, "campaignId": "camp_1"})

    assert reply.json["leadId"] == lead_id
    sent = world.sent.matching("message.sent")[-1].data
    assert (sent["leadId"], sent["campaignId"]) == (lead_id, "camp_1")
    assert world.counts == {"messages_sent": 1}


def test_no_campaign_counts_the_request(world: World) -> None:
    connect(world)
    world.workspace.advance(4 * HOUR)

    assert world.counts == {}


def test_a_connected_person_gets_no_lead_id(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(STRANGER,))
    body = {"senderId": "sam", "recipientLinkedinUrl": STRANGER}
    world.api("POST", "/v1/inbox/connect", json=body)

    assert world.workspace.store.leads_of(STRANGER) == []


def test_a_person_keeps_its_lead_id_when_requested_again(world: World) -> None:
    first = connect(world)
    world.workspace.manual_actions.act(first, "withdraw_connection")

    assert connect(world) == first


def test_each_sender_gives_the_person_a_lead_id_of_its_own(world: World) -> None:
    assert connect(world, sender_id="basic") != connect(world)
    assert connect(world, IDA, sender_id="basic") != "lead_1"


# --- the lead -----------------------------------------------------------------------------------


def test_the_lead_is_read_by_its_id_and_has_no_campaign(world: World) -> None:
    lead_id = connect(world)

    assert read(world, lead_id) == {
        "id": lead_id,
        "linkedinUrl": STRANGER,
        "status": "CONNECTION_SENT",
        "firstName": None,
        "lastName": None,
        "title": None,
        "company": None,
        "campaignId": None,
        "senderId": "sam",
        "createdAt": "2026-06-01T09:00:00.000Z",
        "updatedAt": "2026-06-01T09:00:00.000Z",
    }
    assert read(world, lead_id, "?full=true")["data"] == {}


def test_the_lead_is_in_no_list(make_world: MakeWorld) -> None:
    world = make_world()
    body = {"senderId": "sam", "recipientLinkedinUrl": STRANGER}
    world.api("POST", "/v1/inbox/connect", json=body)

    found = world.api("GET", "/v1/leads").json
    assert [lead["id"] for lead in found["leads"]] == ["lead_1"]
    assert found["pagination"]["total"] == 1


@pytest.mark.parametrize("contract", ["documented", "live"])
def test_its_status_can_be_changed(make_world: MakeWorld, contract: str) -> None:
    world = make_world(contract)
    body = {"senderId": "sam", "recipientLinkedinUrl": STRANGER}
    world.api("POST", "/v1/inbox/connect", json=body)
    lead_id = world.events()[0][1]["leadId"]
    reply = world.api("PATCH", f"/v1/leads/{lead_id}/status", json={"status": "DONE"})

    assert reply.status == 200
    _, data = world.events()[-1]
    assert (data["leadId"], data["newStatus"]) == (lead_id, "DONE")
    assert "campaignId" not in data


def test_its_tag_can_be_changed(world: World) -> None:
    lead_id = connect(world)
    world.api("PATCH", f"/v1/leads/{lead_id}/status", json={"customLeadStatus": "INTERESTED"})

    assert world.events()[-1] == (
        "lead.tag.updated",
        {"leadId": lead_id, "linkedinUrl": STRANGER, "previousTag": None, "newTag": "INTERESTED"},
    )


def test_the_person_accepts_by_hand(world: World) -> None:
    lead_id = connect(world)
    body = {"action": "accept_connection"}
    reply = world.api("POST", f"/_emulate/leads/{lead_id}/simulate", json=body)

    assert (reply.status, reply.json["status"]) == (200, "CONNECTION_ACCEPTED")


def test_the_lead_is_unknown_in_another_workspace(make_world: MakeWorld) -> None:
    lead_id = connect(make_world("live"))

    assert_error(make_world("live").api("GET", f"/v1/leads/x{lead_id}"), 404, "Lead not found")


# --- a person who is added to a campaign later --------------------------------------------------


@pytest.mark.parametrize("is_patched", [False, True], ids=["as it is", "set to CONNECTION_SENT"])
@pytest.mark.parametrize("add", [enroll, add_by_seed], ids=["over the API", "as a seed does"])
def test_a_person_who_is_enrolled_after_the_request_accepts_once(
    world: World, add: Any, is_patched: bool
) -> None:
    connect(world)
    lead = add(world)
    if is_patched:
        world.workspace.store.set_lead_status(lead.id, status="CONNECTION_SENT")
    world.workspace.advance(5 * DAY)

    assert accepted(world) == [
        {
            "leadId": lead.id,
            "campaignId": "camp_1",
            "linkedinUrl": STRANGER,
            "senderId": "sam",
            "acceptedAt": AT_ONE,
        }
    ]
    assert world.workspace.store.lead(lead.id).status == "CONNECTION_ACCEPTED"


@pytest.mark.parametrize("after", [HOUR, 6 * HOUR], ids=["before", "after"])
def test_a_sequence_whose_step_comes_before_or_after_the_acceptance_goes_on(
    world: World, after: timedelta
) -> None:
    steps = Step(kind="connect", after=after), Step(kind="message", response_rate=0.0)
    world.workspace.store.put_campaign(replace(CAMPAIGN, id="camp_3", sequence=steps))
    connect(world)
    lead = enroll(world, "camp_3")
    world.workspace.advance(5 * DAY)

    assert [data["leadId"] for data in accepted(world)] == [lead.id]
    assert len(world.sent.matching("connection_request.sent")) == 1
    assert len(world.sent.matching("message.sent", lead_id=lead.id)) == 1


def test_a_person_who_is_enrolled_after_the_acceptance_accepts_no_second_time(
    world: World,
) -> None:
    lead_id = connect(world)
    world.workspace.advance(4 * HOUR)
    enroll(world)
    world.workspace.advance(5 * DAY)

    assert [data["leadId"] for data in accepted(world)] == [lead_id]


def test_the_sender_of_the_request_keeps_the_lead(world: World) -> None:
    campaign = replace(CAMPAIGN, id="camp_3", sender_ids=("basic", "sam"))
    world.workspace.store.put_campaign(campaign)
    connect(world)

    assert enroll(world, "camp_3").sender_id == "sam"


def test_a_campaign_of_another_sender_leaves_the_request_alone(world: World) -> None:
    world.workspace.store.put_campaign(replace(CAMPAIGN, id="camp_3", sender_ids=("basic",)))
    lead_id = connect(world)
    enroll(world, "camp_3")
    world.workspace.advance(5 * DAY)

    assert [data["leadId"] for data in accepted(world)] == [lead_id]


def test_a_message_after_the_enrollment_names_the_lead_of_the_campaign(world: World) -> None:
    connect(world)
    lead = enroll(world)
    world.workspace.advance(4 * HOUR)
    body = {"senderId": "sam", "recipientLinkedinUrl": STRANGER, "message": "Hi"}

    assert world.api("POST", "/v1/inbox/send", json=body).json["leadId"] == lead.id
