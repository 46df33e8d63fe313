"""Snapshots: a restored workspace goes on exactly as it would have gone on."""

import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput, NotFound, SendPilotError
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.signals import event_recorded
from mock_sendpilot.states.snapshots import MAX_SNAPSHOTS
from mock_sendpilot.traffic.wsgi_request import WsgiRequest
from mock_sendpilot.webhooks.deliveries import recorded_response
from mock_sendpilot.webhooks.http_sender import HttpSender, SendResult
from mock_sendpilot.webhooks.signing import SignedRequest
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.endpoint_settings import VIRTUAL, EndpointSettings
from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender, Step
from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed
from mock_sendpilot.world.workspace import Workspace
from tests.support import eventually

START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
URL = "https://www.linkedin.com/in/"


class FakeSender(HttpSender):
    """A sender whose results depend on the request alone; it keeps the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, bytes]] = []
        self.on_send: Callable[[SignedRequest], object] = lambda _: None

    def wall_time(self) -> datetime:
        return START

    def send(self, request: SignedRequest, **_: Any) -> SendResult:
        self.requests.append((repr(sorted(request.headers.items())), request.content))
        self.on_send(request)
        is_success = zlib.crc32(repr(self.requests[-1]).encode()) % 3
        response = recorded_response(200 if is_success else 500, {}, b"")
        return SendResult(
            sent_at=START,
            duration_seconds=0.0,
            headers=request.headers,
            response=response,
            error=None,
        )


@dataclass
class World:
    """A workspace with two endpoints, campaigns with sequences, and a sender that is no network."""

    sender: FakeSender = field(default_factory=FakeSender)

    def __post_init__(self) -> None:
        self.emulator = Emulator(random_seed="snapshots", contract=named_contract("live"))
        self.emulator._http_sender.close()
        self.emulator._http_sender = self.sender
        self.emulator.add_workspace(seed(), clock=ManualClock(START))

    @property
    def workspace(self) -> Workspace:
        return self.emulator.workspaces()[0]

    def outcome(self) -> list[object]:
        """Return all that can be seen of the workspace."""
        workspace, outbox = self.workspace, self.emulator.outbox(self.workspace)
        due = workspace.scheduler.next_due()
        return [
            workspace.clock.now(),
            due,
            workspace.scheduler.added_count,
            workspace.store.leads(),
            workspace.store.campaigns(),
            workspace.inbox.conversations(),
            workspace.credits.balance(),
            workspace.searches.all(),
            outbox.events.all(),
            outbox.log.all(),
            outbox.endpoints.all(),
            [(one.id, one.match_count, one.matches) for one in outbox.disruptions.all()],
            self.emulator.faults(workspace).all(),
            dict(outbox.counters.events),
            dict(outbox.counters.attempts),
            workspace.ids.state(),
        ]


def seed() -> WorkspaceSeed:
    sequence = (
        Step(kind="connect", after=timedelta(minutes=30), response_rate=0.7),
        Step(kind="message", after=timedelta(hours=1), text="Hi {{firstName}}", response_rate=0.5),
    )
    campaign = Campaign(
        id="camp_1",
        name="C",
        status="started",
        sender_ids=("sam",),
        created_at=START,
        updated_at=START,
        sequence=sequence,
    )
    leads = [
        Lead(
            id=f"lead_{number}",
            linkedin_url=f"{URL}person-{number}",
            status="PENDING",
            campaign_id="camp_1",
            sender_id="sam",
            created_at=START,
            updated_at=START,
        )
        for number in range(4)
    ]
    virtual = EndpointSettings(signature_clock=VIRTUAL)
    return WorkspaceSeed(
        id="ws_1",
        name="W",
        api_keys=(ApiKey(key="key"),),
        credits=Balance(subscription=100, monthly=100),
        senders=(Sender(id="sam", name="Sam", linkedin_url=f"{URL}sam", status="active"),),
        campaigns=(campaign,),
        leads=tuple(leads),
        endpoints=(
            EndpointSeed(url="http://127.0.0.1:9/a", settings=virtual),
            EndpointSeed(url="http://127.0.0.1:9/b", settings=virtual),
        ),
    )


# --- operations ---------------------------------------------------------------------------------


def _status(world: World, number: int) -> None:
    status = ("DONE", "PENDING", "MESSAGE_SENT", "CONNECTED")[number % 4]
    world.workspace.store.set_lead_status(f"lead_{number % 4}", status=status)


def _advance(world: World, number: int) -> None:
    world.workspace.advance(timedelta(minutes=(0, 1, 30, 240, 3000)[number % 5]))


def _campaign(world: World, number: int) -> None:
    action = ("pause", "resume")[number % 2]
    world.workspace.campaigns.change("camp_1", action, by="user")


def _simulate(world: World, number: int) -> None:
    action = ("connection_sent", "accept_connection", "message_sent", "reply")[number // 4 % 4]
    world.workspace.manual_actions.act(f"lead_{number % 4}", action)


def _search(world: World, number: int) -> None:
    world.workspace.searches.start(
        name="S", limit=number + 1, filters={}, webhook_url="http://127.0.0.1:9/job"
    )


def _resend(world: World, number: int) -> None:
    outbox = world.emulator.outbox(world.workspace)
    deliveries = outbox.log.all()
    if deliveries:
        outbox.resend(deliveries[number % len(deliveries)].id)


def _disrupt(world: World, number: int) -> None:
    disruptions = world.emulator.outbox(world.workspace).disruptions
    kind = ("duplicate", "reorder", "drop", "delay")[number % 4]
    disruptions.arm(kind, times=1 + number % 2)


def _chaos(world: World, number: int) -> None:
    disruptions = world.emulator.outbox(world.workspace).disruptions
    disruptions.arm_chaos(str(number), rate=0.5, kinds=("duplicate", "reorder", "delay"), times=5)


def _fault(world: World, number: int) -> None:
    world.emulator.faults(world.workspace).arm_chaos(str(number), rate=0.5, times=5)


def _request(world: World, number: int) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/v1/leads/{number}"}
    request = WsgiRequest(environ, lambda _: "leads.get")
    world.emulator.faults(world.workspace).match(request)


def _rotate(world: World, number: int) -> None:
    endpoints = world.emulator.outbox(world.workspace).endpoints
    endpoints.rotate(endpoints.all()[number % 2].id)


OPERATIONS = (
    _status,
    _advance,
    _campaign,
    _simulate,
    _search,
    _resend,
    _disrupt,
    _chaos,
    _fault,
    _request,
    _rotate,
)
operations = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 15)), max_size=12)
Plan = list[tuple[Callable[[World, int], None], int]]


def perform(world: World, plan: Plan) -> list[object]:
    """Do operations, and return what came of each, what was sent, and what is then to be seen."""
    world.sender.requests.clear()
    errors: list[str | None] = []
    for operation, number in plan:
        try:
            operation(world, number)
            errors.append(None)
        except SendPilotError as error:
            errors.append(str(error))
    # Attempts to different endpoints at the same moment run side by side, in any order.
    return [errors, sorted(world.sender.requests), *world.outcome()]


@settings(max_examples=60, deadline=None)
@given(before=operations, after=operations)
def test_a_restored_workspace_goes_on_bit_for_bit_the_same(before: Plan, after: Plan) -> None:
    world = World()
    try:
        perform(world, before)
        at_snapshot = world.outcome()
        snapshot = world.emulator.take_snapshot(world.workspace)
        assert world.outcome() == at_snapshot
        expected = perform(world, [*after, (_advance, 4)])

        for _ in range(2):  # a snapshot can be restored again
            world.emulator.restore(world.workspace, snapshot.state)
            assert world.outcome() == at_snapshot
            assert perform(world, [*after, (_advance, 4)]) == expected
    finally:
        world.emulator.close()


# --- in progress ----------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.emulator.close()


@dataclass
class HeldAttempt:
    """An attempt that is in flight until it is let go."""

    is_sent: threading.Event = field(default_factory=threading.Event)
    is_released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _: SignedRequest) -> None:
        self.is_sent.set()
        self.is_released.wait(5)


@pytest.fixture
def held(world: World) -> Iterator[HeldAttempt]:
    """The first attempt of an event, in flight on a running clock."""
    world.workspace.advance(timedelta(minutes=1))
    world.sender.requests.clear()
    attempt = HeldAttempt()
    world.sender.on_send = attempt
    world.workspace.scheduler.resume()
    world.workspace.store.set_lead_status("lead_1", status="DONE")
    assert attempt.is_sent.wait(5)
    yield attempt
    attempt.is_released.set()


def attempts(world: World) -> list[int]:
    log = world.emulator.outbox(world.workspace).log
    return [len(delivery.attempts) for delivery in log.all()]


def test_an_attempt_in_flight_at_a_snapshot_is_made_again_after_the_restore(
    world: World, held: HeldAttempt
) -> None:
    snapshot = world.emulator.take_snapshot(world.workspace)
    held.is_released.set()
    eventually(lambda: attempts(world) and all(attempts(world)))
    world.emulator.restore(world.workspace, snapshot.state)

    eventually(lambda: attempts(world) and all(count == 1 for count in attempts(world)))
    bodies = [content for _, content in world.sender.requests]
    assert len(bodies) == 2 * len(attempts(world))
    assert len(set(bodies)) == len(bodies) // 4  # to each of two endpoints, before and after


def test_an_attempt_in_flight_at_a_restore_is_recorded_nowhere(
    world: World, held: HeldAttempt
) -> None:
    world.sender.on_send = lambda _: None
    before = world.workspace
    after = world.emulator.reset(before)
    held.is_released.set()
    eventually(lambda: not before.scheduler.running())

    assert attempts(world) == []
    assert after.scheduler.running() == []


def test_an_advance_in_progress_ends_when_its_workspace_is_restored(world: World) -> None:
    snapshot = world.emulator.take_snapshot(world.workspace)
    world.workspace.store.set_lead_status("lead_1", status="DONE")
    attempt = HeldAttempt()
    world.sender.on_send = attempt
    workspace = world.workspace
    advance = threading.Thread(target=workspace.advance, args=(timedelta(days=1),))
    advance.start()
    assert attempt.is_sent.wait(5)
    world.sender.on_send = lambda _: None
    world.emulator.restore(workspace, snapshot.state)
    attempt.is_released.set()
    advance.join(5)

    assert not advance.is_alive()
    assert world.outcome()[0] == START


def test_nothing_is_lost_or_doubled_by_snapshots_of_a_busy_workspace(world: World) -> None:
    emulator = world.emulator
    world.workspace.scheduler.resume()
    is_over = threading.Event()

    def make_changes() -> None:
        for number in range(300):
            _status(world, number)
        is_over.set()

    busy = threading.Thread(target=make_changes)
    busy.start()
    states = []
    while not is_over.is_set():
        states.append(emulator.state(world.workspace))
    busy.join()

    for state in states[:: max(1, len(states) // 10)]:
        emulator.restore(world.workspace, state)
        world.workspace.scheduler.freeze()
        world.workspace.advance(timedelta(days=3))
        outbox = emulator.outbox(world.workspace)
        events = outbox.events.all()
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        numbers = [
            [attempt.number for attempt in delivery.attempts] for delivery in outbox.log.all()
        ]
        assert all(found == list(range(1, len(found) + 1)) and found for found in numbers)
        assert all(delivery.state != "pending" for delivery in outbox.log.all())
        assert len(outbox.log.all()) == 2 * len(events)


def test_a_receiver_of_a_signal_cannot_take_a_snapshot_of_its_own_event(world: World) -> None:
    refusals = []

    def take(workspace: Workspace, **_: object) -> None:
        with pytest.raises(InvalidInput, match="by the caller itself"):
            world.emulator.take_snapshot(workspace)
        refusals.append(workspace)

    with event_recorded.connected_to(take, sender=world.workspace):
        world.workspace.store.set_lead_status("lead_1", status="DONE")

    assert refusals


def test_events_of_the_workspace_before_reach_nobody(world: World) -> None:
    before = world.workspace
    world.emulator.restore(before, world.emulator.state(before))
    before.store.set_lead_status("lead_1", status="DONE")

    assert world.emulator.outbox(world.workspace).events.all() == []


# --- keeping them ---------------------------------------------------------------------------------


def test_snapshots_survive_a_reset_and_a_restore(world: World) -> None:
    first = world.emulator.take_snapshot(world.workspace, name="first")
    world.emulator.reset(world.workspace)
    world.emulator.restore(world.workspace, first.state)
    second = world.emulator.take_snapshot(world.workspace)

    assert world.emulator.snapshots(world.workspace).all() == [first, second]


def test_a_removed_snapshot_is_unknown(world: World) -> None:
    snapshots = world.emulator.snapshots(world.workspace)
    taken = world.emulator.take_snapshot(world.workspace)
    snapshots.remove(taken.id)

    with pytest.raises(NotFound, match=f"has no snapshot '{taken.id}'"):
        snapshots.get(taken.id)


def test_a_workspace_has_only_so_many_snapshots(world: World) -> None:
    for _ in range(MAX_SNAPSHOTS):
        world.emulator.take_snapshot(world.workspace)

    with pytest.raises(InvalidInput, match="remove some"):
        world.emulator.take_snapshot(world.workspace)
