"""The log of `start`: lines for people, or objects for programs, without secrets."""

import json
import logging
import re
import sys
from collections.abc import Callable

import pytest

from mock_sendpilot.cli.log import JsonFormatter, TextFormatter
from mock_sendpilot.emulator import Emulator
from tests.support import Api

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


def test_a_line_of_text_has_the_time_of_day() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d a b", TextFormatter().format(record("a b")))


@pytest.mark.parametrize("make", [TextFormatter, JsonFormatter])
def test_a_line_has_no_secret(make: Callable[[], logging.Formatter]) -> None:
    made = record('%s "?token=abcdef"', f"http://me:pw@h/ {KEY}", remark=f"no route /{KEY}")
    try:
        int(KEY)  # its error has the text
    except ValueError:
        made.exc_info = sys.exc_info()
    line = make().format(made)

    assert "Traceback" in line
    for secret in (KEY, "me:pw", "abcdef"):
        assert secret not in line


def test_a_lone_surrogate_does_not_break_a_line_of_json() -> None:
    facts = json.loads(JsonFormatter().format(record("a\udcff", remark="b\udcff")))

    assert (facts["message"], facts["remark"]) == ("a\\udcff", "b\\udcff")


@pytest.mark.parametrize(
    ("endpoints", "reason"),
    [
        pytest.param([], "no endpoint", id="none"),
        pytest.param([["message.sent"]], "no endpoint wants it", id="for other events"),
    ],
)
def test_an_event_without_an_endpoint_is_logged_as_such(
    api: Api, caplog: pytest.LogCaptureFixture, endpoints: list[list[str]], reason: str
) -> None:
    for events in endpoints:
        api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/", "events": events})
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.webhooks.outbox"):
        event = api("POST", "/_emulate/events", json=EVENT).json

    assert f"lead.status.changed: {reason} ({event['id']}, lead_abc123)" in caplog.messages


def test_a_delivered_event_is_not_logged_as_without_an_endpoint(
    emulator: Emulator, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.workspaces()[0].scheduler.freeze()
    api("POST", "/_emulate/endpoints", json={"url": "http://127.0.0.1:9/"})
    with caplog.at_level(logging.INFO, logger="mock_sendpilot.webhooks.outbox"):
        api("POST", "/_emulate/events", json=EVENT)

    assert [message for message in caplog.messages if "no endpoint" in message] == []
