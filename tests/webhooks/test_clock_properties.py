"""Deliveries by real threads while the clock runs, is frozen, advanced and resumed.

The requests of receivers, the log and the changes must agree, whatever happens in any order.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import AdvanceTimedOut, InvalidInput
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.webhooks.conftest import World, seed_of_one_lead
from tests.webhooks.delivery_model import CANCELLED, EXHAUSTED, SUCCEEDED
from tests.webhooks.scripted_receiver import HANG, RESET, ScriptedReceiver

RETRY_DELAYS_SECONDS = (0.0, 0.02, 45.0)
MAX_SCHEDULED = 1 + len(RETRY_DELAYS_SECONDS)
SETTINGS = EndpointSettings(retry_delays_seconds=RETRY_DELAYS_SECONDS, timeout_seconds=0.1)
MAX_ENDPOINTS = 3
THREADS = 3
LONGER_THAN_ALL_RETRIES = timedelta(minutes=5)
ROUNDING = timedelta(milliseconds=1)
REFUSALS = ("is being advanced already", "cannot be advanced while something runs")
"""The reasons to refuse an advance, by `Scheduler.advance`."""

any_one = st.integers(min_value=0, max_value=5)
any_step = st.sampled_from([0, 0.02, 1, 45, 300])
any_limit = st.sampled_from([0, 0.05, 0.3, 10])
turns = st.lists(st.sampled_from(["freeze", "resume", "change"]), max_size=4)


@dataclass
class Known:
    """An endpoint, and the changes that must be delivered to it."""

    id: str
    path: str
    is_there: bool = True
    is_enabled: bool = True
    was_ended: bool = False
    wanted: set[str] = field(default_factory=set)

    @property
    def is_on(self) -> bool:
        return self.is_there and self.is_enabled


class DeliveriesOnAnyClock(RuleBasedStateMachine):
    """Act on a workspace on the system's clock, with its threads and a receiver."""

    def __init__(self) -> None:
        super().__init__()
        self.emulator = Emulator(random_seed="tests")
        seed = seed_of_one_lead()
        (lead,) = seed.leads
        leads = [
            replace(lead, id=f"lead_{number}", linkedin_url=f"{lead.linkedin_url}-{number}")
            for number in range(THREADS)
        ]
        workspace = self.emulator.add_workspace(replace(seed, leads=tuple(leads)))
        self.world = World(workspace, self.emulator.outbox(workspace))
        self.scheduler = workspace.scheduler
        self.receiver = ScriptedReceiver(workspace.clock.now)
        self.endpoints: list[Known] = []
        self.change_counts = [0] * THREADS
        self.latest = workspace.clock.now()
        self.is_sound = True

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self._run_to_the_end()
                self._settle_accounts()
        finally:
            self.emulator.close()
            self.receiver.close()

    @initialize(count=st.integers(min_value=1, max_value=MAX_ENDPOINTS), is_frozen=st.booleans())
    def begin(self, count: int, is_frozen: bool) -> None:
        for _ in range(count):
            self.add_endpoint()
        if is_frozen:
            self.freeze()

    # --- actions -----------------------------------------------------------------------------

    @rule(counts=st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=THREADS))
    def change(self, counts: list[int]) -> None:
        """Change leads in threads at the same time, each thread its own lead."""
        start = threading.Barrier(len(counts))

        def work(lead: int, count: int) -> None:
            start.wait(5)
            for _ in range(count):
                self._change(lead)

        with ThreadPoolExecutor(len(counts), thread_name_prefix="changes") as pool:
            for done in [pool.submit(work, *one) for one in enumerate(counts)]:
                done.result(30)

    @rule(mood=st.sampled_from([500, 503, HANG, RESET]), times=st.integers(1, 20))
    def be_moody(self, mood: int | str, times: int) -> None:
        """Let requests fail, often enough to exhaust deliveries; but hang only briefly."""
        self.receiver.moods.extend([mood] * (min(times, 3) if mood == HANG else times))

    @rule()
    def freeze(self) -> None:
        self.scheduler.freeze()

    @rule()
    def resume(self) -> None:
        self.scheduler.resume()

    @rule(seconds=any_step, limit=any_limit)
    def advance(self, seconds: float, limit: float) -> None:
        with self._judging():
            self._advance(seconds, limit)

    @rule(seconds=any_step, limits=st.lists(any_limit, min_size=1, max_size=2), turns=turns)
    def act_while_advancing(self, seconds: float, limits: list[float], turns: list[str]) -> None:
        """Advance the clock in one or two threads while this one freezes, resumes and changes."""
        acts: dict[str, Callable[[], None]] = {
            "freeze": self.scheduler.freeze,
            "resume": self.scheduler.resume,
            "change": lambda: self._change(0),
        }
        with self._judging(), ThreadPoolExecutor(2, thread_name_prefix="advances") as pool:
            advances = [pool.submit(self._advance, seconds, limit) for limit in limits]
            for turn in turns:
                acts[turn]()
            for one in advances:
                one.result(60)
            if turns and turns[-1] != "change":
                assert self.scheduler.clock.is_frozen == (turns[-1] == "freeze")

    @precondition(lambda self: sum(one.is_there for one in self.endpoints) < MAX_ENDPOINTS)
    @rule()
    def add_endpoint(self) -> None:
        path = f"/{len(self.endpoints)}"
        added = self.world.add_endpoint(f"{self.receiver.origin}{path}", settings=SETTINGS)
        self.endpoints.append(Known(added.id, path))

    @rule(which=any_one, is_enabled=st.booleans())
    def enable(self, which: int, is_enabled: bool) -> None:
        endpoint = self._endpoint(which)
        if endpoint.is_there:
            self.world.outbox.update_endpoint(endpoint.id, {"is_enabled": is_enabled})
            endpoint.is_enabled = is_enabled
            endpoint.was_ended |= not is_enabled

    @rule(which=any_one)
    def delete_endpoint(self, which: int) -> None:
        endpoint = self._endpoint(which)
        if endpoint.is_there:
            self.world.outbox.remove_endpoint(endpoint.id)
            endpoint.is_there = False
            endpoint.was_ended = True

    # --- invariants --------------------------------------------------------------------------

    @invariant()
    def the_clock_never_goes_back(self) -> None:
        now = self.world.workspace.clock.now()
        assert now >= self.latest
        self.latest = now

    @invariant()
    def nothing_runs_while_the_clock_is_frozen(self) -> None:
        if self.scheduler.is_stopped:
            now, count = self.world.workspace.clock.now(), len(self.receiver.arrivals)
            self.scheduler.wait_until_idle(timeout_seconds=10)
            assert self.scheduler.running() == []
            assert self.world.workspace.clock.now() == now
            assert len(self.receiver.arrivals) - count <= len(
                self.endpoints
            )  # those that were running

    def _settle_accounts(self) -> None:
        events = self.world.outbox.events.all()
        self._each_change_has_one_event(events)
        times = [arrival.at for arrival in self.receiver.arrivals]
        assert times == sorted(times)
        for endpoint in self.endpoints:
            deliveries = [
                (event, one)
                for event in events
                for one in event.deliveries
                if one.endpoint_id == endpoint.id
            ]
            assert {event.data["newStatus"] for event, _ in deliveries} == endpoint.wanted
            assert len(deliveries) == len(endpoint.wanted)
            for _, delivery in deliveries:
                _has_an_explained_end(delivery, endpoint)
            self._saw_what_the_log_says(endpoint, [one for _, one in deliveries])

    def _each_change_has_one_event(self, events: list[SentWebhook]) -> None:
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        for one, other in pairwise(events):
            assert other.occurred_at - one.occurred_at >= ROUNDING
        by_lead = defaultdict(list)
        for event in events:
            by_lead[event.lead_id].append(event.data["newStatus"])
        assert {lead: made for lead, made in by_lead.items() if made} == {
            f"lead_{lead}": [f"S{lead}.{number}" for number in range(1, count + 1)]
            for lead, count in enumerate(self.change_counts)
            if count
        }

    def _saw_what_the_log_says(self, endpoint: Known, deliveries: list[Delivery]) -> None:
        """Check that requests are the attempts of the log, first ones in the order of events."""
        arrived = [one.event_id for one in self.receiver.arrivals if one.path == endpoint.path]
        attempts = Counter({one.event_id: len(one.attempts) for one in deliveries if one.attempts})
        assert Counter(arrived) == attempts
        sequences = {one.event_id: one.sequence for one in deliveries}
        firsts = [sequences[event_id] for event_id in dict.fromkeys(arrived)]
        assert firsts == sorted(firsts)

    # --- steps -------------------------------------------------------------------------------

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Skip the checks at the end if something fails here: the first failure says enough."""
        self.is_sound = False
        yield
        self.is_sound = True

    def _change(self, lead: int) -> None:
        """Give a lead a new status; the change counts once it has returned."""
        self.change_counts[lead] += 1
        status = f"S{lead}.{self.change_counts[lead]}"
        for endpoint in self.endpoints:
            if endpoint.is_on:
                endpoint.wanted.add(status)
        self.world.workspace.store.set_lead_status(f"lead_{lead}", status=status)

    def _advance(self, seconds: float, limit: float) -> None:
        """Advance the clock: it reaches the target, or raises a documented error."""
        before = self.world.workspace.clock.now()
        failure: AdvanceTimedOut | InvalidInput | None = None
        try:
            self.scheduler.advance(timedelta(seconds=seconds), timeout_seconds=limit)
        except (AdvanceTimedOut, InvalidInput) as error:
            failure = error
        if isinstance(failure, AdvanceTimedOut):
            assert failure.left_count > 0
        elif failure is not None:
            assert any(reason in str(failure) for reason in REFUSALS)
        else:
            assert self.world.workspace.clock.now() >= before + timedelta(seconds=seconds)

    def _run_to_the_end(self) -> None:
        self.receiver.moods.clear()
        self.scheduler.resume()
        assert self.scheduler.wait_until_idle(timeout_seconds=20)
        for _ in RETRY_DELAYS_SECONDS:
            self.scheduler.advance(LONGER_THAN_ALL_RETRIES, timeout_seconds=20)
        assert self.scheduler.wait_until_idle(timeout_seconds=20)
        assert self.scheduler.next_due() is None

    def _endpoint(self, which: int) -> Known:
        """Return an endpoint, newest first; also a deleted one."""
        return self.endpoints[-1 - which % len(self.endpoints)]


def _has_an_explained_end(delivery: Delivery, endpoint: Known) -> None:
    outcomes = [attempt.is_success for attempt in delivery.attempts]
    if delivery.state == CANCELLED:
        assert endpoint.was_ended
        assert not any(outcomes)
    elif delivery.state == EXHAUSTED:
        assert outcomes == [False] * MAX_SCHEDULED
    else:
        assert delivery.state == SUCCEEDED
        assert outcomes == [False] * (len(outcomes) - 1) + [True]
    assert len(outcomes) <= MAX_SCHEDULED
    assert [one.number for one in delivery.attempts] == list(range(1, len(outcomes) + 1))
    _kept_to_the_schedule(delivery.attempts)


def _kept_to_the_schedule(attempts: tuple[Attempt, ...]) -> None:
    delays = (timedelta(seconds=seconds) for seconds in RETRY_DELAYS_SECONDS)
    for (one, other), delay in zip(pairwise(attempts), delays, strict=False):
        assert other.started_at - one.started_at >= delay


def test_no_event_is_lost_or_duplicated_while_threads_change_leads_and_the_clock() -> None:
    run_state_machine_as_test(
        DeliveriesOnAnyClock,
        settings=settings(deadline=None, max_examples=60, stateful_step_count=15),
    )
