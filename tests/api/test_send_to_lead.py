"""`POST /v1/inbox/send/lead/{id}`."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.expect import assert_error, assert_invalid
from tests.api.world import HOUR, IDA, PEOPLE, SEND, WHO, MakeWorld, World
from tests.support import Reply


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
    assert world.events()[0][1]["messagePreview"] == text


def test_an_unknown_name_is_filled_in_as_nothing(make_world: MakeWorld) -> None:
    world = make_world(lead={"first_name": None}, connections=(IDA,))
    send(world, message="Hi {{firstName}}!")

    assert last_text(world) == "Hi !"


def test_the_event_has_a_preview_of_100_characters_under_documented(world: World) -> None:
    send(world, message="x" * 101)

    assert world.events() == [
        ("message.sent", {**WHO, "senderId": "sam", "messagePreview": "x" * 100})
    ]


def test_the_event_has_the_whole_text_under_live(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(IDA,))
    send(world, message="x" * 101)

    assert world.events() == [("message.sent", {**WHO, "senderId": "sam", "message": "x" * 101})]


@pytest.mark.parametrize(("value", "status"), [("off", "PENDING"), ("on", "MESSAGE_SENT")])
def test_the_option_direct_send_moves_status_moves_the_lead(
    make_world: MakeWorld, value: str, status: str
) -> None:
    world = make_world("live", connections=(IDA,), direct_send_moves_status=value)
    send(world)

    assert world.lead.status == status


def test_a_given_campaign_is_in_the_event(world: World) -> None:
    send(world, campaignId="camp_2")

    assert world.events()[0][1]["campaignId"] == "camp_2"


def test_another_sender_may_send(world: World) -> None:
    assert send(world, senderId="basic").status == 201
    assert world.events()[0][1]["senderId"] == "basic"


def test_a_magic_slug_makes_the_lead_reply(make_world: MakeWorld) -> None:
    url = f"{PEOPLE}replies-not-interested-3"
    world = make_world(lead={"linkedin_url": url}, connections=(url,))
    send(world)

    assert world.types(2 * HOUR)[1:] == ["message.received", "lead.status.changed"]
    assert world.lead.status == "REPLY_RECEIVED"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"senderId": None}, "senderId: expected a non-empty string", id="no sender"),
        pytest.param({"senderId": "x"}, "senderId: expected the id of a sender", id="sender"),
        pytest.param({"message": ""}, "message: expected a non-empty string", id="empty"),
        pytest.param(
            {"message": "x" * 8001}, "at most 8000 characters, got 8001 characters", id="long"
        ),
    ],
)
def test_an_invalid_field_is_400(world: World, changes: dict[str, Any], message: str) -> None:
    assert_invalid(send(world, **changes), message)
    assert (world.types(), world.used("messages")) == ([], 0)


@pytest.mark.parametrize("lead_id", ["lead_x", "a/b", "grün"])
def test_an_unknown_lead_is_404(world: World, lead_id: str) -> None:
    assert_error(send(world, lead_id), 404, "Lead not found")


def test_a_lead_who_is_not_connected_is_400(make_world: MakeWorld) -> None:
    assert_invalid(send(make_world()), "first-degree connection")
