"""Deliveries by worker threads: whatever fails, no event is lost and the order holds."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import eventually
from tests.webhooks.conftest import World, seed_of_one_lead
from tests.webhooks.delivery_model import Arrival, NotingReceiver
from tests.webhooks.gathering_receiver import GatheringReceiver

AT_ONCE = EndpointSettings(retry_delays_seconds=(0, 0, 0.01, 0.01, 0.02))
MAX_ATTEMPTS = 6
CONCURRENCY = 4
SIDE_BY_SIDE = EndpointSettings(
    retry_delays_seconds=(0, 0.01, 0.05, 0.05, 0.05), concurrency=CONCURRENCY
)

statuses = st.sampled_from([200, 204, 404, 500, 503])
answers = st.lists(
    st.tuples(statuses, st.integers(min_value=1, max_value=9)).map(lambda run: [run[0]] * run[1]),
    max_size=6,
).map(lambda runs: [status for run in runs for status in run])
"""Statuses in runs, so that some deliveries fail until they are exhausted; then 200s."""


@contextmanager
def running_world(lead_count: int) -> Iterator[World]:
    """Yield a workspace with a number of leads, on a running clock."""
    seed = seed_of_one_lead()
    (lead,) = seed.leads
    leads = [
        replace(lead, id=f"lead_{number}", linkedin_url=f"{lead.linkedin_url}-{number}")
        for number in range(lead_count)
    ]
    emulator = Emulator(random_seed="tests")
    try:
        workspace = emulator.add_workspace(replace(seed, leads=tuple(leads)))
        yield World(workspace, emulator.outbox(workspace))
    finally:
        emulator.close()


def change_all_at_once(world: World, counts: list[int]) -> None:
    """Change each lead a number of times, in threads that start together."""
    start = threading.Barrier(len(counts))

    def change(number: int) -> None:
        start.wait(5)
        for step in range(counts[number]):
            world.workspace.store.set_lead_status(f"lead_{number}", status=f"S{number}.{step}")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def by_event(arrivals: list[Arrival]) -> dict[str, list[Arrival]]:
    """Return the attempts of each event, ordered by the first one."""
    found = defaultdict(list)
    for arrival in arrivals:
        found[arrival.event_id].append(arrival)
    return dict(found)


def assert_each_has_an_end(attempts: dict[str, list[Arrival]]) -> None:
    """Check that only the last attempt succeeded, or that the whole schedule failed."""
    for arrivals in attempts.values():
        *earlier, last = arrivals
        assert not any(one.is_success for one in earlier)
        assert last.is_success or len(arrivals) == MAX_ATTEMPTS
        assert len(arrivals) <= MAX_ATTEMPTS
        assert len({one.new_status for one in arrivals}) == 1
        assert len({one.headers["svix-id"] for one in arrivals}) == 1


def assert_each_change_has_one_event(attempts: dict[str, list[Arrival]], counts: list[int]) -> None:
    changes = [arrivals[0].new_status for arrivals in attempts.values()]
    wanted = [f"S{number}.{step}" for number, count in enumerate(counts) for step in range(count)]
    assert sorted(changes) == sorted(wanted)
    messages = {arrivals[0].headers["svix-id"] for arrivals in attempts.values()}
    assert len(messages) == len(attempts)


@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(min_value=1, max_value=8), min_size=2, max_size=4),
    answers_of_each=st.lists(answers, min_size=1, max_size=2),
)
def test_changes_of_several_threads_arrive_in_order_and_none_is_lost(
    counts: list[int], answers_of_each: list[list[int]]
) -> None:
    logs: list[list[Arrival]] = [[] for _ in answers_of_each]
    with running_world(len(counts)) as world:
        receivers = [NotingReceiver(log, now=world.workspace.clock.now) for log in logs]
        one, *other = receivers
        with one, other[0] if other else nullcontext():
            for receiver, statuses in zip(receivers, answers_of_each, strict=True):
                world.add_endpoint(receiver.url, settings=AT_ONCE)
                for status in statuses:
                    receiver.respond(status)
            change_all_at_once(world, counts)
            eventually(lambda: world.outbox.log.pending_count == 0, timeout=20)
        in_order = [event.event_id for event in world.outbox.events.all()]
    for log in logs:
        attempts = by_event(log)
        assert list(attempts) == in_order  # by sequence number
        assert_each_change_has_one_event(attempts, counts)
        assert_each_has_an_end(attempts)
        for number, count in enumerate(counts):  # by the content of the bodies
            of_lead = [arrivals[0].new_status for arrivals in attempts.values()]
            mine = [status for status in of_lead if status.startswith(f"S{number}.")]
            assert mine == [f"S{number}.{step}" for step in range(count)]


@settings(deadline=None, max_examples=30)
@given(
    counts=st.lists(st.integers(min_value=1, max_value=4), min_size=2, max_size=6),
    statuses=answers,
)
def test_exactly_four_deliveries_run_at_one_time_while_there_are_so_many(
    counts: list[int], statuses: list[int]
) -> None:
    """The receiver responds once four requests have arrived, or all that are left."""
    with running_world(len(counts)) as world:
        receiver = GatheringReceiver(
            statuses,
            event_count=sum(counts),
            max_concurrency=CONCURRENCY,
            max_attempts=MAX_ATTEMPTS,
        )
        with receiver:
            world.add_endpoint(receiver.url, settings=SIDE_BY_SIDE)
            change_all_at_once(world, counts)
            eventually(lambda: world.outbox.log.pending_count == 0, timeout=30)
    assert receiver.max_running == min(CONCURRENCY, sum(counts))
    assert receiver.timeout_count == 0
    attempts = by_event(receiver.arrivals)
    assert_each_change_has_one_event(attempts, counts)
    assert_each_has_an_end(attempts)
