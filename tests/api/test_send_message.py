"""`POST /v1/inbox/send`."""

import re
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.world.recipients import INTERESTED, NOT_INTERESTED
from tests.api.expect import assert_error, assert_invalid
from tests.api.world import HOUR, IDA, PEOPLE, STRANGER, MakeWorld, World, make_world
from tests.support import Api, Reply

__all__ = ["make_world"]

SEND = "/v1/inbox/send"
WHO = {"leadId": "lead_1", "campaignId": "camp_1", "linkedinUrl": IDA}
LONG = "0123456789" * 11


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Its senders are connected with Ida and with a stranger."""
    return make_world(connections=(IDA, STRANGER))


def send(world: World, url: str = IDA, **changes: Any) -> Reply:
    body = {"senderId": "sam", "recipientLinkedinUrl": url, "message": "Hi", **changes}
    return world.api("POST", SEND, json=body)


def conversations(api: Api) -> Any:
    return api("GET", "/v1/inbox/conversations").json["conversations"]


# --- the reply ----------------------------------------------------------------------------------


def test_a_message_is_answered_as_the_vendor_does(world: World) -> None:
    reply = send(world)

    assert reply.status == 201
    assert re.fullmatch(r"msg_[0-9a-z]{12}", reply.json["messageId"])
    assert re.fullmatch(r"2-[\w-]{22}", reply.json["conversationId"])
    assert list(reply.json.items()) == [
        ("success", True),
        ("messageId", reply.json["messageId"]),
        ("recipientLinkedinUrl", IDA),
        ("leadId", "lead_1"),
        ("conversationId", reply.json["conversationId"]),
        ("status", "sent"),
        ("timestamp", "2026-06-01T09:00:00.000Z"),
    ]


def test_a_reply_about_a_stranger_has_no_lead_id(world: World) -> None:
    assert list(send(world, STRANGER).json) == [
        "success", "messageId", "recipientLinkedinUrl", "conversationId", "status", "timestamp"
    ]  # fmt: skip


# --- effects ------------------------------------------------------------------------------------


def test_the_event_has_a_preview_of_100_characters_under_documented(world: World) -> None:
    send(world, message=LONG)

    assert world.events() == [
        ("message.sent", {**WHO, "senderId": "sam", "messagePreview": LONG[:100]})
    ]


def test_the_event_has_the_whole_text_under_live(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    send(world, message=LONG)

    assert world.events() == [("message.sent", {**WHO, "senderId": "sam", "message": LONG})]


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("before", ["PENDING", "CONNECTION_ACCEPTED", "DONE"])
def test_a_message_leaves_the_status_of_its_lead_alone(
    make_world: MakeWorld, contract: str, before: str
) -> None:
    world = make_world(contract, lead={"status": before}, connections=(IDA,))
    send(world)

    assert (world.types(48 * HOUR), world.lead.status) == (["message.sent"], before)


def test_the_option_direct_send_moves_status_moves_the_lead_once(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,), direct_send_moves_status="on")
    send(world)
    send(world)

    moved = {**WHO, "previousStatus": "PENDING", "newStatus": "MESSAGE_SENT"}
    assert world.types() == ["message.sent", "lead.updated", "message.sent"]
    assert (world.events()[1][1], world.lead.status) == (moved, "MESSAGE_SENT")


def test_a_message_to_a_stranger_has_neither_lead_nor_campaign(world: World) -> None:
    send(world, STRANGER)

    assert world.events() == [
        ("message.sent", {"linkedinUrl": STRANGER, "senderId": "sam", "messagePreview": "Hi"})
    ]


def test_a_given_campaign_is_in_the_event_and_counts_the_message(world: World) -> None:
    send(world, STRANGER, campaignId="camp_1")

    assert world.events()[0][1]["campaignId"] == "camp_1"
    assert world.counts == {"messages_sent": 1}


def test_the_message_is_the_last_of_the_conversation(world: World) -> None:
    reply = send(world, message="Good morning")
    (conversation,) = conversations(world.api)

    assert conversation["id"] == reply.json["conversationId"]
    assert conversation["participants"][0]["name"] == "Ida Holm"
    assert conversation["unreadCount"] == 0
    assert conversation["lastMessage"] == {
        "content": "Good morning",
        "sentAt": "2026-06-01T09:00:00.000Z",
        "direction": "sent",
    }


def test_a_second_message_goes_into_the_same_conversation(world: World) -> None:
    first, second = send(world), send(world)

    assert first.json["conversationId"] == second.json["conversationId"]
    assert first.json["messageId"] != second.json["messageId"]


def test_the_message_that_opens_a_conversation_has_its_id_under_live(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    first, second = send(world).json, send(world).json

    assert first["messageId"] == first["conversationId"]
    assert re.fullmatch(r"msg_[0-9a-z]{12}", second["messageId"])
    path = f"/v1/inbox/conversations/{first['messageId']}/messages?accountId=sam"
    messages = world.api("GET", path).json["messages"]
    assert [one["id"] for one in messages] == [first["messageId"], second["messageId"]]


@pytest.mark.parametrize(
    ("contract", "options", "is_its_own"),
    [
        pytest.param("documented", {}, True, id="documented"),
        pytest.param("example", {}, True, id="example"),
        pytest.param("schema", {}, True, id="schema"),
        pytest.param("live", {"opening_message_id": "own"}, True, id="live with an id of its own"),
        pytest.param(
            "documented", {"opening_message_id": "conversation"}, False, id="documented as live"
        ),
    ],
)
def test_the_id_of_an_opening_message_depends_on_the_contract(
    make_world: MakeWorld, contract: str, options: dict[str, str], is_its_own: bool
) -> None:
    world = make_world(contract, connections=(IDA,), **options)
    reply = send(world).json

    assert (reply["messageId"] != reply["conversationId"]) is is_its_own


def test_a_message_that_is_received_first_has_an_id_of_its_own(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    world.workspace.manual_actions.act("lead_1", "reply")

    reply = send(world).json
    assert reply["messageId"] != reply["conversationId"]


def test_each_sender_has_a_conversation_of_its_own(world: World) -> None:
    first, second = send(world), send(world, senderId="basic")

    assert first.json["conversationId"] != second.json["conversationId"]


@pytest.mark.parametrize("before", ["REPLY_RECEIVED", "OPPORTUNITY", "DONE"])
def test_a_lead_with_a_later_status_keeps_it(make_world: MakeWorld, before: str) -> None:
    world = make_world(lead={"status": before})
    send(world)

    assert (world.types(), world.lead.status) == (["message.sent"], before)


def test_variables_are_sent_as_they_are(world: World) -> None:
    send(world, message="Hi {{firstName}}")

    assert conversations(world.api)[0]["lastMessage"]["content"] == "Hi {{firstName}}"


@pytest.mark.parametrize(
    ("slug", "reply"),
    [
        pytest.param("replies-interested", INTERESTED, id="interested"),
        pytest.param("replies-interested-4", INTERESTED, id="interested, with a suffix"),
        pytest.param("replies-not-interested", NOT_INTERESTED, id="not interested"),
        pytest.param("jo-berg", None, id="another"),
        pytest.param("never-accepts", None, id="never accepts"),
    ],
)
def test_a_magic_slug_decides_if_a_person_replies(
    make_world: MakeWorld, slug: str, reply: str | None
) -> None:
    world = make_world(connections=(PEOPLE + slug,))
    assert send(world, PEOPLE + slug).status == 201
    world.workspace.advance(48 * HOUR)

    replies = [data["replyPreview"] for name, data in world.events() if name == "message.received"]
    assert replies == ([reply] if reply else [])


def test_a_reply_of_a_lead_moves_it_and_is_unread(make_world: MakeWorld) -> None:
    url = f"{PEOPLE}replies-interested"
    world = make_world(lead={"linkedin_url": url}, connections=(url,))
    send(world, url)
    world.workspace.advance(2 * HOUR)

    assert world.types()[1:] == ["message.received", "lead.status.changed"]
    assert world.lead.status == "REPLY_RECEIVED"
    assert conversations(world.api)[0]["unreadCount"] == 1
    assert world.counts["replies_received"] == 1


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"senderId": None}, "senderId: expected a non-empty string", id="no sender"),
        pytest.param({"senderId": "x"}, "senderId: expected the id of a sender", id="sender"),
        pytest.param({"recipientLinkedinUrl": "x"}, "recipientLinkedinUrl: expected", id="url"),
        pytest.param({"message": ""}, "message: expected a non-empty string", id="empty"),
        pytest.param({"message": None}, "message: expected a non-empty string", id="no message"),
        pytest.param(
            {"message": "x" * 8001}, "at most 8000 characters, got 8001 characters", id="long"
        ),
        pytest.param(
            {"recipientLinkedinUrl": f"{PEOPLE}b", "leadId": "lead_1"},
            "leadId: expected a lead of the recipient",
            id="another person's lead",
        ),
        pytest.param({"leadId": 7}, "leadId: expected", id="lead"),
    ],
)
def test_an_invalid_field_is_400(world: World, changes: dict[str, Any], message: str) -> None:
    assert_invalid(send(world, **changes), message)
    assert (world.types(), world.used("messages"), conversations(world.api)) == ([], 0, [])


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live"])
def test_the_body_of_the_first_documentation_gets_the_sentences_of_production(
    make_world: MakeWorld, contract: str
) -> None:
    world = make_world(contract, connections=(IDA,))
    reply = world.api("POST", SEND, json={"leadId": "lead_1", "message": "Hi"})

    assert_invalid(reply, "senderId: expected", "recipientLinkedinUrl: expected")
    assert reply.json["errors"] == [
        "senderId should not be empty",
        "recipientLinkedinUrl must be a URL address",
    ]


def test_the_send_fault_leaves_refusals_unchanged(make_world: MakeWorld) -> None:
    assert_invalid(send(make_world("live", send_fault="on")), "first-degree connection")


@pytest.mark.parametrize("contract", ["documented", "live", "strict", "observed"])
def test_no_contract_has_the_send_fault_by_default(make_world: MakeWorld, contract: str) -> None:
    assert send(make_world(contract, connections=(IDA,))).status == 201


def test_an_unknown_lead_is_404(world: World) -> None:
    assert_error(send(world, leadId="lead_x"), 404, "Lead not found")


def test_a_person_who_is_not_connected_is_400(make_world: MakeWorld) -> None:
    world = make_world()
    assert_invalid(send(world), "first-degree connection", "no request was sent")
    world.workspace.direct_outreach.connect(sender_id="sam", recipient_linkedin_url=IDA)
    assert_invalid(send(world), "its request is not accepted yet")
    world.workspace.advance(4 * HOUR)
    assert send(world).status == 201
