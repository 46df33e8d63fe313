"""Limits: the daily quotas of senders, and the rate limits of API keys."""

from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.errors import InvalidInput, LimitExceeded
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.limits import (
    CONNECTIONS,
    LIKES,
    MESSAGES,
    QUOTA_KINDS,
    RATE_LIMIT_FORMAT,
    Quotas,
    RateLimiter,
    parse_rate_limit,
)
from mock_sendpilot.world.models import DailyLimits, RateLimit, Sender
from tests.conftest import NOW

# --- quotas -----------------------------------------------------------------------------------


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


def test_the_quotas_are_of_connections_messages_and_likes() -> None:
    assert QUOTA_KINDS == ("connections", "messages", "likes")


@pytest.mark.parametrize(("kind", "limit"), [(CONNECTIONS, 25), (MESSAGES, 100), (LIKES, 50)])
def test_a_sender_begins_the_day_with_full_quotas(kind: str, limit: int) -> None:
    quota = Quotas(ManualClock(MORNING)).quota(a_sender(), kind)

    assert (quota.limit, quota.used, quota.remaining) == (limit, 0, limit)


def test_each_use_is_counted() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(), CONNECTIONS)
    quotas.use(a_sender(), CONNECTIONS)
    quota = quotas.quota(a_sender(), CONNECTIONS)

    assert (quota.limit, quota.used, quota.remaining) == (25, 2, 23)


def test_one_kind_of_action_does_not_count_for_another() -> None:
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
def test_a_refusal_has_the_vendors_message(kind: str, message: str) -> None:
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


def test_a_limit_of_zero_refuses_everything() -> None:
    with pytest.raises(LimitExceeded):
        Quotas(ManualClock(MORNING)).use(a_sender(messages=0), MESSAGES)


@pytest.mark.parametrize(
    ("before_midnight", "retry_after"),
    [
        pytest.param(timedelta(hours=24), 86_400, id="at midnight"),
        pytest.param(timedelta(hours=1), 3_600, id="an hour before"),
        pytest.param(timedelta(seconds=90.5), 91, id="half a second is rounded up"),
        pytest.param(timedelta(milliseconds=1), 1, id="a millisecond before"),
    ],
)
def test_a_refusal_has_the_seconds_until_midnight(
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
def test_a_quota_resets_at_midnight_utc(now: datetime, resets_at: datetime) -> None:
    assert Quotas(ManualClock(now)).quota(a_sender(), LIKES).resets_at == resets_at


def test_a_quota_is_full_at_midnight() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    quotas.use(a_sender(messages=1), MESSAGES)
    clock.move_to(MIDNIGHT)

    assert quotas.quota(a_sender(messages=1), MESSAGES).used == 0


def test_a_quota_stays_used_until_midnight() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    quotas.use(a_sender(messages=1), MESSAGES)
    clock.move_to(MIDNIGHT - timedelta(microseconds=1))

    assert quotas.quota(a_sender(messages=1), MESSAGES).remaining == 0


def test_the_next_day_has_the_same_limit() -> None:
    clock = ManualClock(MORNING)
    quotas = Quotas(clock)
    sender = a_sender(messages=1)
    quotas.use(sender, MESSAGES)
    clock.move_to(MIDNIGHT)
    quotas.use(sender, MESSAGES)

    with pytest.raises(LimitExceeded):
        quotas.use(sender, MESSAGES)


def test_a_lowered_limit_leaves_zero_and_not_less() -> None:
    quotas = Quotas(ManualClock(MORNING))
    quotas.use(a_sender(messages=5), MESSAGES)
    quotas.use(a_sender(messages=5), MESSAGES)

    assert quotas.quota(a_sender(messages=1), MESSAGES).remaining == 0


# --- rate limits ------------------------------------------------------------------------------


def limiter(clock: ManualClock, requests: int = 2, window_seconds: int = 60) -> RateLimiter:
    return RateLimiter(clock, RateLimit(requests=requests, window_seconds=window_seconds))


def pass_seconds(clock: ManualClock, seconds: float) -> None:
    clock.move_to(clock.now() + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "requests", "window_seconds"),
    [
        pytest.param("60/min", 60, 60, id="a minute"),
        pytest.param("60/m", 60, 60, id="a minute in one letter"),
        pytest.param("5/s", 5, 1, id="a second"),
        pytest.param("5/sec", 5, 1, id="a second in three letters"),
        pytest.param("100/10min", 100, 600, id="ten minutes"),
        pytest.param("1000/h", 1_000, 3_600, id="an hour"),
        pytest.param("1000/2hour", 1_000, 7_200, id="two hours"),
        pytest.param("1/day", 1, 86_400, id="a day"),
        pytest.param("1/30d", 1, 2_592_000, id="thirty days"),
        pytest.param("999999999/99999s", 999_999_999, 99_999, id="the most"),
    ],
)
def test_a_rate_limit_is_parsed(text: str, requests: int, window_seconds: int) -> None:
    limit = RateLimit(requests=requests, window_seconds=window_seconds)

    assert parse_rate_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("60", id="no window"),
        pytest.param("60/", id="an empty window"),
        pytest.param("/min", id="no number"),
        pytest.param("0/min", id="no requests"),
        pytest.param("060/min", id="a zero in front"),
        pytest.param("-1/min", id="negative"),
        pytest.param("1.5/s", id="a fraction of a request"),
        pytest.param("1/1.5s", id="a fraction of a window"),
        pytest.param("60/0min", id="a window of nothing"),
        pytest.param("60/week", id="an unknown unit"),
        pytest.param("60/MIN", id="upper case"),
        pytest.param("60 / min", id="blanks"),
        pytest.param("60/min\n", id="a line feed after"),
        pytest.param("60 per minute", id="words"),
        pytest.param("1000000000/s", id="too many digits"),
        pytest.param("1/100000s", id="too long a window"),
    ],
)
def test_a_text_that_is_no_rate_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_rate_limit(text)

    assert refused.value.problems == (f"expected {RATE_LIMIT_FORMAT}, got {text!r}",)


