"""The rate limit of an API key: how it is written, and how a window counts."""

from datetime import timedelta

import pytest

from mock_sendpilot.errors import InvalidInput, LimitExceeded
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.limits import RATE_LIMIT_FORMAT, RateLimiter, parse_rate_limit
from mock_sendpilot.world.models import RateLimit
from tests.conftest import NOW


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
def test_a_rate_limit_is_read(text: str, requests: int, window_seconds: int) -> None:
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
def test_a_text_that_tells_no_rate_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_rate_limit(text)

    assert refused.value.problems == (f"must be {RATE_LIMIT_FORMAT}; it was {text!r}",)


def test_a_window_takes_as_many_requests_as_the_limit_says() -> None:
    counted = limiter(ManualClock(NOW), requests=2)
    counted.count()
    counted.count()

    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    assert refused.value.message == "Rate limit exceeded"
    assert refused.value.hint == "this key may make 2 requests in 60 s"


@pytest.mark.parametrize(
    ("passed", "retry_after"),
    [
        pytest.param(0, 60, id="at once"),
        pytest.param(1, 59, id="a second later"),
        pytest.param(10.5, 50, id="half a second is told as a whole one"),
        pytest.param(59, 1, id="a second before the end"),
        pytest.param(59.999, 1, id="a millisecond before the end"),
    ],
)
def test_a_refusal_tells_when_the_window_ends(passed: float, retry_after: int) -> None:
    clock = ManualClock(NOW)
    counted = limiter(clock, requests=1)
    counted.count()
    pass_seconds(clock, passed)

    with pytest.raises(LimitExceeded) as refused:
        counted.count()

    assert refused.value.retry_after_seconds == retry_after


def test_who_waits_as_long_as_told_is_let_through() -> None:
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


def test_a_new_window_takes_as_many_again() -> None:
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
