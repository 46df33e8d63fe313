"""Faults: armed, matched to requests, consumed, and asked about afterwards."""

import itertools
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.scheduling.clock import Clock, ManualClock
from mock_sendpilot.traffic import faults as module
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.faults import Faults, Hit
from mock_sendpilot.world.ids import Ids
from tests.conftest import NOW

BROKEN, SLOW = Effect(status=500), Effect(latency_seconds=1)


@dataclass(frozen=True)
class Request:
    method: str = "GET"
    path: str = "/v1/leads"
    operation: str | None = "leads.list"
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None

    def summary(self) -> str:
        return f"{self.method} {self.path}"


class NumberedIds(Ids):
    def __init__(self) -> None:
        super().__init__("")
        self._numbers = itertools.count(1)

    def prefixed(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers)}"


def made(clock: Clock | None = None) -> Faults:
    return Faults(ids=NumberedIds(), clock=clock or ManualClock(NOW))


def hits(faults: Faults, count: int, request: Request | None = None) -> list[Effect | None]:
    found: list[Hit | None] = [faults.match(request or Request()) for _ in range(count)]
    return [None if one is None else one.effect for one in found]


def test_a_fault_hits_the_next_request_and_is_consumed() -> None:
    faults = made()
    fault = faults.arm(BROKEN)
    assert fault.state == "armed"
    assert hits(faults, 2) == [BROKEN, None]
    assert faults.get(fault.id).state == "consumed"
    assert not faults.is_armed


def test_a_fault_knows_the_requests_that_it_has_hit() -> None:
    faults = made()
    fault = faults.arm(BROKEN, times=2)
    hits(faults, 2)
    after = faults.get(fault.id)
    assert after.match_count == 2
    assert [(one.at, one.method, one.path, one.operation) for one in after.matches] == [
        (NOW, "GET", "/v1/leads", "leads.list")
    ] * 2
    assert repr(after) == ("<Fault fault_1 (status=500 for any request): consumed, 2 of 2>")


def test_a_fault_without_times_hits_all_requests() -> None:
    faults = made()
    faults.arm(BROKEN, times=None)
    assert hits(faults, 5) == [BROKEN] * 5
    assert faults.unconsumed() == []


def test_a_fault_hits_only_requests_that_match() -> None:
    faults = made()
    faults.arm(BROKEN, pattern=RequestPattern(operation="leads.get"))
    assert hits(faults, 1) == [None]
    assert [one.id for one in faults.unconsumed()] == ["fault_1"]
    assert hits(faults, 1, Request(operation="leads.get")) == [BROKEN]
    assert faults.unconsumed() == []


def test_the_oldest_fault_that_matches_hits_first() -> None:
    faults = made()
    faults.arm(BROKEN)
    faults.arm(SLOW)
    assert hits(faults, 3) == [BROKEN, SLOW, None]


def test_a_fault_of_all_requests_leaves_room_for_one_with_times() -> None:
    faults = made()
    faults.arm(SLOW, times=None)
    faults.arm(BROKEN)
    assert hits(faults, 3) == [BROKEN, SLOW, SLOW]


def test_the_newest_of_the_faults_of_all_requests_hits() -> None:
    faults = made()
    faults.arm(SLOW, times=None)
    inner = faults.arm(BROKEN, times=None)
    assert hits(faults, 1) == [BROKEN]
    faults.remove(inner.id)
    assert hits(faults, 1) == [SLOW]


def test_a_fault_is_forgotten_with_its_draws() -> None:
    faults = made()
    fault = faults.arm(BROKEN, probability=0.5)
    faults.arm(SLOW, probability=0.5)
    hits(faults, 3)
    faults.remove(fault.id)
    assert {fault_id for fault_id, _ in faults.state().draw_counts} == {"fault_2"}
    faults.remove_all()
    assert faults.state().draw_counts == {}


def test_a_fault_hits_requests_between_its_times() -> None:
    clock, minute = ManualClock(NOW), timedelta(minutes=1)
    faults = made(clock)
    faults.arm(BROKEN, times=None, starts_at=NOW + minute, ends_at=NOW + 2 * minute)
    found = []
    for moment in (NOW, NOW + minute, NOW + 2 * minute):
        clock.move_to(moment)
        found += hits(faults, 1)
    assert found == [None, BROKEN, None]


def test_a_probability_hits_a_share_and_the_same_one_with_the_same_seed() -> None:
    runs = []
    for _ in range(2):
        faults = made()
        faults.arm(BROKEN, times=None, probability=0.3, random_seed="one")
        runs.append(hits(faults, 200))
    assert runs[0] == runs[1]
    assert 30 < sum(one is not None for one in runs[0]) < 90


def test_chaos_draws_the_same_effects_with_the_same_seed() -> None:
    runs = []
    for seed in ("one", "one", "two"):
        faults = made()
        faults.arm_chaos(seed, rate=0.5)
        runs.append(hits(faults, 100))
    assert runs[0] == runs[1] != runs[2]
    assert len({str(one) for one in runs[0]}) > 5


def test_ids_in_a_path_do_not_change_the_chance() -> None:
    runs = []
    for path in ("/v1/leads/a", "/v1/leads/b"):
        faults = made()
        faults.arm_chaos("one", rate=0.5)
        runs.append(hits(faults, 50, Request(path=path, operation="leads.get")))
    assert runs[0] == runs[1]


def test_a_fault_is_removed() -> None:
    faults = made()
    faults.remove(faults.arm(BROKEN).id)
    faults.arm(SLOW)
    faults.remove_all()
    assert faults.all() == []
    assert not faults.is_armed
    with pytest.raises(NotFound):
        faults.remove("fault_1")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param({"times": 0}, "times: expected a whole number from 1", id="no times"),
        pytest.param({"times": True}, "times: expected", id="true"),
        pytest.param(
            {"probability": 1.5}, "probability: expected a number from 0 to 1", id="share"
        ),
        pytest.param({"starts_at": NOW, "ends_at": NOW}, "until: expected a time after", id="time"),
    ],
)
def test_an_impossible_fault_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        made().arm(BROKEN, **options)


def test_consumed_faults_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_FAULTS", 2)
    faults = made()
    faults.arm(BROKEN)
    hits(faults, 1)
    faults.arm(BROKEN)
    faults.arm(SLOW)
    assert [one.id for one in faults.all()] == ["fault_2", "fault_3"]
    with pytest.raises(InvalidInput, match="remove some"):
        faults.arm(SLOW)


@pytest.fixture(scope="module")
def busy_interpreter() -> Iterator[None]:
    """Switch threads so often that a lock that is missing is noticed."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("busy_interpreter")
@given(times=st.lists(st.integers(1, 20), min_size=1, max_size=5), requests_each=st.integers(1, 12))
@settings(deadline=None, max_examples=25)
def test_faults_are_consumed_exactly_as_armed_by_16_threads(
    times: list[int], requests_each: int
) -> None:
    faults = made()
    armed = [faults.arm(BROKEN, times=count) for count in times]
    barrier, found = threading.Barrier(16), list[Hit]()

    def send() -> None:
        barrier.wait()
        found.extend(
            hit for _ in range(requests_each) if (hit := faults.match(Request())) is not None
        )

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected, rest = [], 16 * requests_each
    for count in times:  # the oldest is consumed first
        expected.append(min(count, rest))
        rest -= expected[-1]
    counts = [sum(hit.fault_id == fault.id for hit in found) for fault in armed]
    assert counts == expected == [fault.match_count for fault in faults.all()]
    assert [fault.state == "consumed" for fault in faults.all()] == [
        hit == count for hit, count in zip(expected, times, strict=True)
    ]
