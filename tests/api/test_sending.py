"""Rules that connection requests and messages share."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.api.expect import assert_error, assert_invalid
from tests.api.world import HOUR, IDA, PEOPLE, MakeWorld, World
from tests.support import Reply


@dataclass(frozen=True)
class Operation:
    """An operation that sends; Ida is connected before she gets a message."""

    path: str
    body: dict[str, str]
    quota: str

    def __call__(self, world: World, **changes: Any) -> Reply:
        return world.api("POST", self.path, json={"senderId": "sam", **self.body, **changes})


CONNECT = Operation("/v1/inbox/connect", {"recipientLinkedinUrl": IDA}, "connections")
SEND = Operation("/v1/inbox/send", {"recipientLinkedinUrl": IDA, "message": "Hi"}, "messages")
SEND_TO_LEAD = Operation("/v1/inbox/send/lead/lead_1", {"message": "Hi"}, "messages")
every_operation = pytest.mark.parametrize(
    "send",
    [
        pytest.param(CONNECT, id="connect"),
        pytest.param(SEND, id="send"),
        pytest.param(SEND_TO_LEAD, id="send to a lead"),
    ],
)
to_a_profile = pytest.mark.parametrize(
    "send", [pytest.param(CONNECT, id="connect"), pytest.param(SEND, id="send")]
)
messages = pytest.mark.parametrize(
    "send", [pytest.param(SEND, id="send"), pytest.param(SEND_TO_LEAD, id="send to a lead")]
)


def world_of(make_world: MakeWorld, send: Operation, url: str = IDA, **options: str) -> World:
    connections = () if send is CONNECT else (url,)
    return make_world(connections=connections, **options)


@every_operation
@pytest.mark.parametrize("sender", ["disconnected", "rate_limited"])
def test_a_sender_that_is_not_active_is_403(
    make_world: MakeWorld, send: Operation, sender: str
) -> None:
    world = world_of(make_world, send)

    assert_error(send(world, senderId=sender), 403, "Sender is not active")


@to_a_profile
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://linkedin.com/in/Ida-Holm/", id="host, case and slash"),
        pytest.param("https://no.linkedin.com/in/ida-holm?trk=x#y", id="country, query, fragment"),
        pytest.param("www.linkedin.com/in/ida-holm", id="no scheme"),
    ],
)
def test_every_form_of_a_url_is_the_same_person(
    make_world: MakeWorld, send: Operation, url: str
) -> None:
    world = world_of(make_world, send)
    reply = send(world, recipientLinkedinUrl=url)

    assert reply.json["recipientLinkedinUrl"] == IDA
    assert world.counts["leads_contacted"] == 1


@to_a_profile
@pytest.mark.parametrize("slug", ["unreachable", "unreachable-7"])
def test_an_unreachable_profile_is_400(make_world: MakeWorld, send: Operation, slug: str) -> None:
    world = world_of(make_world, send, PEOPLE + slug)
    reply = send(world, recipientLinkedinUrl=PEOPLE + slug)

    assert_invalid(reply, "recipientLinkedinUrl", "can be reached")
    assert world.used(send.quota) == 0


@to_a_profile
@pytest.mark.parametrize(("value", "status"), [("documented", 400), ("accepted", 201)])
def test_internal_urls_are_refused_or_accepted_by_contract(
    make_world: MakeWorld, send: Operation, value: str, status: int
) -> None:
    url = f"{PEOPLE}ACoAAA123"
    reply = send(
        world_of(make_world, send, url, internal_recipients=value), recipientLinkedinUrl=url
    )

    assert reply.status == status
    assert ("the internal form" in reply.headers.get("x-emulator-hint", "")) is (status == 400)


@pytest.mark.parametrize(
    ("send", "limit"),
    [
        pytest.param(CONNECT, "Daily connection limit exceeded", id="connect"),
        pytest.param(SEND, "Daily message limit exceeded", id="send"),
        pytest.param(SEND_TO_LEAD, "Daily message limit exceeded", id="send to a lead"),
    ],
)
def test_a_request_beyond_the_daily_limit_is_429_until_midnight(
    make_world: MakeWorld, send: Operation, limit: str
) -> None:
    world = world_of(make_world, send)

    def send_another() -> Reply:
        another = {"recipientLinkedinUrl": f"{PEOPLE}p{world.used(send.quota)}"}
        return send(world, **(another if send is CONNECT else {}))

    assert [send_another().status for _ in range(2)] == [201, 201]
    reply = send_another()
    assert (reply.status, reply.json["message"]) == (429, limit)
    assert reply.headers["retry-after"] == str(15 * 3600)
    world.workspace.advance(15 * HOUR - timedelta(seconds=1))
    assert send_another().status == 429
    world.workspace.advance(timedelta(seconds=1))
    assert send_another().status == 201


@every_operation
def test_campaign_and_quota_count_each_request(make_world: MakeWorld, send: Operation) -> None:
    world = world_of(make_world, send)
    send(world)

    assert world.counts == {"leads_contacted": 1, f"{send.quota}_sent": 1}
    assert world.used(send.quota) == 1


@messages
@pytest.mark.parametrize("text", ["x", "x" * 8000, "é" * 8000])
def test_a_message_of_1_to_8000_characters_is_accepted(
    make_world: MakeWorld, send: Operation, text: str
) -> None:
    assert send(world_of(make_world, send), message=text).status == 201


@messages
def test_an_unknown_campaign_is_404(make_world: MakeWorld, send: Operation) -> None:
    reply = send(world_of(make_world, send), campaignId="camp_x")

    assert_error(reply, 404, "Campaign not found")


@messages
def test_a_message_can_be_sent_and_answered_with_500(
    make_world: MakeWorld, send: Operation
) -> None:
    world = world_of(make_world, send, send_fault="on")
    replies = [send(world), send(world)]

    assert_error(replies[0], 500, "Internal server error")
    assert replies[1].status == 500
    assert world.used("messages") == 2
    assert world.types() == ["message.sent"] * 2
