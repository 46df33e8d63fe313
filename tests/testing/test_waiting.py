"""Waiting in a test: for several webhooks, until it is idle, and not at all in frozen time."""

import math
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.failures import NotIdle, WebhookNotSeen
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox

EVENT = "lead.status.changed"
Wait = Callable[[Sandbox, WebhookReceiver], object]


def close(sendpilot: Sandbox, count: int = 1) -> list[str]:
    ids = [sendpilot.add_lead().id for _ in range(count)]
    for lead_id in ids:
        sendpilot.workspace.store.set_lead_status(lead_id, status="DONE")
    return ids


def test_several_webhooks_can_be_waited_for(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    ids = close(sendpilot, count=4)
    found = sendpilot.webhooks.wait_for(EVENT, count=3)

    assert [webhook.data["leadId"] for webhook in found] == ids[:3]


def test_too_few_events_are_counted(sendpilot: Sandbox) -> None:
    close(sendpilot, count=2)
    with pytest.raises(WebhookNotSeen, match="2 of 3 came"):
        sendpilot.events.wait_for(EVENT, count=3, timeout=0.05)


def test_a_frozen_clock_is_not_waited_for_and_the_failure_says_what_is_due(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    began = time.perf_counter()
    with pytest.raises(WebhookNotSeen) as missed:
        sendpilot.webhooks.wait_for(EVENT, timeout=60)

    assert time.perf_counter() - began < 30
    assert "1 more waits for its first attempt\n  the clock is frozen at" in str(missed.value)
    assert f"is attempt 1 of {EVENT} to {sendpilot_receiver.url}: advance it" in str(missed.value)


def test_the_failure_says_that_nothing_is_due_on_a_frozen_clock(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint("http://127.0.0.1:9/never")
    with pytest.raises(WebhookNotSeen, match="; nothing is due"):
        sendpilot.webhooks.wait_for(EVENT, timeout=60)


def test_an_event_that_is_still_to_happen_is_waited_for_on_a_frozen_clock(
    sendpilot: Sandbox,
) -> None:
    sendpilot.clock.freeze()
    closing = threading.Timer(0.05, close, [sendpilot])
    closing.start()
    event = sendpilot.events.wait_for(EVENT, timeout=20)
    closing.join()

    assert event.deliveries == ()


def test_everything_is_sent_after_waiting_until_idle(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot, count=5)
    sendpilot.wait_until_idle()

    assert len(sendpilot_receiver.received) == 5


def test_a_retry_that_is_due_later_is_not_waited_for(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot_receiver.respond(503)
    close(sendpilot)
    sendpilot.wait_until_idle()

    assert sendpilot.webhooks[0].deliveries[0].state == "pending"


def test_a_wait_that_does_not_end_in_time_is_reported(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    with sendpilot_receiver.hold_responses():
        close(sendpilot)
        with pytest.raises(NotIdle, match=r"not idle within 0\.05 s: it is .*, a task is running"):
            sendpilot.wait_until_idle(timeout=0.05)


def test_a_task_on_a_frozen_clock_has_to_be_advanced_to(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint("http://127.0.0.1:9/never")
    close(sendpilot)

    with pytest.raises(
        NotIdle, match=r"the clock is frozen at .*, due at .*: attempt 1 of .*; advance it"
    ):
        sendpilot.wait_until_idle(timeout=60)
    sendpilot.clock.advance()
    sendpilot.wait_until_idle()


def test_a_webhook_can_be_resent(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    sendpilot.resend(sendpilot.webhooks.wait_for(EVENT))
    sendpilot_receiver.wait_for(count=2)

    first, second = sendpilot_receiver.received
    assert first.body == second.body


# --- events that no endpoint receives -----------------------------------------------------------


FORGOTTEN = (
    f"no endpoint is registered for {EVENT}: call add_endpoint(...), or assert what happened with "
    "sendpilot.events"
)


def test_a_test_without_an_endpoint_fails_at_once(sendpilot: Sandbox) -> None:
    close(sendpilot)
    began = time.perf_counter()
    with pytest.raises(WebhookNotSeen, match=f"^{re.escape(FORGOTTEN)}$"):
        sendpilot.webhooks.wait_for(EVENT, timeout=60)

    assert time.perf_counter() - began < 30


def test_an_endpoint_that_wants_something_else_is_named(sendpilot: Sandbox) -> None:
    other = sendpilot.add_endpoint("http://127.0.0.1:9/never", events="message.sent")
    disabled = sendpilot.add_endpoint("http://127.0.0.1:9/never")
    sendpilot.set_enabled(disabled, enabled=False)
    close(sendpilot)
    with pytest.raises(WebhookNotSeen) as missed:
        sendpilot.webhooks.wait_for(EVENT, timeout=60)

    lines = [FORGOTTEN, f"  there is {other!r}", f"  there is {disabled!r}"[:-1] + ", disabled>"]
    assert str(missed.value).splitlines() == lines


def test_a_webhook_sent_before_its_endpoint_was_deleted_is_found(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    sendpilot_receiver.wait_for(count=1)
    sendpilot.wait_until_idle()
    sendpilot.set_enabled(endpoint, enabled=False)

    assert sendpilot.webhooks.wait_for(EVENT).deliveries[0].state == "succeeded"


def test_an_event_for_the_url_of_a_search_is_waited_for(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    url = sendpilot_receiver.url
    search = sendpilot.workspace.searches.start(name="s", limit=1, filters={}, webhook_url=url)
    webhook = sendpilot.webhooks.wait_for("lead_database.search.completed", timeout=20)

    assert webhook.data["search_id"] == search.id


def test_a_test_event_is_waited_for_though_nobody_subscribed_to_it(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url, events="message.sent")
    sent = sendpilot.send_test_event(endpoint, EVENT)

    assert sendpilot.webhooks.wait_for(EVENT, timeout=20).event_id == sent.event_id


def test_an_empty_match_without_any_endpoint_is_an_error(sendpilot: Sandbox) -> None:
    with pytest.raises(WebhookNotSeen, match=f"^{re.escape(FORGOTTEN)}$"):
        sendpilot.webhooks.matching(EVENT)
    with pytest.raises(WebhookNotSeen, match=r"^no endpoint is registered: call add_endpoint"):
        sendpilot.webhooks.matching()
    sendpilot.add_endpoint("http://127.0.0.1:9/never")

    assert sendpilot.webhooks.matching(EVENT) == sendpilot.webhooks.matching() == []


def test_a_delivery_cancelled_before_its_first_attempt_was_not_sent(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    going = sendpilot.add_endpoint("http://127.0.0.1:9/never")
    close(sendpilot)
    sendpilot.set_enabled(going, enabled=False)
    sendpilot.set_enabled(going, enabled=True)
    with pytest.raises(WebhookNotSeen, match="1 more: the endpoint was disabled"):
        sendpilot.webhooks.wait_for(EVENT, timeout=60)


# --- attempts that failed -----------------------------------------------------------------------


@pytest.fixture
def failing(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> Sandbox:
    """One attempt that nobody listens to, and one that was answered with 500."""
    sendpilot.add_endpoint("http://127.0.0.1:9/never", retry_delays=[3600])
    sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[3600])
    sendpilot_receiver.respond(500, body="KeyError: 'plan'\n")
    close(sendpilot)
    sendpilot.wait_until_idle(timeout=20)
    return sendpilot


@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(
            lambda box, _: box.webhooks.wait_for("message.sent", timeout=0.01), id="webhooks"
        ),
        pytest.param(lambda box, _: box.events.wait_for("message.sent", timeout=0.01), id="events"),
        pytest.param(
            lambda _, receiver: receiver.wait_for("message.sent", timeout=0.01), id="receiver"
        ),
        pytest.param(lambda _, receiver: receiver.wait_for(count=9, timeout=0.01), id="count"),
    ],
)
def test_a_failed_wait_lists_each_attempt_that_failed(
    failing: Sandbox, sendpilot_receiver: WebhookReceiver, wait: Wait
) -> None:
    with pytest.raises(WebhookNotSeen) as missed:
        wait(failing, sendpilot_receiver)

    text = str(missed.value)
    refused = rf"\n  attempt 1 of {EVENT} to http://127\.0\.0\.1:9/never failed: .*[Cc]onnect"
    answered = f"\n  attempt 1 of {EVENT} to {sendpilot_receiver.url} failed: the response was 500 "
    assert re.search(refused, text)
    assert f"""{answered}"KeyError: 'plan'\"\n""" in text


def test_not_idle_lists_each_failed_attempt(
    failing: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    with sendpilot_receiver.hold_responses():
        close(failing)
        with pytest.raises(NotIdle, match=f"\n  attempt 1 of {EVENT} to http://127.0.0.1:9/never"):
            failing.wait_until_idle(timeout=0.05)


def test_a_failure_names_the_latest_of_many_failed_attempts(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint("http://127.0.0.1:9/never", retry_delays=[1] * 14)
    close(sendpilot)
    sendpilot.clock.advance("1m")
    with pytest.raises(WebhookNotSeen) as missed:
        sendpilot.webhooks.wait_for("message.sent")

    text = str(missed.value)
    assert "\n  5 earlier attempts failed as well\n  attempt 6 of" in text
    assert text.count("127.0.0.1:9/never failed:") == 10
    assert "\n  attempt 15 of" in text


WAITS = [
    pytest.param(
        lambda box, _, seconds: box.events.wait_for("message.sent", timeout=seconds), id="event"
    ),
    pytest.param(
        lambda _, receiver, seconds: receiver.wait_for("message.sent", timeout=seconds),
        id="request",
    ),
    pytest.param(
        lambda _, receiver, seconds: receiver.wait_for(count=1, timeout=seconds), id="requests"
    ),
    pytest.param(lambda box, _, seconds: box.wait_until_idle(timeout=seconds), id="idle"),
    pytest.param(lambda box, _, seconds: box.clock.advance("1h", timeout=seconds), id="advance"),
]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param("2s", id="text"),
        pytest.param(None, id="none"),
        pytest.param(timedelta(seconds=1), id="timedelta"),
        pytest.param(True, id="bool"),
        pytest.param(-1, id="negative"),
        pytest.param(math.nan, id="nan"),
        pytest.param(math.inf, id="inf"),
    ],
)
def test_an_invalid_timeout_is_refused(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver, wait: Any, seconds: object
) -> None:
    with pytest.raises(InvalidInput, match="expected a number of seconds from 0 to 86400, got"):
        wait(sendpilot, sendpilot_receiver, seconds)
