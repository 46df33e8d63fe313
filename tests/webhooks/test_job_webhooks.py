"""The URL of a search or an extraction, which gets the event of its job."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import CANCELLED, EXHAUSTED, PENDING, SUCCEEDED
from mock_sendpilot.world.workspace import Workspace
from tests.support import SECRET
from tests.webhooks.conftest import World

Start = Callable[[Workspace, str], str]


def search(workspace: Workspace, url: str) -> str:
    return workspace.searches.start(name="S", limit=3, filters={}, webhook_url=url).id


def extraction(workspace: Workspace, url: str) -> str:
    return workspace.extractions.start(
        name="E",
        limit=3,
        mode="extraction_only",
        url_type="linkedin_search",
        urls=("https://www.linkedin.com/search/results/people/",),
        webhook_url=url,
    ).id


JOBS = [
    pytest.param(search, "lead_database.search.completed", "search_id", id="search"),
    pytest.param(extraction, "lead_extractor.job.completed", "campaign_id", id="extraction"),
]


def to_the_end(world: World) -> None:
    world.advance(60)


@pytest.mark.parametrize(("start", "event_type", "key"), JOBS)
def test_the_url_of_a_job_gets_its_event_once(
    world: World, receiver: WebhookReceiver, start: Start, event_type: str, key: str
) -> None:
    job_id = start(world.workspace, receiver.url)
    to_the_end(world)

    (webhook,) = receiver.received
    assert (webhook.json["eventType"], webhook.json["data"][key]) == (event_type, job_id)


@pytest.mark.parametrize("world", ["documented", "example", "schema", "live"], indirect=True)
def test_a_request_to_the_url_of_a_job_is_not_signed(
    world: World, receiver: WebhookReceiver
) -> None:
    search(world.workspace, receiver.url)
    to_the_end(world)

    (webhook,) = receiver.received
    assert [name for name in webhook.headers if "signature" in name] == []


def test_endpoints_get_the_same_event_signed(world: World, receiver: WebhookReceiver) -> None:
    world.add_endpoint(f"{receiver.url}/endpoint")
    search(world.workspace, f"{receiver.url}/job")
    to_the_end(world)

    by_path = {webhook.path: webhook for webhook in receiver.received}
    assert sorted(by_path) == ["/webhooks/endpoint", "/webhooks/job"]
    assert by_path["/webhooks/endpoint"].body == by_path["/webhooks/job"].body
    assert by_path["/webhooks/endpoint"].is_signed_with(SECRET)


def test_the_url_of_a_job_gets_no_other_event(world: World, receiver: WebhookReceiver) -> None:
    search(world.workspace, receiver.url)
    world.change("DONE")
    search(world.workspace, f"{receiver.url}/another")
    to_the_end(world)

    assert [webhook.path for webhook in receiver.received] == ["/webhooks", "/webhooks/another"]


def test_a_failed_request_to_the_url_of_a_job_is_retried(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=2)
    job_id = search(world.workspace, receiver.url)
    to_the_end(world)

    assert len({webhook.body for webhook in receiver.received}) == 1
    (delivery,) = world.deliveries(endpoint_id=job_id)
    statuses = [one.response and one.response.status_code for one in delivery.attempts]
    assert (delivery.state, statuses) == (SUCCEEDED, [500, 500, 200])


def test_each_retry_to_the_url_of_a_job_has_the_delay_of_the_contract(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=9)
    job_id = search(world.workspace, receiver.url)
    world.advance(3 * 3600)

    (delivery,) = world.deliveries(endpoint_id=job_id)
    times = [attempt.started_at for attempt in delivery.attempts]
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert waits == [5, 30, 120, 900, 3600]
    assert delivery.state == EXHAUSTED


def test_a_failed_job_sends_no_event(world: World, receiver: WebhookReceiver) -> None:
    job_id = search(world.workspace, receiver.url)
    world.workspace.searches.fail(job_id, "No.")
    to_the_end(world)

    assert receiver.received == []


def test_a_job_completed_by_hand_sends_its_event_at_once(
    world: World, receiver: WebhookReceiver
) -> None:
    job_id = search(world.workspace, receiver.url)
    world.workspace.searches.complete(job_id)
    world.advance()
    to_the_end(world)

    assert len(receiver.received) == 1


def test_two_jobs_with_the_same_url_each_send_their_event(
    world: World, receiver: WebhookReceiver
) -> None:
    ids = {search(world.workspace, receiver.url), search(world.workspace, receiver.url)}
    to_the_end(world)

    assert {webhook.json["data"]["search_id"] for webhook in receiver.received} == ids
    assert len(receiver.received) == 2


def test_removing_an_endpoint_does_not_affect_the_delivery_of_a_job(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(f"{receiver.url}/endpoint")
    receiver.respond(500, times=2)
    job_id = search(world.workspace, f"{receiver.url}/job")
    world.workspace.searches.complete(job_id)
    world.advance()
    world.outbox.remove_endpoint(endpoint.id)
    states = {one.endpoint_id: one.state for one in world.deliveries()}

    assert states == {endpoint.id: CANCELLED, job_id: PENDING}
    world.advance(5)
    assert world.deliveries(endpoint_id=job_id)[0].state == SUCCEEDED
