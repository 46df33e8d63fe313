"""`POST /v1/inbox/send`."""

import re
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.world.behavior import INTERESTED, NOT_INTERESTED
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


def test_without_a_lead_there_is_no_lead_id(world: World) -> None:
    assert list(send(world, STRANGER).json) == [
        "success", "messageId", "recipientLinkedinUrl", "conversationId", "status", "timestamp"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["linkedin.com/in/IDA-HOLM/", "https://de.linkedin.com/in/ida-holm?x"]
)
def test_every_form_of_a_url_is_the_same_person(world: World, url: str) -> None:
    assert send(world, url).json["recipientLinkedinUrl"] == IDA


# --- what it does -------------------------------------------------------------------------------


def test_under_documented_its_events_have_a_preview_of_100_characters(world: World) -> None:
    send(world, message=LONG)

    assert world.told() == [
        ("message.sent", {**WHO, "senderId": "sam", "messagePreview": LONG[:100]})
    ]


def test_under_live_its_events_have_the_whole_text(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    send(world, message=LONG)

    assert world.told() == [("message.sent", {**WHO, "senderId": "sam", "message": LONG})]


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("before", ["PENDING", "CONNECTION_ACCEPTED", "DONE"])
def test_a_message_leaves_the_status_of_its_lead_alone(
    make_world: MakeWorld, contract: str, before: str
) -> None:
    world = make_world(contract, lead={"status": before}, connections=(IDA,))
    send(world)

    assert (world.types(48 * HOUR), world.lead.status) == (["message.sent"], before)


def test_a_message_moves_its_lead_once_where_the_contract_says_so(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,), direct_send_moves_status="on")
    send(world)
    send(world)

    moved = {**WHO, "previousStatus": "PENDING", "newStatus": "MESSAGE_SENT"}
    assert world.types() == ["message.sent", "lead.updated", "message.sent"]
    assert (world.told()[1][1], world.lead.status) == (moved, "MESSAGE_SENT")


def test_a_message_to_a_stranger_has_neither_lead_nor_campaign(world: World) -> None:
    send(world, STRANGER)

    assert world.told() == [
        ("message.sent", {"linkedinUrl": STRANGER, "senderId": "sam", "messagePreview": "Hi"})
    ]


def test_a_campaign_that_is_named_is_told_and_counts(world: World) -> None:
    send(world, STRANGER, campaignId="camp_1")

    assert world.told()[0][1]["campaignId"] == "camp_1"
    assert world.counts == {"messages_sent": 1}


def test_campaign_and_quota_count_it(world: World) -> None:
    send(world)

    assert world.counts == {"leads_contacted": 1, "messages_sent": 1}
    assert world.used("messages") == 1


def test_it_stands_in_the_conversation(world: World) -> None:
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


def test_under_live_the_message_that_opens_a_conversation_has_its_id(make_world: MakeWorld) -> None:
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
def test_the_contract_says_which_id_an_opening_message_has(
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
def test_a_lead_that_is_farther_keeps_its_status(make_world: MakeWorld, before: str) -> None:
    world = make_world(lead={"status": before})
    send(world)

    assert (world.types(), world.lead.status) == (["message.sent"], before)


def test_no_variable_is_filled_in(world: World) -> None:
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
def test_a_magic_slug_says_whether_a_person_replies(
    make_world: MakeWorld, slug: str, reply: str | None
) -> None:
    world = make_world(connections=(PEOPLE + slug,))
    assert send(world, PEOPLE + slug).status == 201
    world.workspace.advance(48 * HOUR)

    replies = [data["replyPreview"] for told, data in world.told() if told == "message.received"]
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
        pytest.param({"senderId": None}, "senderId must be a non-empty string", id="no sender"),
        pytest.param({"senderId": "x"}, "senderId must be the id of a sender", id="sender"),
        pytest.param({"recipientLinkedinUrl": "x"}, "recipientLinkedinUrl must be", id="url"),
        pytest.param({"message": ""}, "message must be a non-empty string", id="empty"),
        pytest.param({"message": None}, "message must be a non-empty string", id="no message"),
        pytest.param({"message": "x" * 8001}, "at most 8000 characters; it has 8001", id="long"),
        pytest.param(
            {"recipientLinkedinUrl": f"{PEOPLE}b", "leadId": "lead_1"},
            "leadId must be a lead of the recipient",
            id="another person's lead",
        ),
        pytest.param({"leadId": 7}, "leadId must be", id="lead"),
    ],
)
def test_what_cannot_be_is_400(world: World, changes: dict[str, Any], message: str) -> None:
    assert_invalid(send(world, **changes), message)
    assert (world.types(), world.used("messages"), conversations(world.api)) == ([], 0, [])


