"""Webhooks on the system clock: worker threads, and receivers that hang."""

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

import freezegun
import pytest
import time_machine

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.webhooks.deliveries import DeliveryFilter
from tests.support import SECRET, eventually
from tests.webhooks.conftest import World, seed_of_one_lead


@pytest.fixture
def second_receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def _worker_threads() -> set[threading.Thread]:
    """Return the worker threads of all emulators, perhaps also that of the session's fixture."""
    return {t for t in threading.enumerate() if t.name.startswith("mock-sendpilot-worker")}


def test_a_change_is_sent_by_itself(live_world: World, receiver: WebhookReceiver) -> None:
    live_world.add_endpoint(receiver.url)
    live_world.change("DONE")
    webhook = receiver.wait_for("lead.status.changed", lead_id="lead_1", new_status="DONE")
    assert webhook.is_signed_with(SECRET)


def test_no_thread_is_started_before_a_webhook_is_due(live_world: World) -> None:
    before = _worker_threads()
    live_world.change("DONE")
    assert _worker_threads() <= before


def test_a_hanging_endpoint_does_not_delay_another(
    live_world: World, receiver: WebhookReceiver, second_receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    live_world.add_endpoint(second_receiver.url)
    with receiver.hold_responses():
        for status in ("DONE", "PENDING", "DONE"):
            live_world.change(status)
        second_receiver.wait_for(count=3)
        receiver.wait_for(count=1)
        assert len(second_receiver.received) == 3
        assert len(receiver.received) == 1
    receiver.wait_for(count=3)
    assert len(receiver.received) == 3


def test_a_change_does_not_wait_for_a_receiver(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        live_world.change("DONE")
        receiver.wait_for(count=1)
        live_world.change("PENDING")
        assert live_world.workspace.store.lead("lead_1").status == "PENDING"
        assert live_world.outbox.log.pending_count == 2


def test_a_hundred_changes_arrive_in_order(live_world: World, receiver: WebhookReceiver) -> None:
    live_world.add_endpoint(receiver.url)
    expected = [f"S{number}" for number in range(100)]
    for status in expected:
        live_world.change(status)
    webhooks = receiver.wait_for(count=100, timeout=20)
    assert [webhook.json["data"]["newStatus"] for webhook in webhooks] == expected


def test_one_endpoint_needs_one_thread(live_world: World, receiver: WebhookReceiver) -> None:
    before = _worker_threads()
    live_world.add_endpoint(receiver.url)
    for number in range(50):
        live_world.change(f"S{number}")
    receiver.wait_for(count=50, timeout=20)
    assert len(_worker_threads() - before) <= 2


def test_twenty_hanging_endpoints_are_attempted_at_the_same_time(
    live_world: World, receiver: WebhookReceiver
) -> None:
    for number in range(20):
        live_world.add_endpoint(f"{receiver.url}/{number}")
    with receiver.hold_responses():
        live_world.change("DONE")
        receiver.wait_for(count=20, timeout=10)
        assert len(receiver.received) == 20


def test_a_failed_attempt_is_retried_on_the_system_clock(
    slow_emulator: Emulator, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slow_emulator.add_workspace(seed_of_one_lead())
    world = World(workspace, slow_emulator.outbox(workspace))
    ahead = [0.0]
    real = time.time
    monkeypatch.setattr(
        "mock_sendpilot.scheduling.clock.SystemClock._wall_seconds",
        staticmethod(lambda: real() + ahead[0]),
    )
    receiver.respond(500)
    world.add_endpoint(receiver.url)
    world.change("DONE")
    receiver.wait_for(count=1)
    eventually(lambda: world.deliveries()[0].attempts)
    ahead[0] = 4.9  # the wall clock is set forward: the retry is due in a tenth of a second
    world.change("PENDING")  # and the worker has a reason to look at it
    receiver.wait_for(count=3, timeout=10)
    assert len(receiver.received) == 3
    eventually(lambda: len(world.deliveries(state="succeeded")) == 2)


def test_freezegun_does_not_stall_the_worker(live_world: World, receiver: WebhookReceiver) -> None:
    live_world.add_endpoint(receiver.url)
    with freezegun.freeze_time("2001-02-03"):
        live_world.change("DONE")
        webhook = receiver.wait_for("lead.status.changed")
    assert webhook.json["timestamp"] > "2026"


@pytest.mark.parametrize("is_frozen", [False, True], ids=["real time", "frozen time"])
def test_a_worker_that_waits_for_a_retry_does_not_spin(
    live_world: World,
    receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_frozen: bool,
) -> None:
    receiver.respond(500)
    live_world.add_endpoint(receiver.url)
    live_world.change("DONE")
    eventually(lambda: live_world.deliveries()[0].attempts)
    asked: list[float] = []
    real = SystemClock._wall_seconds

    def counted() -> float:
        asked.append(real())
        return asked[-1]

    monkeypatch.setattr(SystemClock, "_wall_seconds", staticmethod(counted))
    with freezegun.freeze_time("2001-02-03") if is_frozen else nullcontext():
        assert not threading.Event().wait(0.3)
    assert len(asked) < 10


def test_time_machine_does_not_stall_the_worker(
    live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    with time_machine.travel("2001-02-03", tick=False):
        live_world.change("DONE")
        webhook = receiver.wait_for("lead.status.changed")
    assert webhook.json["timestamp"] > "2026"


def test_a_removed_workspace_sends_nothing_more(
    slow_emulator: Emulator, live_world: World, receiver: WebhookReceiver
) -> None:
    live_world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        live_world.change("DONE")
        live_world.change("PENDING")
        receiver.wait_for(count=1)
        slow_emulator.remove_workspace(live_world.workspace)
    live_world.change("OPPORTUNITY")
    eventually(lambda: live_world.outbox.log.select(DeliveryFilter(state="succeeded")))
    assert len(receiver.received) == 1


def test_closing_an_emulator_does_not_wait_for_a_hanging_receiver(
    receiver: WebhookReceiver,
) -> None:
    emulator = Emulator()
    workspace = emulator.add_workspace(seed_of_one_lead())
    world = World(workspace, emulator.outbox(workspace))
    world.add_endpoint(receiver.url)
    with receiver.hold_responses():
        world.change("DONE")
        receiver.wait_for(count=1)
        before = time.perf_counter()
        emulator.close(timeout_seconds=0.1)
        assert time.perf_counter() - before < 15  # the webhook has 30 s
