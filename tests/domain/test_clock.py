"""Time: real while a test of the user's freezes it, and in the vendor's spelling."""

import time
from datetime import datetime, timedelta, timezone

import freezegun
import pytest
import time_machine

from mock_sendpilot.domain.clock import (
    ManualClock,
    SystemClock,
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