@pytest.mark.parametrize("text", ["x", "x" * 8000, "é" * 8000])
def test_a_message_of_1_to_8000_characters_is_taken(world: World, text: str) -> None:
    assert send(world, message=text).status == 201


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live"])
def test_the_body_of_the_first_generation_gets_the_sentences_seen_live(
    make_world: MakeWorld, contract: str
) -> None:
    world = make_world(contract, connections=(IDA,))
    reply = world.api("POST", SEND, json={"leadId": "lead_1", "message": "Hi"})

    assert_invalid(reply, "senderId must be", "recipientLinkedinUrl must be")
    assert reply.json["errors"] == [
        "senderId should not be empty",
        "recipientLinkedinUrl must be a URL address",
    ]


def test_a_message_can_be_sent_and_answered_with_500(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,), send_fault="on")
    replies = [send(world), send(world)]

    assert_error(replies[0], 500, "Internal server error")
    assert replies[1].status == 500
    assert world.used("messages") == 2
    assert [name for name in world.types() if name == "message.sent"] == ["message.sent"] * 2


def test_a_message_that_cannot_be_sent_is_refused_as_ever(make_world: MakeWorld) -> None:
    assert_invalid(send(make_world("live", send_fault="on")), "first-degree connection")


@pytest.mark.parametrize("contract", ["documented", "live", "strict", "observed"])
def test_no_contract_denies_what_was_sent(make_world: MakeWorld, contract: str) -> None:
    assert send(make_world(contract, connections=(IDA,))).status == 201


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leadId": "lead_x"}, "Lead not found"),
        ({"campaignId": "camp_x"}, "Campaign not found"),
    ],
)
def test_an_unknown_lead_or_campaign_is_404(
    world: World, changes: dict[str, Any], message: str
) -> None:
    assert_error(send(world, **changes), 404, message)


def test_a_person_who_is_not_connected_is_400(make_world: MakeWorld) -> None:
    world = make_world()
    assert_invalid(send(world), "first-degree connection", "no request was sent")
    world.workspace.direct_outreach.connect(sender_id="sam", recipient_linkedin_url=IDA)
    assert_invalid(send(world), "its request is not accepted yet")
    world.workspace.advance(4 * HOUR)
    assert send(world).status == 201


@pytest.mark.parametrize("sender", ["disconnected", "rate_limited"])
def test_a_sender_that_is_not_active_is_403(world: World, sender: str) -> None:
    assert_error(send(world, senderId=sender), 403, "Sender is not active")


def test_a_profile_that_cannot_be_reached_is_400(make_world: MakeWorld) -> None:
    url = f"{PEOPLE}unreachable"

    assert_invalid(send(make_world(connections=(url,)), url), "can be reached")


def test_more_than_a_day_takes_is_429_until_midnight(world: World) -> None:
    replies = [send(world) for _ in range(3)]

    assert [reply.status for reply in replies] == [201, 201, 429]
    assert replies[2].json["message"] == "Daily message limit exceeded"
    assert replies[2].headers["retry-after"] == str(15 * 3600)
    world.workspace.advance(15 * HOUR - timedelta(seconds=1))
    assert send(world).status == 429
    world.workspace.advance(timedelta(seconds=1))
    assert send(world).status == 201


def test_retry_after_can_be_left_out(make_world: MakeWorld) -> None:
    world = make_world(connections=(IDA,), retry_after="off")
    replies = [send(world) for _ in range(3)]

    assert (replies[2].status, "retry-after" in replies[2].headers) == (429, False)


@pytest.mark.parametrize(("value", "status"), [("documented", 400), ("accepted", 201)])
def test_internal_urls_are_refused_or_accepted_as_the_contract_says(
    make_world: MakeWorld, value: str, status: int
) -> None:
    url = f"{PEOPLE}ACoAAA123"
    world = make_world(connections=(url,), internal_recipients=value)

    assert send(world, url).status == status
