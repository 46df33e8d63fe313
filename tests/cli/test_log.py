"""The log of `start`: lines for people, or objects for programs, without secrets."""

import json
import logging
import re
import sys
from collections.abc import Callable

import pytest

from mock_sendpilot.cli.log import JsonFormatter, TextFormatter
from mock_sendpilot.emulator import Emulator
from tests.cli.test_start import Start, start
from tests.support import Api

__all__ = ["start"]
KEY = "sp_live_4f7c2a9e51d84b0c9a6e"
EVENT = {"eventType": "lead.status.changed", "leadId": "lead_abc123"}


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("x.y", logging.WARNING, __file__, 1, message, arguments, None)
    made.fields = fields
    return made


def test_a_line_of_json_has_date_level_and_logger() -> None:
    facts = json.loads(JsonFormatter().format(record("a %s", "b", status=200)))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", facts.pop("time"))
    assert facts == {"level": "warning", "logger": "x.y", "message": "a b", "status": 200}


def test_a_line_for_people_has_the_time_of_day() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d a b", TextFormatter().format(record("a b")))


@pytest.mark.parametrize("make", [TextFormatter, JsonFormatter])
def test_no_line_has_a_secret(make: Callable[[], logging.Formatter]) -> None:
    made = record('%s "?token=abcdef"', f"http://me:pw@h/ {KEY}", remark=f"no route /{KEY}")
    try:
        int(KEY)  # its error has the text
    except ValueError:
        made.exc_info = sys.exc_info()
    line = make().format(made)

    assert "Traceback" in line
    for secret in (KEY, "me:pw", "abcdef"):
        assert secret not in line


def test_half_a_character_breaks_no_line_of_json() -> None:
    facts = json.loads(JsonFormatter().format(record("a\udcff", remark="b\udcff")))

    assert (facts["message"], facts["remark"]) == ("a\\udcff", "b\\udcff")


def test_the_server_logs_objects_if_asked_to(start: Start) -> None:
    running = start("--log-format", "json")
    running.ask("GET", f"/v1/leads?apiKey={KEY}&limit=x")
    _, errors = running.end()
    request, *_, stopped = [json.loads(line) for line in errors.splitlines()]

    assert request["message"].startswith("GET /v1/leads?apiKey=…&limit=x 400 ")
    assert (request["method"], request["status"]) == ("GET", 400)
    assert request["target"] == "/v1/leads?apiKey=…&limit=x"
    assert "limit must" in request["remark"]
    assert isinstance(request["durationMs"], float)
    assert stopped["message"] == "stopped; deliveries still pending: 0"


@pytest.mark.parametrize(
    ("endpoints", "reason"),
    [
        pytest.param([], "no endpoint", id="none"),
        pytest.param([["message.sent"]], "no endpoint wants it", id="for other events"),
    ],
)
def test_an_event_that_goes_nowhere_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture, endpoints: list[list[str]], reason: str
) -> None:
    for events in endpoints:
        api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/", "events": events})
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.webhooks.outbox"):
        event = api("POST", "/_emulate/events", json=EVENT).json

    assert f"lead.status.changed: {reason} ({event['id']}, lead_abc123)" in caplog.messages


def test_an_event_that_is_delivered_is_not_called_so(
    emulator: Emulator, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.workspaces()[0].scheduler.freeze()
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/"})
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.webhooks.outbox"):
        api("POST", "/_emulate/events", json=EVENT)

    assert [message for message in caplog.messages if "no endpoint" in message] == []
