"""Time: real while a test of the user's freezes it, and in the vendor's spelling."""

import time
from datetime import datetime, timedelta, timezone

import freezegun
import pytest
import time_machine

from mock_sendpilot.domain.clock import (
    ManualClock,
    SystemClock,
    WorkspaceClock,
    epoch_milliseconds,
    iso_milliseconds,
)

LONG_AGO = datetime(2001, 2, 3, tzinfo=timezone.utc)


def test_the_system_clock_tells_wall_time_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is timezone.utc
    assert abs(now.timestamp() - time.time()) < 5


def test_freezegun_does_not_stop_the_system_clock() -> None:
    with freezegun.freeze_time(LONG_AGO):
        assert SystemClock().now().year > 2020


def test_time_machine_does_not_move_the_system_clock() -> None:
    with time_machine.travel(LONG_AGO, tick=False):
        assert SystemClock().now().year > 2020


def _passes() -> bool:
    before = SystemClock.running_seconds()
    return any(SystemClock.running_seconds() > before for _ in range(100_000))


def test_freezegun_does_not_stop_the_counter_of_real_seconds() -> None:
    with freezegun.freeze_time(LONG_AGO):
        assert _passes()


def test_time_machine_does_not_stop_the_counter_of_real_seconds() -> None:
    with time_machine.travel(LONG_AGO, tick=False):
        assert _passes()


def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(LONG_AGO)
    clock.move_to(LONG_AGO + timedelta(hours=1))
    clock.move_to(LONG_AGO)
    assert clock.now() == LONG_AGO + timedelta(hours=1)


class FakeSystem:
    """A system clock that the test moves."""

    def __init__(self) -> None:
        self.shows = LONG_AGO

    def now(self) -> datetime:
        return self.shows


def test_a_clock_runs_with_the_systems() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    system.shows += timedelta(hours=1)

    assert (clock.now(), clock.is_frozen) == (LONG_AGO + timedelta(hours=1), False)


def test_a_clock_can_start_at_another_time_and_runs_from_there() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system, starts_at=LONG_AGO + timedelta(days=9))
    system.shows += timedelta(hours=1)

    assert clock.now() == LONG_AGO + timedelta(days=9, hours=1)


def test_a_frozen_clock_stands_still_and_resumes_from_where_it_stood() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    clock.freeze()
    system.shows += timedelta(hours=1)
    stood_at = clock.now()
    clock.resume()
    system.shows += timedelta(hours=2)

    assert stood_at == LONG_AGO
    assert clock.now() == LONG_AGO + timedelta(hours=2)


def test_a_clock_that_runs_can_be_moved_and_runs_on() -> None:
    system = FakeSystem()
    clock = WorkspaceClock(system)
    clock.move_to(LONG_AGO + timedelta(days=1))
    system.shows += timedelta(hours=1)

    assert clock.now() == LONG_AGO + timedelta(days=1, hours=1)
    assert clock.system_time(clock.now()) == system.shows


def test_resuming_a_clock_that_runs_changes_nothing() -> None:
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
