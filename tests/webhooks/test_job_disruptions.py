"""Disruptions of deliveries to the URL of a job, which exists for one event only."""

from dataclasses import replace

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import DROPPED, SUCCEEDED
from mock_sendpilot.world.events import SearchCompleted
from mock_sendpilot.world.samples import SAMPLE_SEARCH
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import DAY, arm, only_delivery


def complete_a_job(world: World, url: str) -> None:
    """Complete a search whose event is sent to `url`."""
    store = world.workspace.store
    with store.transaction():
        store.record(SearchCompleted(replace(SAMPLE_SEARCH, webhook_url=url)))


@pytest.mark.parametrize(
    "kind", ["reorder", "delay", "altered_body", "unknown_event", "broken_connection"]
)
def test_a_delivery_to_the_url_of_a_job_is_disrupted_too(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    disruption = arm(world, kind)
    complete_a_job(world, receiver.url)
    world.advance(DAY)

    assert world.outbox.disruptions.get(disruption.id).match_count == 1
    assert len(receiver.received) == 1
    assert only_delivery(world).state == SUCCEEDED
    assert not world.outbox.job_endpoints.ids()


@pytest.mark.parametrize("status", [200, 500])
def test_duplicates_are_sent_to_the_url_of_a_job(
    world: World, receiver: WebhookReceiver, status: int
) -> None:
    receiver.respond(status)
    arm(world, "duplicate", copies=2)
    complete_a_job(world, receiver.url)
    world.advance(DAY)

    assert len(receiver.received) == 3
    assert only_delivery(world).state == SUCCEEDED
    assert not world.outbox.job_endpoints.ids()


def test_the_url_of_a_job_is_forgotten_if_its_event_is_dropped(
    world: World, receiver: WebhookReceiver
) -> None:
    arm(world, "drop")
    complete_a_job(world, receiver.url)
    world.advance(DAY)

    assert only_delivery(world).state == DROPPED
    assert not world.outbox.job_endpoints.ids()


@pytest.mark.parametrize("kind", ["stale_timestamp", "wrong_secret", "missing_signature"])
def test_an_unsigned_delivery_matches_no_signature_disruption(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    disruption = arm(world, kind)
    complete_a_job(world, receiver.url)

    assert only_delivery(world).disruption is None
    assert world.outbox.disruptions.get(disruption.id).match_count == 0
