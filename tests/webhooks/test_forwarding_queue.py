"""Forwarding queues with a listener that waits, sends or is gone."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from mock_sendpilot.webhooks.deliveries import SUCCEEDED, recorded_response
from mock_sendpilot.webhooks.forwarding import (
    NO_LISTENER,
    ForwardingLimits,
    ForwardingQueue,
    ForwardingResult,
)
from mock_sendpilot.webhooks.signing import SignedRequest
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from mock_sendpilot.world.ids import Ids
from tests.support import eventually
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import arm

REQUEST = SignedRequest(url="http://127.0.0.1/", headers={}, content=b"{}")
FINE = ForwardingResult(recorded_response(200, {}, b""), None)
URL = "http://127.0.0.1:9/"


@pytest.fixture
def queue() -> ForwardingQueue:
    return ForwardingQueue(Ids("1"))


@pytest.fixture
def pool(queue: ForwardingQueue) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as running:
        yield running
        queue.close()


def send(
    pool: ThreadPoolExecutor, queue: ForwardingQueue, timeout: float = 5
) -> Future[ForwardingResult]:
    return pool.submit(queue.send, REQUEST, timeout)


def test_a_listener_that_is_sending_a_request_is_not_gone(
    queue: ForwardingQueue, pool: ThreadPoolExecutor
) -> None:
    queue.limits = ForwardingLimits(silence_seconds=0.05)
    first, second = send(pool, queue), send(pool, queue)
    taken = queue.take(timeout_seconds=5)
    assert taken is not None
    assert not threading.Event().wait(0.2)  # its receiver is slow
    assert not second.done()
    queue.complete(taken.id, FINE)
    other = queue.take(timeout_seconds=5)
    assert other is not None
    queue.complete(other.id, FINE)

    assert [sent.result(5) for sent in (first, second)] == [FINE, FINE]


def test_a_lost_request_is_taken_again(queue: ForwardingQueue, pool: ThreadPoolExecutor) -> None:
    sent = [send(pool, queue), send(pool, queue)]
    lost = queue.take(timeout_seconds=5)
    again = queue.take(timeout_seconds=5)  # by a listener that has lost its connection
    assert again is not None
    assert again == lost
    queue.complete(again.id, FINE)
    other = queue.take(timeout_seconds=5)
    assert other is not None
    assert other != lost
    queue.complete(other.id, FINE)

    assert [one.result(5) for one in sent] == [FINE, FINE]


def test_a_second_call_takes_the_place_of_a_lost_connection(
    queue: ForwardingQueue, pool: ThreadPoolExecutor
) -> None:
    lost = pool.submit(queue.take, timeout_seconds=20)
    eventually(lambda: queue._listener_count == 1)
    found = pool.submit(queue.take, timeout_seconds=20)

    assert lost.result(5) is None
    sent = send(pool, queue)
    taken = found.result(5)
    assert taken is not None
    queue.complete(taken.id, FINE)
    assert sent.result(5) == FINE


def test_a_request_without_a_listener_fails(
    queue: ForwardingQueue, pool: ThreadPoolExecutor
) -> None:
    queue.limits = ForwardingLimits(silence_seconds=0.05)
    assert send(pool, queue).result(5).error == NO_LISTENER


def test_a_listener_that_returns_no_response_is_not_gone(
    queue: ForwardingQueue, pool: ThreadPoolExecutor
) -> None:
    queue.limits = ForwardingLimits(extra_seconds=0.05)
    sent = send(pool, queue, timeout=0.05)
    assert queue.take(timeout_seconds=5)

    assert sent.result(5).error == "the listener took the request and has brought no response"


def test_a_slow_body_does_not_count_for_the_timeout(world: World) -> None:
    world.outbox.forwarding.limits = ForwardingLimits(extra_seconds=0.05)
    settings = EndpointSettings(timeout_seconds=0.1)
    endpoint = world.add_endpoint(URL, is_forwarded=True, settings=settings)
    arm(world, "slow_body", seconds=5)
    world.change("A")
    advance = threading.Thread(target=world.advance)
    advance.start()
    queue = world.outbox.forwarding_queue(endpoint.id)
    taken = queue.take(timeout_seconds=5)
    assert taken is not None
    assert taken.request.seconds_to_send == 5
    assert not threading.Event().wait(0.3)  # longer than its timeout
    queue.complete(taken.id, FINE)
    advance.join(5)

    assert world.deliveries()[0].state == SUCCEEDED


def test_an_endpoint_is_enabled_again_when_its_listener_is_back(live_world: World) -> None:
    live_world.outbox.forwarding.limits = ForwardingLimits(silence_seconds=0.05)
    endpoints = live_world.outbox.endpoints
    endpoint = live_world.add_endpoint(URL, is_forwarded=True)
    live_world.change("A")
    eventually(lambda: not endpoints.get(endpoint.id).is_enabled)
    queue = live_world.outbox.forwarding_queue(endpoint.id)

    assert endpoints.get(endpoint.id).is_enabled
    live_world.change("B")
    taken = queue.take(timeout_seconds=5)
    assert taken is not None
    queue.complete(taken.id, FINE)


def test_an_endpoint_that_a_user_disabled_stays_disabled(world: World) -> None:
    endpoint = world.add_endpoint(URL, is_forwarded=True)
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
    world.outbox.forwarding_queue(endpoint.id)

    assert not world.outbox.endpoints.get(endpoint.id).is_enabled
