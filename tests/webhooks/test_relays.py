"""Relays: who listens, who is at work, and who is gone."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import pytest

from mock_sendpilot.webhooks import relays
from mock_sendpilot.webhooks.deliveries import SUCCEEDED, recorded_response
from mock_sendpilot.webhooks.outgoing_request import SignedRequest
from mock_sendpilot.webhooks.relays import NOBODY, Answer, Relay
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import eventually
from tests.webhooks.conftest import World
from tests.webhooks.judges import arm

REQUEST = SignedRequest(url="http://127.0.0.1/", headers={}, content=b"{}")
FINE = Answer(recorded_response(200, {}, b""), None)
URL = "http://127.0.0.1:9/"


@pytest.fixture
def relay() -> Relay:
    numbers = count(1)
    return Relay(lambda: f"req_{next(numbers)}")


@pytest.fixture
def pool(relay: Relay) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as running:
        yield running
        relay.close()


def send(pool: ThreadPoolExecutor, relay: Relay, timeout: float = 5) -> Future[Answer]:
    return pool.submit(relay.send, REQUEST, timeout)


def test_a_listener_that_is_at_work_is_there(
    relay: Relay, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_SILENCE_SECONDS", 0.05)
    first, second = send(pool, relay), send(pool, relay)
    taken = relay.take(timeout_seconds=5)
    assert taken is not None
    assert not threading.Event().wait(0.2)  # its receiver is slow
    assert not second.done()
    relay.answer(taken.id, FINE)
    other = relay.take(timeout_seconds=5)
    assert other is not None
    relay.answer(other.id, FINE)

    assert [sent.result(5) for sent in (first, second)] == [FINE, FINE]


def test_a_request_that_was_lost_on_its_way_is_taken_again(
    relay: Relay, pool: ThreadPoolExecutor
) -> None:
    sent = [send(pool, relay), send(pool, relay)]
    lost = relay.take(timeout_seconds=5)
    again = relay.take(timeout_seconds=5)  # by a listener that has lost its connection
    assert again is not None
    assert again == lost
    relay.answer(again.id, FINE)
    other = relay.take(timeout_seconds=5)
    assert other is not None
    assert other != lost
    relay.answer(other.id, FINE)

    assert [one.result(5) for one in sent] == [FINE, FINE]


def test_who_asks_again_takes_the_place_of_a_connection_that_is_lost(
    relay: Relay, pool: ThreadPoolExecutor
) -> None:
    lost = pool.submit(relay.take, timeout_seconds=20)
    eventually(lambda: relay._listener_count == 1)
    found = pool.submit(relay.take, timeout_seconds=20)

    assert lost.result(5) is None
    sent = send(pool, relay)
    taken = found.result(5)
    assert taken is not None
    relay.answer(taken.id, FINE)
    assert sent.result(5) == FINE


def test_where_nobody_asks_nobody_is_there(
    relay: Relay, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_SILENCE_SECONDS", 0.05)
    assert send(pool, relay).result(5).error == NOBODY


def test_a_listener_that_brings_no_answer_is_not_taken_for_gone(
    relay: Relay, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_EXTRA_SECONDS", 0.05)
    sent = send(pool, relay, timeout=0.05)
    assert relay.take(timeout_seconds=5)

    assert sent.result(5).error == "the listener took the request and has brought no answer"


def test_a_body_that_is_sent_slowly_has_its_time_besides(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_EXTRA_SECONDS", 0.05)
    settings = EndpointSettings(timeout_seconds=0.1)
    endpoint = world.add_endpoint(URL, is_relayed=True, settings=settings)
    arm(world, "slow_body", seconds=5)
    world.change("A")
    advance = threading.Thread(target=world.advance)
    advance.start()
    relay = world.outbox.relay_of(endpoint.id)
    taken = relay.take(timeout_seconds=5)
    assert taken is not None
    assert taken.request.seconds_to_send == 5
    assert not threading.Event().wait(0.3)  # longer than its time-out
    relay.answer(taken.id, FINE)
    advance.join(5)

    assert world.deliveries()[0].state == SUCCEEDED


def test_an_endpoint_is_enabled_again_when_its_listener_is_back(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_SILENCE_SECONDS", 0.05)
    endpoints = live_world.outbox.endpoints
    endpoint = live_world.add_endpoint(URL, is_relayed=True)
    live_world.change("A")
    eventually(lambda: not endpoints.get(endpoint.id).is_enabled)
    relay = live_world.outbox.relay_of(endpoint.id)

    assert endpoints.get(endpoint.id).is_enabled
    live_world.change("B")
    taken = relay.take(timeout_seconds=5)
    assert taken is not None
    relay.answer(taken.id, FINE)


def test_one_that_somebody_has_disabled_stays_so(world: World) -> None:
    endpoint = world.add_endpoint(URL, is_relayed=True)
    world.outbox.update_endpoint(endpoint.id, {"is_enabled": False})
    world.outbox.relay_of(endpoint.id)

    assert not world.outbox.endpoints.get(endpoint.id).is_enabled