def test_a_window_accepts_as_many_requests_as_the_limit() -> None:
    counted = limiter(ManualClock(NOW), requests=2)
    counted.count()
    counted.count()

    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    assert refused.value.message == "Rate limit exceeded"
    assert refused.value.hint == "this key may make 2 requests in 60 s"


@pytest.mark.parametrize(
    ("elapsed", "retry_after"),
    [
        pytest.param(0, 60, id="at once"),
        pytest.param(1, 59, id="a second later"),
        pytest.param(10.5, 50, id="half a second is rounded up"),
        pytest.param(59, 1, id="a second before the end"),
        pytest.param(59.999, 1, id="a millisecond before the end"),
    ],
)
def test_a_refusal_has_the_seconds_until_the_window_ends(elapsed: float, retry_after: int) -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=1)
    counted.count()
    pass_seconds(clock, elapsed)

    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    assert refused.value.retry_after_seconds == retry_after


def test_a_request_after_that_time_is_accepted() -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=1)
    counted.count()
    pass_seconds(clock, 0.25)
    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    pass_seconds(clock, refused.value.retry_after_seconds)

    counted.count()


def test_refused_requests_do_not_lengthen_the_window() -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=1)
    counted.count()
    pass_seconds(clock, 59)
    with pytest.raises(LimitExceeded):
        counted.count()

    pass_seconds(clock, 1)

    counted.count()


def test_a_new_window_accepts_as_many_again() -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=2)
    counted.count()
    counted.count()
    pass_seconds(clock, 60)
    counted.count()
    counted.count()

    with pytest.raises(LimitExceeded):
        counted.count()


def test_a_window_begins_with_its_first_request() -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=1)
    pass_seconds(clock, 45)
    counted.count()
    pass_seconds(clock, 30)

    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    assert refused.value.retry_after_seconds == 30


def test_two_limiters_do_not_know_each_other() -> None:
    clock = ManualClock(NOW)
    one, other = limiter(clock, requests=1), limiter(clock, requests=1)
    one.count()

    other.count()


def test_a_clock_that_was_set_back_begins_a_new_window() -> None:
    clock = ManualClock(NOW)
    counting = limiter(clock, requests=1)
    counting.count()
    clock.start_at(NOW - timedelta(days=400))
    counting.count()

    with pytest.raises(LimitExceeded) as refused:
        counting.count()
    assert refused.value.retry_after_seconds == 60
