"""Growth: what is counted in what a probe shows, and how often."""

from decimal import Decimal

import pytest

from mock_sendpilot.receiver_check.growth import growth, multiples
from mock_sendpilot.scheduling.clock import SystemClock

NOW = SystemClock().now().timestamp()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(1, 3, {"": 2}, id="number"),
        pytest.param(1.5, 2.0, {"": 0.5}, id="number with a point"),
        pytest.param(Decimal("1.50"), Decimal(2), {"": 0.5}, id="decimal"),
        pytest.param(250_000_000, 250_000_001, {"": 1}, id="large number"),
        pytest.param(100, 98, {"": -2}, id="number that falls"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, {".a.b": 1}, id="nested number"),
        pytest.param({"a": 1}, {"a": 1, "b": 1}, {" length": 1}, id="key"),
        pytest.param([1], [1, 1], {" length": 1}, id="list"),
        pytest.param({1}, {1, 2}, {" length": 1}, id="set"),
        pytest.param({"a": [[]]}, {"a": [[0]]}, {".a[0] length": 1}, id="list in a list"),
        pytest.param([{"a": 1}], [{"a": 2}], {}, id="number in a row"),
        pytest.param([[]], [[1], []], {" length": 1}, id="list in a row that has moved"),
        pytest.param(["1 a"], ["2 a"], {}, id="text in a row"),
        pytest.param("a\n1", "a\n1\n2", {" lines": 1}, id="lines"),
        pytest.param("2\n1", "3\n2\n1", {" lines": 1}, id="numbers in lines that have moved"),
        pytest.param("2 events.", "3 events.", {" 0": 1}, id="number in a text"),
        pytest.param("I have 2.", "I have 3.", {" 0": 1}, id="number at the end of a text"),
        pytest.param({"a": "1.5 EUR"}, {"a": "2.0 EUR"}, {".a 0": 0.5}, id="decimal in a text"),
        pytest.param("evt_1", "evt_2", {}, id="a text with an id"),
        pytest.param("12:00:01", "12:00:02", {}, id="a text with a time"),
        pytest.param("127.0.0.1", "127.0.0.2", {}, id="a text with an address"),
        pytest.param(["evt_1"], ["evt_2"], {}, id="ids"),
        pytest.param({"lastId": 1}, {"lastId": 3}, {}, id="number named as an id"),
        pytest.param({"last_id": 1}, {"last_id": 3}, {}, id="another one"),
        pytest.param({"paid": 1}, {"paid": 2}, {".paid": 1}, id="no id by its name"),
        pytest.param({"at": int(NOW)}, {"at": int(NOW) + 1}, {}, id="time, seconds"),
        pytest.param({"at": NOW * 1e3}, {"at": NOW * 1e3 + 1}, {}, id="time, milliseconds"),
        pytest.param(True, False, {}, id="yes and no"),
        pytest.param(float("nan"), 1.0, {}, id="no number"),
        pytest.param(10**400, 10**400 + 1, {}, id="too large a number"),
        pytest.param(None, 1, {}, id="nothing before"),
        pytest.param([1], {"a": 1, "b": 2}, {" length": 1}, id="another form"),
        pytest.param(7, 7, {}, id="the same"),
    ],
)
def test_growth_is_of_numbers_and_lengths(
    before: object, after: object, expected: dict[str, float]
) -> None:
    assert growth(before, after) == expected


@pytest.mark.parametrize(
    ("one", "more", "expected"),
    [
        pytest.param({"a": 1}, {"a": 1}, {"a": 1}, id="one"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="two"),
        pytest.param({"a": 0.1}, {"a": 0.1 + 0.2 - 0.1}, {"a": 2}, id="two, with a point"),
        pytest.param({"a": -1}, {"a": -2}, {"a": 2}, id="two that fall"),
        pytest.param({"a": 1, "b": 3}, {"a": 1, "b": 6}, {"a": 1, "b": 2}, id="both"),
        pytest.param({"a": 2}, {"a": 3}, {}, id="no multiple"),
        pytest.param({"a": 1}, {"a": 99}, {}, id="too many"),
        pytest.param({"a": 1}, {"b": 1}, {}, id="something else"),
        pytest.param({}, {"a": 1}, {}, id="nothing"),
    ],
)
def test_multiples_of_one_effect_are_counted(
    one: dict[str, float], more: dict[str, float], expected: dict[str, int]
) -> None:
    assert multiples(one, more) == expected
