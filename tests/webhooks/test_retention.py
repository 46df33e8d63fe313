"""Deliveries and events that a workspace keeps: bounded, in order and always readable."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import ANY_EVENT
from mock_sendpilot.scheduling.clock import SteadyClock, SystemClock
from mock_sendpilot.signals import deliveries_queued
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import SUCCEEDED, DeliveryFilter, recorded_response
from mock_sendpilot.webhooks.payloads import payload
from mock_sendpilot.webhooks.triggers import TriggerRequest, trigger_event
from tests.support import eventually, occupied_bytes
from tests.webhooks.conftest import World, seed_of_one_lead
from tests.webhooks.disruption_checks import arm, statuses

DAY = 24 * 3600


def test_only_the_beginning_of_an_altered_body_is_kept(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "huge_body", bytes=2_000_000, attempts=6)
    receiver.respond(500, times=6)
    world.change("A")
    world.advance(DAY)

    (delivery,) = world.deliveries()
    assert [one.sent_bytes for one in delivery.attempts] == [2_000_000] * 6
    assert delivery.recorded_bytes < 200_000


def test_the_body_of_an_event_occupies_its_length_alone(world: World) -> None:
    world.change("A")
    (event,) = world.outbox.events.state()
    assert event.event is not None
    recorded, contract = event.event, world.workspace.contract

    def bodies() -> list[bytes]:
        return [payload(recorded, event.sent.event_type, contract).body for _ in range(50)]

    assert occupied_bytes(bodies) < 1.5 * sum(map(len, bodies()))


def test_only_the_beginning_of_a_response_is_kept() -> None:
    headers = {f"x-{number}": "y" * 1000 for number in range(60)}
    response = recorded_response(200, headers, b"z" * 30_000)

    assert len(response.headers) == 50
    assert set(map(len, response.headers.values())) == {500}
    assert (len(response.body), response.is_truncated) == (20_000, True)


def test_events_are_kept_in_the_order_in_which_they_happened(
    world: World, receiver: WebhookReceiver
) -> None:
    """The order is not that of the latest changes of their deliveries."""
    world.add_endpoint(receiver.url)
    receiver.respond(500)
    world.change("A")
    world.advance(1)
    world.change("B")
    world.advance(10)

    (found,) = world.outbox.events.wait_for(ANY_EVENT, timeout_seconds=0)
    assert found.data["newStatus"] == "A"


def test_a_log_handler_can_read_the_deliveries(world: World, receiver: WebhookReceiver) -> None:
    counts: list[int] = []

    class Looking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record
            counts.append(len(world.outbox.log.select(DeliveryFilter())))

    handler, logger = Looking(), logging.getLogger("mock_sendpilot.webhooks.runner")
    world.add_endpoint(receiver.url)
    receiver.respond(500, times=6)
    world.change("A")
    logger.addHandler(handler)
    try:
        advance = threading.Thread(target=world.advance, args=(DAY,), daemon=True)
        advance.start()
        advance.join(10)
        assert not advance.is_alive()
    finally:
        logger.removeHandler(handler)
    assert set(counts) == {1}


def test_an_override_that_is_not_json_is_refused_and_the_log_stays_readable(world: World) -> None:
    wanted = TriggerRequest(
        event_type="lead.status.changed", lead_id="lead_1", overrides={"newStatus": object()}
    )
    with pytest.raises(
        InvalidInput, match=r"overrides\.newStatus: expected a value that JSON can hold"
    ):
        trigger_event(world.workspace, world.outbox, wanted)
    world.change("A")

    assert len(world.outbox.events.all()) == 1


def test_both_events_of_a_job_go_to_its_own_url(world: World, receiver: WebhookReceiver) -> None:
    start = world.workspace.searches.start
    job_id = start(name="S", limit=3, filters={}, webhook_url=receiver.url).id
    world.workspace.searches.complete(job_id)
    request = TriggerRequest(event_type="lead_database.search.completed", job_id=job_id)
    trigger_event(world.workspace, world.outbox, request)
    world.advance(DAY)

    assert [one.state for one in world.deliveries()] == [SUCCEEDED, SUCCEEDED]
    assert world.outbox.job_endpoints.ids() == []


def test_no_endpoint_is_kept_for_a_job_whose_webhook_failed(
    world: World, receiver: WebhookReceiver
) -> None:
    receiver.respond(500, times=6)
    world.workspace.searches.start(name="S", limit=1, filters={}, webhook_url=receiver.url)
    world.advance(DAY)

    assert len(receiver.received) == 6
    assert world.outbox._runner._health._failing_since == {}


def test_a_workspace_is_not_idle_before_the_webhook_of_a_change_has_arrived(
    live_world: World, receiver: WebhookReceiver
) -> None:
    """That holds also if another thread is publishing and the change has to wait."""
    live_world.add_endpoint(receiver.url)
    is_publishing, may_go_on = threading.Event(), threading.Event()

    def slow(_workspace: object, **_facts: object) -> None:
        is_publishing.set()
        may_go_on.wait(10)

    deliveries_queued.connect(slow, sender=live_world.workspace)
    threads = [threading.Thread(target=live_world.change, args=(status,)) for status in "AB"]
    threads[0].start()
    assert is_publishing.wait(5)
    threads[1].start()
    assert not threading.Event().wait(0.05)
    assert threads[1].is_alive()
    may_go_on.set()
    for thread in threads:
        thread.join(10)

    assert live_world.workspace.scheduler.wait_until_idle(timeout_seconds=10)
    assert statuses(receiver) == ["A", "B"]


class _SetBack(SteadyClock):
    """A clock of a machine that can be set back."""

    def __init__(self) -> None:
        self.by = timedelta()
        super().__init__()

    def seconds(self) -> float:
        return super().seconds() - self.by.total_seconds()


@pytest.fixture
def machine(slow_emulator: Emulator) -> _SetBack:
    clock = _SetBack()
    slow_emulator._system_clock = clock
    slow_emulator._workers._clock = clock
    return clock


def test_events_stay_in_order_when_the_machines_clock_is_set_back(
    slow_emulator: Emulator, machine: _SetBack, receiver: WebhookReceiver
) -> None:
    workspace = slow_emulator.add_workspace(seed_of_one_lead())
    world = World(workspace, slow_emulator.outbox(workspace))
    world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        world.change("A")
        receiver.wait_for(count=1)
        world.change("B")
        machine.by = timedelta(hours=1)
        world.change("C")
    receiver.wait_for(count=3, timeout=5)

    assert statuses(receiver) == ["A", "B", "C"]


@pytest.fixture
def waiting(slow_emulator: Emulator) -> Iterator[threading.Thread]:
    workspace = slow_emulator.add_workspace(seed_of_one_lead())
    log = slow_emulator.outbox(workspace).events
    thread = threading.Thread(
        target=log.wait_for, args=(ANY_EVENT,), kwargs={"timeout_seconds": 30}
    )
    thread.start()
    yield thread
    thread.join(10)


def test_waits_end_when_the_emulator_closes(
    slow_emulator: Emulator, waiting: threading.Thread
) -> None:
    slow_emulator.close()
    eventually(lambda: not waiting.is_alive())


@pytest.mark.parametrize("kind", ["a queue that is taken", "a slow body"])
def test_a_running_attempt_does_not_delay_the_close(
    slow_emulator: Emulator, live_world: World, receiver: WebhookReceiver, kind: str
) -> None:
    is_forwarded = kind == "a queue that is taken"
    endpoint = live_world.add_endpoint(receiver.url, is_forwarded=is_forwarded)
    if not is_forwarded:
        arm(live_world, "slow_body", seconds=20)
    live_world.change("A")
    if is_forwarded:
        assert live_world.outbox.forwarding.of(endpoint.id).take(timeout_seconds=5)
    else:
        eventually(live_world.workspace.scheduler.running)
    began = SystemClock.running_seconds()
    slow_emulator.close(timeout_seconds=10)

    assert SystemClock.running_seconds() - began < 5
