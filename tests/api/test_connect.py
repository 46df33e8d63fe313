"""`POST /v1/inbox/connect`, and what it has in common with sending messages."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.api.expect import assert_error, assert_invalid
from tests.api.world import (
    HOUR,
    IDA,
    PEOPLE,
    STRANGER,
    MakeWorld,
    World,
    make_world,
)
from tests.support import Reply

__all__ = ["make_world"]

CONNECT = "/v1/inbox/connect"
NINE = "2026-06-01T09:00:00.000Z"


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()


def connect(world: World, url: str = IDA, **changes: Any) -> Reply:
    return world.api(
        "POST", CONNECT, json={"senderId": "sam", "recipientLinkedinUrl": url, **changes}
    )


# --- the reply ----------------------------------------------------------------------------------


def test_a_request_is_answered_as_the_vendor_does(world: World) -> None:
    reply = connect(world)

    assert reply.status == 201
    assert re.fullmatch(r"conn_[0-9a-z]{12}", reply.json["requestId"])
    assert list(reply.json.items()) == [
        ("success", True),
        ("requestId", reply.json["requestId"]),
        ("recipientLinkedinUrl", IDA),
        ("status", "sent"),
        ("timestamp", NINE),
    ]


def test_a_connected_person_is_answered_with_already_connected(make_world: MakeWorld) -> None:
    world = make_world(connections=(IDA,))
    reply = connect(world)

    assert (reply.status, reply.json["success"]) == (201, True)
    assert reply.json["status"] == "already_connected"
    assert (world.types(48 * HOUR), world.lead.status, world.counts) == ([], "PENDING", {})
    assert world.used("connections") == 0


# --- effects ------------------------------------------------------------------------------------


def test_a_request_causes_events_with_the_older_names_under_documented(world: World) -> None:
    connect(world, message="Hello Ida")

    assert world.events() == [
        (
            "connection.sent",
            {
                "leadId": "lead_1",
                "campaignId": "camp_1",
                "linkedinUrl": IDA,
                "senderId": "sam",
                "note": "Hello Ida",
            },
        ),
        (
            "lead.status.changed",
            {
                "leadId": "lead_1",
                "campaignId": "camp_1",
                "linkedinUrl": IDA,
                "previousStatus": "PENDING",
                "newStatus": "CONNECTION_SENT",
                "changedBy": "api",
            },
        ),
    ]


def test_a_request_causes_events_with_the_newest_names_under_live(make_world: MakeWorld) -> None:
    world = make_world("live")
    connect(world)
    world.workspace.advance(4 * HOUR)
    who = {"leadId": "lead_1", "campaignId": "camp_1", "linkedinUrl": IDA}

    assert world.events() == [
        ("connection_request.sent", {**who, "senderId": "sam"}),
        ("lead.updated", {**who, "previousStatus": "PENDING", "newStatus": "CONNECTION_SENT"}),
        (
            "connection_request.accepted",
            {**who, "senderId": "sam", "acceptedAt": "2026-06-01T13:00:00.000Z"},
        ),
        (
            "lead.updated",
            {**who, "previousStatus": "CONNECTION_SENT", "newStatus": "CONNECTION_ACCEPTED"},
        ),
    ]


def test_the_person_accepts_after_four_hours(world: World) -> None:
    connect(world)

    assert len(world.types(4 * HOUR - timedelta(seconds=1))) == 2
    assert world.types(timedelta(seconds=1))[2:] == ["connection.accepted", "lead.status.changed"]
    assert (world.lead.status, world.counts["connections_accepted"]) == ("CONNECTION_ACCEPTED", 1)


@pytest.mark.parametrize(
    ("value", "sender", "note", "status"),
    [
        pytest.param("on", "basic", "Hello", 500, id="a note without Premium"),
        pytest.param("on", "basic", "", 201, id="an empty note"),
        pytest.param("on", "basic", None, 201, id="no note"),
        pytest.param("on", "sam", "Hello", 201, id="a note of a Premium sender"),
        pytest.param("observed", "basic", "Hello", 500, id="under observed"),
        pytest.param("strict", "basic", "Hello", 500, id="under strict"),
        pytest.param("live", "basic", "Hello", 201, id="under live"),
    ],
)
def test_a_note_of_a_sender_without_premium_can_fail(
    make_world: MakeWorld, value: str, sender: str, note: str | None, status: int
) -> None:
    world = make_world("live", note_fault=value)

    assert connect(world, senderId=sender, message=note).status == status


def test_a_request_that_fails_for_its_note_is_not_sent(make_world: MakeWorld) -> None:
    world = make_world("live", note_fault="on")
    reply = connect(world, senderId="basic", message="Hello")

    assert_error(reply, 500, "Internal server error")
    assert "note_fault is on" in reply.headers["x-emulator-hint"]
    assert (world.types(48 * HOUR), world.lead.status) == ([], "PENDING")


@pytest.mark.parametrize(
    ("sender", "note"), [("sam", "Hello"), ("basic", None)], ids=["premium", "not premium"]
)
def test_only_premium_senders_send_the_note(world: World, sender: str, note: str | None) -> None:
    reply = connect(world, STRANGER, senderId=sender, message="Hello")

    assert reply.status == 201
    assert world.events()[0][1].get("note") == note


@pytest.mark.parametrize("note", ["", None])
def test_a_note_may_be_left_empty(world: World, note: str | None) -> None:
    assert connect(world, message=note).status == 201
    assert "note" not in world.events()[0][1]


@pytest.mark.parametrize("before", ["REPLY_RECEIVED", "OPPORTUNITY"])
def test_a_lead_with_a_later_status_keeps_it(make_world: MakeWorld, before: str) -> None:
    world = make_world(lead={"status": before, "sender_id": None})
    connect(world)

    assert world.types() == ["connection.sent"]
    assert world.lead.status == before


# --- magic slugs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "hours", "is_accepted"),
    [
        pytest.param("accepts-after-2d", 47.9, False, id="not yet"),
        pytest.param("accepts-after-2d", 48, True, id="after two days"),
        pytest.param("accepts-after-2d-ida", 48, True, id="with a suffix"),
        pytest.param("replies-interested", 4, True, id="replies"),
        pytest.param("never-accepts", 9999, False, id="never"),
        pytest.param("never-accepts-7", 9999, False, id="never, with a suffix"),
    ],
)
def test_a_magic_slug_decides_if_and_when_a_person_accepts(
    world: World, slug: str, hours: float, is_accepted: bool
) -> None:
    assert connect(world, PEOPLE + slug).status == 201
    assert ("connection.accepted" in world.types(hours * HOUR)) is is_accepted


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"senderId": None}, "senderId: expected a non-empty string", id="no sender"),
        pytest.param({"senderId": "x"}, "senderId: expected the id of a sender", id="sender"),
        pytest.param({"recipientLinkedinUrl": None}, "recipientLinkedinUrl: expected", id="no url"),
        pytest.param(
            {"recipientLinkedinUrl": "https://example.com/ida"},
            "recipientLinkedinUrl: expected a LinkedIn profile URL",
            id="url",
        ),
        pytest.param(
            {"message": "x" * 301}, "at most 300 characters, got 301 characters", id="long note"
        ),
        pytest.param({"message": 7}, "message: expected a string", id="note"),
    ],
)
def test_an_invalid_field_is_400(world: World, changes: dict[str, Any], message: str) -> None:
    assert_invalid(connect(world, **changes), message)
    assert (world.types(), world.used("connections")) == ([], 0)


def test_a_note_of_300_characters_is_accepted(world: World) -> None:
    assert connect(world, message="x" * 300).status == 201


def test_a_second_request_is_400_until_the_first_is_answered(world: World) -> None:
    connect(world)
    assert_invalid(connect(world), "open request")
    world.workspace.advance(4 * HOUR)
    assert connect(world).json["status"] == "already_connected"


def test_another_sender_may_request_the_same_person(world: World) -> None:
    connect(world)

    assert connect(world, senderId="basic").status == 201
