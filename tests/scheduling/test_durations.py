"""Durations as people write them."""

from datetime import timedelta

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import DURATION_FORMAT, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90s", 90, id="seconds"),
        pytest.param("30m", 1_800, id="minutes"),
        pytest.param("2h", 7_200, id="hours"),
        pytest.param("2d", 172_800, id="days"),
        pytest.param("1w", 604_800, id="weeks"),
        pytest.param("1h30m", 5_400, id="two units"),
        pytest.param("1w2d3h4m5s", 788_645, id="all units"),
        pytest.param("30m1h", 5_400, id="the smaller unit first"),
        pytest.param("1h1h", 7_200, id="one unit twice"),
        pytest.param("0s", 0, id="nothing"),
        pytest.param("007s", 7, id="zeros in front"),
        pytest.param("1.5h", 5_400, id="a fraction"),
        pytest.param("0.25s", 0.25, id="less than a second"),
        pytest.param("0.000001s", 0.000001, id="a microsecond"),
        pytest.param("999999999s", 999_999_999, id="nine digits"),
    ],
)
def test_a_duration_is_parsed(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("90", id="no unit"),
        pytest.param("s", id="no number"),
        pytest.param("1h30", id="a number without a unit at the end"),
        pytest.param("1y", id="an unknown unit"),
        pytest.param("90S", id="upper case"),
        pytest.param("1ms", id="milliseconds"),
        pytest.param("1h 30m", id="a blank within"),
        pytest.param(" 1h", id="a blank before"),
        pytest.param("1h\n", id="a line feed after"),
        pytest.param("-1h", id="negative"),
        pytest.param("+1h", id="a plus"),
        pytest.param(".5h", id="no digit before the point"),
        pytest.param("1.h", id="no digit after the point"),
        pytest.param("0.0000001s", id="too fine"),
        pytest.param("1e3s", id="an exponent"),
        pytest.param("1,5h", id="a comma"),
        pytest.param("1000000000s", id="ten digits"),
        pytest.param("PT1H", id="ISO 8601"),
        pytest.param("1_0s", id="an underscore"),
    ],
)
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_duration(text)

    assert refused.value.problems == (f"expected {DURATION_FORMAT}, got {text!r}",)


@pytest.mark.parametrize("text", ["36526d", "999999999w", "999999999d999999999d"])
def test_a_duration_of_more_than_a_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_duration(text)

    says = f"expected {DURATION_FORMAT}, at most 100 years, got {text!r}"
    assert refused.value.problems == (says,)


def test_a_refusal_shows_no_more_than_sixty_characters() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_duration("x" * 1_000)

    assert refused.value.message == f"expected {DURATION_FORMAT}, got {'x' * 60!r}"
