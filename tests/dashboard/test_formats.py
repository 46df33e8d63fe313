"""Formats: colors of JSON, places for line breaks, and durations."""

import pytest

from mock_sendpilot.dashboard.formats import MAX_COLORED, breakable, colored, duration, sentence


def test_json_has_its_keys_and_values_in_elements() -> None:
    text = '{\n  "a<b": "c\\" <d>",\n  "n": -1.5e3,\n  "t": true\n}'
    assert colored(text) == (
        '{\n  <span class="key">&#34;a&lt;b&#34;</span>: '
        '<span class="text">&#34;c\\&#34; &lt;d&gt;&#34;</span>,\n'
        '  <span class="key">&#34;n&#34;</span>: <span class="value">-1.5e3</span>,\n'
        '  <span class="key">&#34;t&#34;</span>: <span class="value">true</span>\n}'
    )


@pytest.mark.parametrize("text", ["plain <b>", '{"a": "' + "x" * MAX_COLORED + '"}'])
def test_other_text_and_long_json_has_no_elements(text: str) -> None:
    assert "<" not in colored(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lead_database.search.completed", "lead_database.<wbr>search.<wbr>completed"),
        ("http://127.0.0.1:9/a/<b>", "http://127.0.0.1:9/<wbr>a/<wbr>&lt;b&gt;"),
        ("/v1/leads?a=b", "/v1/<wbr>leads?<wbr>a=<wbr>b"),
    ],
)
def test_a_name_may_break_after_its_separators(text: str, expected: str) -> None:
    assert breakable(text) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5.001, "5 s"), (5.24, "5.2 s"), (0.002, "2 ms"), (93_600, "1 d 2 h")]
)
def test_a_duration_has_its_two_largest_units(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_sentence_begins_with_a_capital_letter() -> None:
    assert sentence("the `status` of a lead") == "The status of a lead"
    assert sentence("https://a.example is connected") == "https://a.example is connected"
