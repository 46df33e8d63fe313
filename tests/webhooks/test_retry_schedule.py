"""The retry schedule, on a manual clock."""

from itertools import pairwise

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.support import SECRET
from tests.webhooks.conftest import World


def test_nothing_is_sent_before_a_manual_clock_is_advanced(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    world.change("DONE")
    assert receiver.received == []
    assert world.advance() == 1
    assert len(receiver.received) == 1


def test_a_2xx_ends_the_delivery(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(204)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(24 * 3600)
    (delivery,) = world.deliveries()
    assert (delivery.state, len(delivery.attempts)) == ("succeeded", 1)
    assert delivery.next_attempt_at is None


def test_retries_are_made_after_5_30_120_900_and_3600_seconds(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=99)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(24 * 3600)
    (delivery,) = world.deliveries()
    times = [attempt.started_at for attempt in delivery.attempts]
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert waits == [5, 30, 120, 900, 3600]
    assert delivery.state == "exhausted"
    assert len(receiver.received) == 6


def test_an_attempt_is_not_made_early(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(503)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(4.999)
    assert len(receiver.received) == 1
    world.advance(0.001)
    assert len(receiver.received) == 2


@pytest.mark.parametrize("world", ["live"], indirect=True)
def test_a_retry_carries_the_same_event_and_message_id(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=2)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(35)
    assert len(receiver.received) == 3
    assert len({webhook.body for webhook in receiver.received}) == 1
    assert len({webhook.headers["svix-id"] for webhook in receiver.received}) == 1


def test_each_attempt_has_a_new_signature(
    world: World, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def it_is(seconds: float) -> None:
        clock = "mock_sendpilot.scheduling.clock.SystemClock._wall_seconds"
        monkeypatch.setattr(clock, staticmethod(lambda: seconds))

    receiver.respond(500)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    it_is(1767225600.5)
    world.advance()
    it_is(1767225605.5)
    world.advance(5)
    signatures = [webhook.headers["webhook-signature"] for webhook in receiver.received]
    assert [text.partition(",")[0] for text in signatures] == ["t=1767225600", "t=1767225605"]
    assert all(webhook.is_signed_with(SECRET) for webhook in receiver.received)


def test_retries_of_two_deliveries_are_made_in_due_order(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=2)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(2)
    world.change("PENDING")
    world.advance(10)
    news = [webhook.json["data"]["newStatus"] for webhook in receiver.received]
    assert news == ["DONE", "PENDING", "DONE", "PENDING"]


def test_advance_stops_at_its_target(world: World, receiver: WebhookReceiver) -> None:
    receiver.respond(500, times=9)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    world.advance(100)
    assert world.elapsed_seconds == 100
    (delivery,) = world.deliveries()
    assert delivery.next_attempt_at is not None
    assert (delivery.next_attempt_at - delivery.created_at).total_seconds() == 5 + 30 + 120


@pytest.mark.parametrize(
    "options",
    [pytest.param({"retry_delays_seconds": "svix"}, id="svix")],
)
def test_the_schedule_is_an_option_of_the_contract(options: dict[str, str]) -> None:
    from mock_sendpilot.contracts.contract import named_contract

    contract = named_contract("documented", options.items())
    assert contract.retry_delays_seconds == (5, 300, 1800, 7200, 18000, 36000, 36000)
