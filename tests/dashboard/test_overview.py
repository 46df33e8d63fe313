"""The overview: clock, counts, chart, what is due and what failed."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.dashboard.charts import BAR_COUNT, chart
from tests.api.expect import LEAD
from tests.dashboard.conftest import GetPage
from tests.support import Api, Reply

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
CLOCK = "POST /_emulate/clock"


def test_an_empty_world_teaches_the_next_step(get_page: GetPage) -> None:
    text = get_page("/ws_demo").live("welcome")
    assert "curl -X PATCH http://localhost/v1/leads/lead_abc123/status" in text
    assert '-H "X-API-Key: YOUR_API_KEY"' in text
    assert "mock-sendpilot endpoints add" in text


def test_the_lesson_ends_with_the_first_request(api: Api, get_page: GetPage) -> None:
    api("GET", LEAD)
    assert get_page("/ws_demo").live("welcome") == ""


def test_counts_are_those_of_the_workspace(api: Api, get_page: GetPage) -> None:
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    text = get_page("/ws_demo").live("counts")
    assert "Leads61in 4 campaigns, 1 started" in text.replace(" Leads", "Leads")
    assert "Requests1to the vendor's API" in text
    assert "Events1for 0 endpoints" in text


@pytest.mark.parametrize("duration", ["5s", "1m", "1h", "1d"])
def test_a_button_advances_the_clock(
    api: Api, post_form: Callable[..., Reply], duration: str
) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    before = api("GET", "/_emulate/clock").json["now"]
    reply = post_form("/ws_demo/call", {"call": CLOCK, "body.advance": duration, "done": "Done."})
    assert reply.json["ok"]
    assert api("GET", "/_emulate/clock").json["now"] > before


def test_a_task_that_is_due_next_is_listed_and_reached_by_a_button(
    api: Api, get_page: GetPage, post_form: Callable[..., Reply]
) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/"})
    api("PATCH", f"{LEAD}/status", json={"status": "DONE"})
    page = get_page("/ws_demo")
    assert "lead.status.changed" in page.live("clock")
    (button,) = [one for one in page.all("form") if "what is due next" in "".join(one.text)]
    reply = post_form("/ws_demo/call", {"call": CLOCK, **button.fields})
    assert "1 task, 0 events, 0 attempts succeeded, 1 failed" in reply.json["message"]
    failures = get_page("/ws_demo").live("failures")
    assert "lead.status.changed to http://127.0.0.1:9/" in failures


def test_a_request_that_failed_is_listed(api: Api, get_page: GetPage) -> None:
    api("GET", "/v1/leads/lead_x")
    assert "GET /v1/leads/lead_x !404" in get_page("/ws_demo").live("failures")


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        pytest.param(timedelta(), timedelta(seconds=1), id="now"),
        pytest.param(timedelta(seconds=100), timedelta(seconds=5), id="minutes"),
        pytest.param(timedelta(days=1), timedelta(hours=1), id="a day"),
        pytest.param(timedelta(days=5000), timedelta(days=7), id="years"),
    ],
)
def test_a_chart_has_a_bar_for_a_round_span(age: timedelta, bucket: timedelta) -> None:
    found = chart([("Events", [NOW - age, NOW])], now=NOW)
    (row,) = found.rows
    assert (found.bucket, row.total) == (bucket, 2)
    assert all(0 <= bar.x < BAR_COUNT * 10 for bar in row.bars)
    assert row.bars[-1].count == (2 if not age else 1)


def test_a_chart_of_nothing_has_no_bar() -> None:
    assert [row.bars for row in chart([("Events", [])], now=NOW).rows] == [[]]
