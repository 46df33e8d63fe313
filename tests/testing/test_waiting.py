"""Waiting in a test: for several webhooks, until it is idle, and not at all in frozen time."""

import time

import pytest

from mock_sendpilot.testing.failures import NotIdle, WebhookNotSeen
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox

EVENT = "lead.status.changed"


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


def test_too_few_webhooks_are_counted(sendpilot: Sandbox) -> None:
    close(sendpilot, count=2)
    with pytest.raises(WebhookNotSeen, match="2 of 3 came"):
        sendpilot.webhooks.wait_for(EVENT, count=3, within=0.05)


def test_in_frozen_time_there_is_no_waiting_and_what_is_due_is_told(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    began = time.perf_counter()
    with pytest.raises(WebhookNotSeen) as missed:
        sendpilot.webhooks.wait_for(EVENT, within=60)

    assert time.perf_counter() - began < 30
    assert "1 more wait for their first attempt\n  the clock stands still at" in str(missed.value)
    assert f"is attempt 1 of {EVENT} to {sendpilot_receiver.url}: advance it" in str(missed.value)


def test_in_frozen_time_with_nothing_due_the_failure_says_so(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    with pytest.raises(WebhookNotSeen, match="; nothing is due"):
        sendpilot.webhooks.wait_for(EVENT, within=60)


def test_after_waiting_until_idle_everything_is_sent(
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


def test_what_does_not_end_in_time_is_told(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    with sendpilot_receiver.holding():
        close(sendpilot)
        with pytest.raises(NotIdle, match=r"not idle within 0\.05 s: it is .*, a task is at work"):
            sendpilot.wait_until_idle(within=0.05)


def test_in_frozen_time_what_is_due_has_to_be_advanced_to(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint("http://127.0.0.1:9/never")
    close(sendpilot)

    with pytest.raises(
        NotIdle, match=r"the clock stands still at .*, due at .*: attempt 1 of .*; advance it"
    ):
        sendpilot.wait_until_idle(within=60)
    sendpilot.clock.advance()
    sendpilot.wait_until_idle()


def test_a_webhook_can_be_resent(sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot)
    sendpilot.resend(sendpilot.webhooks.wait_for(EVENT))
    sendpilot_receiver.wait_for_count(2)

    first, second = sendpilot_receiver.received
    assert first.body == second.body
