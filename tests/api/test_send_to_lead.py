"""`POST /v1/inbox/send/lead/{id}`."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.expect import assert_error, assert_invalid
from tests.api.world import HOUR, IDA, PEOPLE, SEND, WHO, MakeWorld, World
from tests.support import Api, Reply


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Its senders are connected with Ida, who is a lead."""
    return make_world(connections=(IDA,))


def send(world: World, lead_id: str = "lead_1", **changes: Any) -> Reply:
    body = {"senderId": "sam", "message": "Hi", **changes}
    return world.api("POST", SEND + quote(lead_id, safe=""), json=body)


def last_text(world: World) -> str:
    (conversation,) = world.workspace.inbox.conversations()
    return world.workspace.inbox.messages(conversation.id)[-1].content


def test_a_message_is_answered_as_the_vendor_does(world: World) -> None:
    reply = send(world)

    assert reply.status == 201
    assert list(reply.json.items()) == [
        ("success", True),
        ("messageId", reply.json["messageId"]),
        ("recipientLinkedinUrl", IDA),
        ("leadId", "lead_1"),
        ("conversationId", reply.json["conversationId"]),
        ("status", "sent"),
        ("timestamp", "2026-06-01T09:00:00.000Z"),
    ]


def test_a_message_can_be_sent_and_answered_with_500(make_world: MakeWorld) -> None:
    world = make_world(connections=(IDA,), send_fault="on")

    assert_error(send(world), 500, "Internal server error")
    assert last_text(world) == "Hi"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        pytest.param("Hi {{firstName}}", "Hi Ida", id="first name"),
        pytest.param("Dear {{ lastName }}", "Dear Holm", id="last name"),
        pytest.param("{{firstName}}, {{firstName}}!", "Ida, Ida!", id="twice"),
        pytest.param("{{company}} {{", "{{company}} {{", id="others"),
    ],
)
def test_the_names_of_the_lead_are_filled_in(world: World, message: str, text: str) -> None:
    send(world, message=message)

    assert last_text(world) == text
    assert world.told()[0][1]["messagePreview"] == text


def test_a_name_that_is_not_known_is_filled_in_as_nothing(make_world: MakeWorld) -> None:
    world = make_world(lead={"first_name": None}, connections=(IDA,))
    send(world, message="Hi {{firstName}}!")

    assert last_text(world) == "Hi !"


def test_under_documented_its_events_bear_the_older_names(world: World) -> None:
    send(world, message="x" * 101)

    assert world.told() == [
        ("message.sent", {**WHO, "senderId": "sam", "messagePreview": "x" * 100})
    ]


def test_under_live_its_events_bear_todays_names(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    send(world, message="x" * 101)

    assert world.told() == [("message.sent", {**WHO, "senderId": "sam", "message": "x" * 101})]


@pytest.mark.parametrize(("value", "status"), [("off", "PENDING"), ("on", "MESSAGE_SENT")])
def test_the_contract_says_whether_a_message_moves_its_lead(
    make_world: MakeWorld, value: str, status: str
) -> None:
    world = make_world("live", connections=(IDA,), direct_send_moves_status=value)
    send(world)

    assert world.lead.status == status


def test_campaign_and_quota_count_it(world: World) -> None:
    send(world)

    assert world.counts == {"leads_contacted": 1, "messages_sent": 1}
    assert world.used("messages") == 1


def test_a_campaign_that_is_named_is_told(world: World) -> None:
    send(world, campaignId="camp_2")

    assert world.told()[0][1]["campaignId"] == "camp_2"


def test_another_sender_may_send(world: World) -> None:
    assert send(world, senderId="basic").status == 201
    assert world.told()[0][1]["senderId"] == "basic"


def test_a_magic_slug_makes_the_lead_reply(make_world: MakeWorld) -> None:
    url = f"{PEOPLE}replies-not-interested-3"
    world = make_world(lead={"linkedin_url": url}, connections=(url,))
    send(world)

    assert world.types(2 * HOUR)[1:] == ["message.received", "lead.status.changed"]
    assert world.lead.status == "REPLY_RECEIVED"


@pytest.mark.parametrize("text", ["x", "x" * 8000])
def test_a_message_of_1_to_8000_characters_is_taken(world: World, text: str) -> None:
    assert send(world, message=text).status == 201


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"senderId": None}, "senderId must be a non-empty string", id="no sender"),
        pytest.param({"senderId": "x"}, "senderId must be the id of a sender", id="sender"),
        pytest.param({"message": ""}, "message must be a non-empty string", id="empty"),
        pytest.param({"message": "x" * 8001}, "at most 8000 characters; it has 8001", id="long"),
    ],
)
def test_what_cannot_be_is_400(world: World, changes: dict[str, Any], message: str) -> None:
    assert_invalid(send(world, **changes), message)
    assert (world.types(), world.used("messages")) == ([], 0)


@pytest.mark.parametrize("lead_id", ["lead_x", "a/b", "grün"])
def test_an_unknown_lead_is_404(world: World, lead_id: str) -> None:
    assert_error(send(world, lead_id), 404, "Lead not found")


def test_an_unknown_campaign_is_404(world: World) -> None:
    assert_error(send(world, campaignId="camp_x"), 404, "Campaign not found")


def test_a_lead_who_is_not_connected_is_400(make_world: MakeWorld) -> None:
    assert_invalid(send(make_world()), "first-degree connection")


@pytest.mark.parametrize("sender", ["disconnected", "rate_limited"])
def test_a_sender_that_is_not_active_is_403(world: World, sender: str) -> None:
    assert_error(send(world, senderId=sender), 403, "Sender is not active")


def test_more_than_a_day_takes_is_429(world: World) -> None:
    replies = [send(world) for _ in range(3)]

    assert [reply.status for reply in replies] == [201, 201, 429]
    assert replies[2].json["message"] == "Daily message limit exceeded"


def test_the_demo_world_is_answered_by_a_server_too(api: Api) -> None:
    body = {"senderId": "sender_maria", "message": "Hi {{firstName}}"}
    reply = api("POST", f"{SEND}lead_abc123", json=body)

    assert (reply.status, reply.json["leadId"]) == (201, "lead_abc123")
