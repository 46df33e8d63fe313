"""`GET /v1/inbox/senders`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.world.models import Step
from tests.api.world import CAMPAIGN, HOUR, IDA, STRANGER, MakeWorld, World, make_world
from tests.support import OTHER_KEY, Api

__all__ = ["make_world"]

SENDERS = "/v1/inbox/senders"


KEYS = [
    "id", "name", "linkedinUrl", "status",
    "dailyMessageLimit", "messagesSentToday", "remainingMessages",
]  # fmt: skip


def test_the_senders_have_the_known_fields(api: Api) -> None:
    reply = api("GET", SENDERS)

    assert reply.status == 200
    assert list(reply.json) == ["senders", "total"]
    assert [list(sender) for sender in reply.json["senders"]] == [KEYS] * 4
    assert reply.json["senders"][0] == {
        "id": "sender_maria",
        "name": "Maria Keller",
        "linkedinUrl": "https://www.linkedin.com/in/maria-keller-sales",
        "status": "active",
        "dailyMessageLimit": 100,
        "messagesSentToday": 0,
        "remainingMessages": 100,
    }


def test_total_counts_the_senders(api: Api) -> None:
    assert api("GET", SENDERS).json["total"] == 4


def test_senders_of_every_status_are_listed(api: Api) -> None:
    statuses = [sender["status"] for sender in api("GET", SENDERS).json["senders"]]

    assert statuses == ["active", "active", "disconnected", "rate_limited"]


def test_another_workspace_has_its_own_senders(api: Api) -> None:
    (sender,) = api("GET", SENDERS, key=OTHER_KEY).json["senders"]

    assert sender["id"] == "cm2681gfuinhngazzupb8a2re"


@pytest.mark.parametrize("contract", ["documented", "example", "schema", "live"])
def test_senders_are_the_same_under_every_contract(
    api_under: Callable[..., Api], contract: str
) -> None:
    found = api_under(contract)("GET", SENDERS).json

    assert found == api_under("documented")("GET", SENDERS).json


def numbers(world: World) -> tuple[int, int, int]:
    """Limit, sent and remaining, which the quotas have too."""
    (sender, *_) = world.api("GET", SENDERS).json["senders"]
    found = tuple(sender[key] for key in KEYS[-3:])
    (same, *_) = world.api("GET", "/v1/senders/quotas").json["senders"]
    quota = same["quotas"]["messages"]
    assert found == (quota["limit"], quota["used"], quota["remaining"])
    return found


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_message_over_the_api_counts_until_midnight(make_world: MakeWorld, contract: str) -> None:
    world = make_world(contract, connections=(IDA,))
    body = {"senderId": "sam", "recipientLinkedinUrl": IDA, "message": "Hi"}
    world.api("POST", "/v1/inbox/send", json=body)

    assert numbers(world) == (2, 1, 1)
    world.api("POST", "/v1/inbox/send", json=body)
    assert numbers(world) == (2, 2, 0)
    assert world.api("POST", "/v1/inbox/send", json=body).status == 429
    assert numbers(world) == (2, 2, 0)
    world.workspace.advance(15 * HOUR - timedelta(seconds=1))
    assert numbers(world) == (2, 2, 0)
    world.workspace.advance(timedelta(seconds=1))
    assert numbers(world) == (2, 0, 2)


def test_a_message_of_a_campaign_counts_too(make_world: MakeWorld) -> None:
    world = make_world("live", connections=(STRANGER,))
    steps = (Step(kind="message", after=timedelta(), text="Hi"),)
    world.workspace.store.put_campaign(replace(CAMPAIGN, id="camp_3", sequence=steps))
    body = {"campaignId": "camp_3", "leads": [{"linkedinUrl": STRANGER}]}
    world.api("POST", "/v1/leads", json=body)
    world.workspace.advance()

    assert numbers(world) == (2, 1, 1)


def test_a_connection_request_does_not_count_as_a_message(make_world: MakeWorld) -> None:
    world = make_world("live")
    body = {"senderId": "sam", "recipientLinkedinUrl": IDA}
    world.api("POST", "/v1/inbox/connect", json=body)

    assert numbers(world) == (2, 0, 2)


def test_parameters_are_ignored(api: Api) -> None:
    assert api("GET", f"{SENDERS}?limit=1&page=9").json["total"] == 4
