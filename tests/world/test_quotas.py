"""Daily quotas of senders."""

from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.errors import LimitExceeded
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.limits import CONNECTIONS, LIKES, MESSAGES, QUOTA_KINDS, Quotas
from mock_sendpilot.world.models import DailyLimits, Sender

MORNING = datetime(2026, 1, 1, 9, 30, tzinfo=timezone.utc)
MIDNIGHT = datetime(2026, 1, 2, tzinfo=timezone.utc)


def a_sender(sender_id: str = "sender_1", **limits: int) -> Sender:
    return Sender(
        id=sender_id,
        name="Sales Rep",
        linkedin_url="https://www.linkedin.com/in/rep",
        status="active",
        daily_limits=DailyLimits(**limits),
    )


def test_the_kinds_are_connections_messages_and_likes() -> None:
    assert QUOTA_KINDS == ("connections", "messages", "likes")


@pytest.mark.parametrize(("kind", "limit"), [(CONNECTIONS, 25), (MESSAGES, 100), (LIKES, 50)])
def test_a_sender_begins_the_day_with_all_of_it(kind: str, limit: int) -> None:
    quota = Quotas(ManualClock(MORNING)).quota(a_sender(), kind)

    assert (quota.limit, quota.used, quota.remaining) == (limit, 0, limit)


def test_what_is_used_is_counted() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(), CONNECTIONS)
    quotas.use(a_sender(), CONNECTIONS)
    quota = quotas.quota(a_sender(), CONNECTIONS)

    assert (quota.limit, quota.used, quota.remaining) == (25, 2, 23)


def test_one_kind_does_not_count_for_another() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(), CONNECTIONS)

    assert quotas.quota(a_sender(), MESSAGES).used == 0


def test_one_sender_does_not_count_for_another() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(), CONNECTIONS)

    assert quotas.quota(a_sender("sender_2"), CONNECTIONS).used == 0


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(CONNECTIONS, "Daily connection limit exceeded", id="connections"),
        pytest.param(MESSAGES, "Daily message limit exceeded", id="messages"),
    ],
)
def test_beyond_the_limit_it_says_what_the_vendor_says(kind: str, message: str) -> None:
    quotas = Quotas(ManualClock(MORNING))
    sender = a_sender(connections=1, messages=1)
    quotas.use(sender, kind)

    with pytest.raises(LimitExceeded) as refused:
        quotas.use(sender, kind)

    assert refused.value.message == message
    assert refused.value.hint == f"sender 'sender_1' has a daily limit of 1 {kind}"


def test_a_refusal_is_not_counted() -> None:
    quotas = Quotas(ManualClock(MORNING))
    sender = a_sender(messages=1)
    quotas.use(sender, MESSAGES)
    with pytest.raises(LimitExceeded):
        quotas.use(sender, MESSAGES)

    assert quotas.quota(sender, MESSAGES).used == 1


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    with pytest.raises(LimitExceeded):
        Quotas(ManualClock(MORNING)).use(a_sender(messages=0), MESSAGES)


@pytest.mark.parametrize(
    ("before_midnight", "retry_after"),
    [
        pytest.param(timedelta(hours=24), 86_400, id="at midnight"),
        pytest.param(timedelta(hours=1), 3_600, id="an hour before"),
        pytest.param(timedelta(seconds=90.5), 91, id="half a second is told as a whole one"),
        pytest.param(timedelta(milliseconds=1), 1, id="a millisecond before"),
    ],
)
def test_a_refusal_tells_how_long_it_is_until_midnight(
    before_midnight: timedelta, retry_after: int
) -> None:
    quotas = Quotas(ManualClock(MIDNIGHT - before_midnight))

    with pytest.raises(LimitExceeded) as refused:
        quotas.use(a_sender(messages=0), MESSAGES)

    assert refused.value.retry_after_seconds == retry_after


@pytest.mark.parametrize(
    ("now", "resets_at"),
    [
        pytest.param(MORNING, MIDNIGHT, id="in the morning"),
        pytest.param(MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, id="just before midnight"),
        pytest.param(MIDNIGHT, MIDNIGHT + timedelta(days=1), id="at midnight"),
        pytest.param(
            datetime(2026, 12, 31, 12, tzinfo=timezone.utc),
            datetime(2027, 1, 1, tzinfo=timezone.utc),
            id="on the last day of a year",
        ),
    ],
)
def test_a_quota_tells_the_next_midnight_in_utc(now: datetime, resets_at: datetime) -> None:
    assert Quotas(ManualClock(now)).quota(a_sender(), LIKES).resets_at == resets_at


def test_at_midnight_nothing_is_used() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    quotas.use(a_sender(messages=1), MESSAGES)
    clock.move_to(MIDNIGHT)

    assert quotas.quota(a_sender(messages=1), MESSAGES).used == 0


def test_just_before_midnight_all_is_still_used() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    quotas.use(a_sender(messages=1), MESSAGES)
    clock.move_to(MIDNIGHT - timedelta(microseconds=1))

    assert quotas.quota(a_sender(messages=1), MESSAGES).remaining == 0


def test_the_next_day_takes_as_much_again() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    sender = a_sender(messages=1)
    quotas.use(sender, MESSAGES)
    clock.move_to(MIDNIGHT)
    quotas.use(sender, MESSAGES)

    with pytest.raises(LimitExceeded):
        quotas.use(sender, MESSAGES)


def test_a_limit_that_was_lowered_leaves_nothing_rather_than_less() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(messages=5), MESSAGES)
    quotas.use(a_sender(messages=5), MESSAGES)

    assert quotas.quota(a_sender(messages=1), MESSAGES).remaining == 0
