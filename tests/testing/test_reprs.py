"""Texts of failing assertions: one line for an object, and no secret."""

import pytest

from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from tests.support import SECRET
from tests.testing.strangers import run

EVENT = "lead.status.changed"
URL = "http://127.0.0.1:9/webhooks"


def test_a_webhook_shows_its_event_and_its_deliveries(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    lead = sendpilot.add_lead(lead_id="lead_1")
    unheard = sendpilot.trigger(EVENT, lead_id=lead)
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.trigger("campaign.paused", campaign_id=sendpilot.campaign_id)
    heard = sendpilot.webhooks.wait_for("campaign.paused")

    assert repr(unheard) == f"<SentWebhook {EVENT} {unheard.event_id} lead_1: no endpoint>"
    assert repr(heard) == f"<SentWebhook campaign.paused {heard.event_id}: succeeded>"


def test_a_delivery_shows_its_target_and_its_state(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.trigger(EVENT, lead_id=sendpilot.add_lead())
    webhook = sendpilot.webhooks.wait_for(EVENT)
    (delivery,) = webhook.deliveries

    assert repr(delivery) == (
        f"<Delivery {delivery.id} of {EVENT} {webhook.event_id} to {endpoint.id}: "
        "succeeded, 1 attempts>"
    )


def test_a_disruption_shows_its_matches(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    armed, ever = sendpilot.disrupt("duplicate"), sendpilot.disrupt("drop", times=None)
    sendpilot.trigger(EVENT, lead_id=sendpilot.add_lead())

    now = sendpilot.disruption(armed)
    assert repr(now) == f"<Disruption duplicate {armed.id}: consumed, 1 of 1>"
    assert repr(ever) == f"<Disruption drop {ever.id}: armed, 0 of all>"


def test_an_endpoint_shows_its_event_types_and_no_secret(sendpilot: Sandbox) -> None:
    first = sendpilot.add_endpoint(URL)
    second = sendpilot.add_endpoint(URL, events=[EVENT, "message.sent"])
    rotated = sendpilot.rotate_secret(second)
    disabled = sendpilot.set_enabled(second, enabled=False)

    assert repr(first) == f"<Endpoint {first.id} {URL}: all events>"
    assert repr(rotated) == f"<Endpoint {second.id} {URL}: {EVENT}, message.sent>"
    assert repr(disabled) == f"{repr(rotated)[:-1]}, disabled>"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "<RecordedEvents 0: none>", id="none"),
        pytest.param(2, f"<RecordedEvents 2: {EVENT}, {EVENT}>", id="few"),
        pytest.param(7, f"<RecordedEvents 7: … {', '.join([EVENT] * 5)}>", id="many"),
    ],
)
def test_all_events_are_counted_and_the_latest_named(
    sendpilot: Sandbox, count: int, text: str
) -> None:
    lead = sendpilot.add_lead()
    for _ in range(count):
        sendpilot.trigger(EVENT, lead_id=lead)

    assert repr(sendpilot.events) == text


def test_webhooks_are_counted_apart_from_events(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    lead = sendpilot.add_lead()
    sendpilot.trigger(EVENT, lead_id=lead)
    sendpilot.add_endpoint(sendpilot_receiver.url)
    sendpilot.trigger(EVENT, lead_id=lead)
    sendpilot.webhooks.wait_for(EVENT)

    assert repr(sendpilot.webhooks) == f"<SentWebhooks 1: {EVENT}>"


ASSERTIONS = """
def test_it(sendpilot, sendpilot_receiver):
    sendpilot.add_endpoint(sendpilot_receiver.url, secret=SECRET)
    sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead(lead_id="lead_1"))
    sendpilot_receiver.wait_for(count=1)
    sendpilot.webhooks.wait_for("lead.status.changed")
    assert sendpilot_receiver.received == []

def test_the_other(sendpilot):
    sendpilot.add_endpoint("http://127.0.0.1:9/webhooks", secret=SECRET)
    sendpilot.trigger("lead.status.changed", lead_id=sendpilot.add_lead(lead_id="lead_1"))
    assert sendpilot.webhooks.matching() == []

def test_the_third(sendpilot):
    endpoint = sendpilot.add_endpoint("http://127.0.0.1:9/webhooks", secret=SECRET)
    assert endpoint is None
"""


def test_an_assertion_that_fails_is_readable(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f'SECRET = "{SECRET}"\n{ASSERTIONS}')
    result = run(pytester, "-vv")

    result.assert_outcomes(failed=3)
    lines = [line for line in result.outlines if line.startswith("E ")]
    text = "\n".join(lines)
    assert "<ReceivedWebhook lead.status.changed evt_" in text
    assert "<SentWebhook lead.status.changed evt_" in text
    assert "<Endpoint ep_" in text
    assert [line for line in lines if len(line) > 200 or "body=" in line or SECRET in line] == []
