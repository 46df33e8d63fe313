"""Clocks: real while a test freezes time, and written as the vendor does."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone

import freezegun
import pytest
import time_machine

from mock_sendpilot.scheduling.clock import (
    ManualClock,
    SteadyClock,
    SystemClock,
    WorkspaceClock,
    epoch_milliseconds,
    iso_milliseconds,
    parse_moment,
)

LONG_AGO = datetime(2001, 2, 3, tzinfo=timezone.utc)


def test_the_system_clock_has_the_real_time_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is timezone.utc
    assert abs(now.timestamp() - time.time()) < 5


freezers = pytest.mark.parametrize(
    "freeze",
    [
        pytest.param(lambda: freezegun.freeze_time(LONG_AGO), id="freezegun"),
        pytest.param(lambda: time_machine.travel(LONG_AGO, tick=False), id="time-machine"),
    ],
)


@freezers
def test_frozen_time_does_not_stop_the_system_clock(
    freeze: Callable[[], AbstractContextManager[object]],
) -> None:
    with freeze():
        assert SystemClock().now().year > 2020


@freezers
def test_frozen_time_does_not_stop_the_counter_of_seconds(
    freeze: Callable[[], AbstractContextManager[object]],
) -> None:
    with freeze():
        before = SystemClock.running_seconds()
        assert any(SystemClock.running_seconds() > before for _ in range(100_000))


def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(LONG_AGO)
    clock.move_to(LONG_AGO + timedelta(hours=1))
    clock.move_to(LONG_AGO)
    assert clock.now() == LONG_AGO + timedelta(hours=1)


class FakeSystem:
    """A system clock that the test moves."""

    def __init__(self) -> None:
        self.time = LONG_AGO

    def now(self) -> datetime:
        return self.time


def test_a_workspace_clock_runs_with_the_system_clock() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    system.time += timedelta(hours=1)

    assert (clock.now(), clock.is_frozen) == (LONG_AGO + timedelta(hours=1), False)


def test_a_workspace_clock_can_start_at_another_time() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system, starts_at=LONG_AGO + timedelta(days=9))
    system.time += timedelta(hours=1)

    assert clock.now() == LONG_AGO + timedelta(days=9, hours=1)


def test_a_frozen_clock_resumes_from_the_time_it_showed() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    clock.freeze()
    system.time += timedelta(hours=1)
    frozen_at = clock.now()
    clock.resume()
    system.time += timedelta(hours=2)

    assert frozen_at == LONG_AGO
    assert clock.now() == LONG_AGO + timedelta(hours=2)


def test_a_running_clock_can_be_moved_and_runs_on() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    clock.move_to(LONG_AGO + timedelta(days=1))
    system.time += timedelta(hours=1)

    assert clock.now() == LONG_AGO + timedelta(days=1, hours=1)
    assert clock.system_time(clock.now()) == system.time


def test_a_clock_frozen_during_a_read_does_not_go_back() -> None:
    freezing: list[threading.Thread] = []

    class Interrupted(SystemClock):
        """A system clock that has another thread freeze the workspace clock during a read."""

        def now(self) -> datetime:
            if not freezing:
                freezing.append(threading.Thread(target=clock.freeze))
                freezing[0].start()
                freezing[0].join(0.2)  # it waits for the read
            return super().now()

    clock = WorkspaceClock(SystemClock())
    clock._system = Interrupted()
    before = clock.now()
    freezing[0].join(5)

    assert clock.is_frozen
    assert clock.now() >= before


def test_resuming_a_running_clock_changes_nothing() -> None:
    clock = WorkspaceClock(FakeSystem(), starts_at=LONG_AGO + timedelta(days=1))
    clock.resume()

    assert clock.now() == LONG_AGO + timedelta(days=1)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        pytest.param(LONG_AGO, "2001-02-03T00:00:00.000Z", id="whole"),
        pytest.param(
            LONG_AGO + timedelta(microseconds=1999),
            "2001-02-03T00:00:00.001Z",
            id="cut, not rounded",
        ),
        pytest.param(
            datetime(2001, 2, 3, 2, tzinfo=timezone(timedelta(hours=2))),
            "2001-02-03T00:00:00.000Z",
            id="another zone",
        ),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds_and_z(moment: datetime, text: str) -> None:
    assert iso_milliseconds(moment) == text


def test_an_epoch_is_in_whole_milliseconds() -> None:
    assert epoch_milliseconds(datetime(2026, 1, 1, tzinfo=timezone.utc)) == 1767225600000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-06-01T09:00:00Z", (9, 0), id="UTC"),
        pytest.param("2026-06-01T11:00:00.500+02:00", (9, 500_000), id="offset and milliseconds"),
        pytest.param("2026-06-01T09:00:00.000001Z", (9, 1), id="microseconds"),
    ],
)
def test_a_time_is_parsed(text: str, moment: tuple[int, int]) -> None:
    hour, microsecond = moment
    assert parse_moment(text) == datetime(2026, 6, 1, hour, 0, 0, microsecond, timezone.utc)


@pytest.mark.parametrize(
    "text",
    ["", "2026-06-01", "2026-06-01T09:00:00", "2026-06-01T09:00:00.5Z", "2026-W05-4T09:00:00Z",
     "2026-02-30T09:00:00Z", "0001-01-01T00:00:00+23:59", "20260601T090000Z"],
)  # fmt: skip
def test_a_text_that_not_every_python_parses_is_no_time(text: str) -> None:
    assert parse_moment(text) is None


def test_a_steady_clock_does_not_go_back_with_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(SteadyClock, "seconds", lambda _clock: seconds[0])
    clock = SteadyClock()
    seconds[0] = 1010.0
    before = clock.now()
    seconds[0] = 10.0
    assert clock.now() == before
    seconds[0] = 12.0
    assert clock.now() - before == timedelta(seconds=2)
