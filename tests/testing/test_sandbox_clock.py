"""`sendpilot.clock`: the clock of a test's workspace."""

from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from typing import Any

import freezegun
import pytest
import requests
import time_machine

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox

LONG_AGO = datetime(2001, 2, 3, tzinfo=timezone.utc)


def close_a_lead(sendpilot: Sandbox) -> str:
    lead = sendpilot.add_lead()
    url = f"{sendpilot.base_url}/leads/{lead.id}/status"
    body = {"status": "DONE"}
    requests.patch(url, json=body, headers=sendpilot.headers, timeout=10).raise_for_status()
    return lead.id


def test_retries_take_no_time(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot_receiver.respond(503, times=2)
    close_a_lead(sendpilot)
    tasks = sendpilot.clock.advance(minutes=1)

    assert tasks == 3
    assert len(sendpilot_receiver.received) == 3
    assert sendpilot.webhooks[0].deliveries[0].state == "succeeded"


@pytest.mark.parametrize(
    ("duration", "more"),
    [
        pytest.param("1h30m", {}, id="text"),
        pytest.param(timedelta(hours=1.5), {}, id="timedelta"),
        pytest.param("1h", {"minutes": 30}, id="text and more"),
        pytest.param(timedelta(), {"hours": 1, "seconds": 1800}, id="parts"),
    ],
)
def test_a_duration_can_be_given_in_several_ways(
    sendpilot: Sandbox, duration: str | timedelta, more: dict[str, float]
) -> None:
    sendpilot.clock.freeze()
    before = sendpilot.clock.now
    sendpilot.clock.advance(duration, **more)

    assert sendpilot.clock.now - before == timedelta(hours=1.5)


def test_a_clock_can_be_set_and_resumed(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.clock.set(datetime(2999, 1, 1, tzinfo=timezone.utc))
    is_frozen = sendpilot.clock.is_frozen
    sendpilot.clock.resume()

    assert is_frozen
    assert sendpilot.clock.now.year == 2999
    assert repr(sendpilot.clock).endswith(", running>")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2999-01-31T09:30:00Z", (2999, 1, 31, 9, 30), id="UTC"),
        pytest.param("2999-01-31T09:30:00.000Z", (2999, 1, 31, 9, 30), id="as the API writes it"),
        pytest.param("2999-01-31T10:30:00+01:00", (2999, 1, 31, 9, 30), id="offset"),
        pytest.param("2999-01-31", (2999, 1, 31), id="date"),
    ],
)
@pytest.mark.parametrize("is_frozen_by_freezegun", [False, True])
def test_a_clock_can_be_set_to_a_text(
    sendpilot: Sandbox, text: str, moment: tuple[int, int, int], is_frozen_by_freezegun: bool
) -> None:
    sendpilot.clock.freeze()
    with freezegun.freeze_time(LONG_AGO) if is_frozen_by_freezegun else nullcontext():
        sendpilot.clock.set(text)

    assert sendpilot.clock.now == datetime(*moment, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        pytest.param(datetime(2999, 1, 1), "expected a time with a zone", id="naive"),  # noqa: DTZ001
        pytest.param("2999-01-01T09:00:00", "expected a time with a zone", id="naive text"),
        pytest.param("soon", "a text such as 2030-01-31T09:00:00Z or 2030-01-31", id="no time"),
        pytest.param(3600, "a text such as .*, got 3600", id="number"),
    ],
)
def test_a_value_that_is_no_time_is_refused(sendpilot: Sandbox, moment: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=f"^moment: .*{says}"):
        sendpilot.clock.set(moment)


@pytest.mark.parametrize(
    ("duration", "more", "says"),
    [
        pytest.param(3600, {}, "got 3600; for seconds write seconds=3600", id="number"),
        pytest.param(None, {}, "a timedelta or a text such as '1h30m', got None$", id="nothing"),
        pytest.param("soon", {}, "duration: expected .* got 'soon'", id="no duration"),
        pytest.param("1h", {"hours": "1"}, "seconds: expected numbers", id="text for a number"),
        pytest.param("1h", {"days": 1e12}, "seconds: expected numbers", id="too many"),
        pytest.param(
            timedelta.max, {"days": 1}, "seconds: expected numbers", id="together too many"
        ),
    ],
)
def test_a_value_that_is_no_duration_is_refused(
    sendpilot: Sandbox, duration: Any, more: dict[str, Any], says: str
) -> None:
    before = sendpilot.clock.now
    with pytest.raises(InvalidInput, match=says):
        sendpilot.clock.advance(duration, **more)

    assert sendpilot.clock.now - before < timedelta(minutes=1)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_clock_goes_back_as_long_as_nothing_has_happened(
    sendpilot: Sandbox, is_frozen: bool
) -> None:
    if is_frozen:
        sendpilot.clock.freeze()
    sendpilot.clock.advance(days=30)
    sendpilot.clock.set(LONG_AGO)
    set_to = sendpilot.clock.now
    event = sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead())

    assert timedelta() <= set_to - LONG_AGO < timedelta(minutes=1)
    assert sendpilot.clock.is_frozen == is_frozen
    assert event.json["timestamp"].startswith("2001-02-03T00:")


def test_a_clock_does_not_go_back_once_an_event_is_recorded(sendpilot: Sandbox) -> None:
    close_a_lead(sendpilot)
    with pytest.raises(InvalidInput, match=r"cannot go back once .* \(events recorded: 1, tasks"):
        sendpilot.clock.set(LONG_AGO)


def test_a_clock_does_not_go_back_once_a_task_is_scheduled(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_1", sequence=[{"step": "connect"}])
    sendpilot.add_lead(campaign_id="camp_1")
    with pytest.raises(InvalidInput, match="tasks scheduled: 1"):
        sendpilot.clock.set(LONG_AGO)


def test_a_clock_does_not_go_back_before_1970(sendpilot: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="cannot go back before 1970, got 1969"):
        sendpilot.clock.set("1969-12-31")


def test_webhooks_are_sent_while_freezegun_freezes_the_time(sendpilot: Sandbox) -> None:
    with freezegun.freeze_time(LONG_AGO):
        lead_id = close_a_lead(sendpilot)
        sendpilot.events.wait_for("lead.status.changed", lead_id=lead_id)


def test_the_clock_can_be_advanced_while_time_machine_freezes_the_time(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    with time_machine.travel(LONG_AGO, tick=False):
        sendpilot.clock.freeze()
        sendpilot.add_endpoint(sendpilot_receiver.url)
        close_a_lead(sendpilot)
        assert sendpilot.clock.advance() == 1

    assert len(sendpilot_receiver.received) == 1
