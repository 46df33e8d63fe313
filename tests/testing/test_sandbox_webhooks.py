"""`sendpilot` and webhooks: endpoints with settings, events by hand, waiting for several."""

import re
from typing import Any

import pytest
import requests

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.world.endpoint_settings import EndpointSettings

EVENT = "lead.status.changed"
URL = "http://127.0.0.1:9/webhooks"
NEW_SECRET = "whsec_dGhlIHNlY3JldCBhZnRlciBhIHJvdGF0aW9u"


def close(sendpilot: Sandbox, lead_id: str | None = None, status: str = "DONE") -> str:
    found = lead_id or sendpilot.add_lead().id
    sendpilot.workspace.store.set_lead_status(found, status=status)
    return found


# --- endpoints ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        pytest.param({}, EndpointSettings(signature_clock="process"), id="nothing"),
        pytest.param(
            {"retry_delays": [1, 2.5]},
            EndpointSettings(retry_delays_seconds=(1, 2.5), signature_clock="process"),
            id="schedule",
        ),
        pytest.param(
            {"retry_delays": []},
            EndpointSettings(retry_delays_seconds=(), signature_clock="process"),
            id="no retries",
        ),
        pytest.param(
            {"timeout": 1.5},
            EndpointSettings(timeout_seconds=1.5, signature_clock="process"),
            id="timeout",
        ),
        pytest.param(
            {"signatures": ["svix"]},
            EndpointSettings(signatures=("svix",), signature_clock="process"),
            id="signatures",
        ),
        pytest.param(
            {"concurrency": 8},
            EndpointSettings(concurrency=8, signature_clock="process"),
            id="concurrency",
        ),
        pytest.param(
            {"signature_clock": "virtual"}, EndpointSettings(signature_clock="virtual"), id="clock"
        ),
    ],
)
def test_an_endpoint_has_settings_of_its_own(
    sendpilot: Sandbox, options: dict[str, Any], settings: EndpointSettings
) -> None:
    assert sendpilot.add_endpoint(URL, **options).settings == settings


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"retry_delays": [-1]}, "retryDelaysSeconds: expected", id="schedule"),
        pytest.param({"timeout": 0}, "timeoutSeconds: expected", id="timeout"),
        pytest.param({"signatures": ["hmac"]}, "signatures: expected", id="signatures"),
        pytest.param(
            {"concurrency": 0},
            "concurrency: expected a whole number from 1 to 64",
            id="concurrency",
        ),
        pytest.param(
            {"signature_clock": "real"}, "expected one of wall, virtual, process", id="clock"
        ),
    ],
)
def test_an_invalid_setting_is_refused(
    sendpilot: Sandbox, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot.add_endpoint(URL, **options)


def test_an_endpoint_keeps_to_its_own_retry_schedule(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint(sendpilot_receiver.url, retry_delays=[60])
    sendpilot_receiver.respond(503, times=9)
    close(sendpilot)
    before = sendpilot.clock.now
    sendpilot.clock.advance(hours=5)
    (delivery,) = sendpilot.webhooks[0].deliveries

    assert delivery.state == "exhausted"
    assert [(one.started_at - before).total_seconds() for one in delivery.attempts] == [0, 60]


def test_signatures_can_carry_the_time_of_the_workspace(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url, signature_clock="virtual", signatures=["svix"])
    sendpilot.clock.freeze()
    sendpilot.clock.advance(days=30)
    close(sendpilot)
    sendpilot.clock.advance()
    (webhook,) = sendpilot_receiver.received

    assert int(webhook.headers["svix-timestamp"]) == int(sendpilot.clock.now.timestamp())
    assert "webhook-signature" not in webhook.headers


def test_a_receiver_that_hangs_times_out(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url, timeout=0.1)
    with sendpilot_receiver.hold_responses():
        close(sendpilot)
        webhook = sendpilot.webhooks.wait_for(EVENT, timeout=20)

    assert webhook.deliveries[0].attempts[0].error == "no response within 0.1 s"


def test_an_endpoint_with_concurrency_gets_several_deliveries_at_once(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url, concurrency=3)
    with sendpilot_receiver.hold_responses():
        for _ in range(3):
            close(sendpilot)
        sendpilot_receiver.wait_for(count=3, timeout=10)


def test_a_secret_is_rotated_and_the_old_one_is_good_for_a_day(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.clock.freeze()
    before = sendpilot.add_endpoint(sendpilot_receiver.url, signatures=["svix"])
    after = sendpilot.rotate_secret(before, secret=NEW_SECRET)
    for _ in range(2):
        close(sendpilot)
        sendpilot.clock.advance(hours=24)
    first, second = sendpilot_receiver.received

    assert after.secret == NEW_SECRET
    assert [one.is_signed_with(before.secret) for one in (first, second)] == [True, False]
    assert [one.is_signed_with(NEW_SECRET) for one in (first, second)] == [True, True]


def test_a_new_secret_is_made(sendpilot: Sandbox) -> None:
    before = sendpilot.add_endpoint(URL)

    after = sendpilot.rotate_secret(before)

    assert after.secret.startswith("whsec_")
    assert after.secret != before.secret
    with pytest.raises(InvalidInput, match="a new one, got the one in use"):
        sendpilot.rotate_secret(before, secret=after.secret)


def test_an_endpoint_is_disabled_and_enabled(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url)
    is_enabled = [sendpilot.set_enabled(endpoint, enabled=False).is_enabled]
    lead_id = close(sendpilot)
    is_enabled += [sendpilot.set_enabled(endpoint, enabled=True).is_enabled]
    close(sendpilot, lead_id, "OPPORTUNITY")
    sendpilot.wait_until_idle()

    assert is_enabled == [False, True]
    assert [one.json["data"]["newStatus"] for one in sendpilot_receiver.received] == ["OPPORTUNITY"]


def test_disabling_cancels_what_is_pending(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    endpoint = sendpilot.add_endpoint(URL)
    close(sendpilot)
    sendpilot.set_enabled(endpoint, enabled=False)

    assert sendpilot.events[0].deliveries[0].state == "cancelled"
    assert len(sendpilot.webhooks) == 0


# --- events by hand -----------------------------------------------------------------------------


def test_a_test_event_goes_to_one_endpoint(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(URL)
    endpoint = sendpilot.add_endpoint(sendpilot_receiver.url, events=["message.sent"])
    sent = sendpilot.send_test_event(endpoint)
    chosen = sendpilot.send_test_event(endpoint, "reply.received")
    received = sendpilot_receiver.wait_for(count=2)

    assert [sent.event_type, chosen.event_type] == ["message.sent", "message.received"]
    assert [one.body for one in received] == [sent.body, chosen.body]
    assert [delivery.endpoint_id for delivery in sent.deliveries] == [endpoint.id]
    assert sent.origin == "test"


def test_an_event_is_triggered_and_nothing_else_changes(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    lead = sendpilot.add_lead(status="REPLY_RECEIVED")
    sent = sendpilot.trigger("lead.updated", lead_id=lead.id, overrides={"newStatus": "WON"})
    received = sendpilot_receiver.wait_for(EVENT, lead_id=lead.id, new_status="WON")

    assert received.body == sent.body
    assert sent.origin == "trigger"
    assert sendpilot.lead(lead.id) == lead


def test_a_trigger_can_apply_the_effects_of_its_event(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(status="MESSAGE_SENT")
    sent = sendpilot.trigger(
        "message.received",
        lead_id=lead.id,
        overrides={"replyPreview": "Tuesday"},
        with_effects=True,
    )

    assert sent.data["replyPreview"] == "Tuesday"
    assert sendpilot.lead(lead.id).status == "REPLY_RECEIVED"
    assert [webhook.event_type for webhook in sendpilot.events] == ["message.received", EVENT]


def test_the_text_of_an_event_is_set_whatever_its_key(sendpilot: Sandbox) -> None:
    sent = sendpilot.trigger("message.received", lead_id=sendpilot.add_lead(), text="Tuesday")

    assert sent.data["replyPreview"] == "Tuesday"


def test_a_trigger_can_be_about_a_campaign_or_a_job(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=10)
    sendpilot.clock.freeze()
    job_id = sendpilot.workspace.searches.start(name="S", limit=3, filters={}).id
    paused = sendpilot.trigger("campaign.paused", campaign_id=sendpilot.campaign_id)
    completed = sendpilot.trigger("lead_database.search.completed", job_id=job_id)

    assert paused.data["campaignId"] == sendpilot.campaign_id
    assert completed.data["search_id"] == job_id


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        pytest.param({}, InvalidInput, "lead_id is required", id="of nothing"),
        pytest.param({"lead_id": "lead_x"}, NotFound, "Lead not found", id="unknown lead"),
        pytest.param(
            {"lead_id": "lead_1", "overrides": {"newstatus": 1}},
            InvalidInput,
            "did you mean",
            id="key",
        ),
        pytest.param(
            {"lead_id": "lead_1", "with_effects": True},
            InvalidInput,
            "is required with effects",
            id="effects",
        ),
    ],
)
def test_an_impossible_trigger_is_refused(
    sendpilot: Sandbox, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    sendpilot.add_lead(lead_id="lead_1")
    with pytest.raises(error, match=says):
        sendpilot.trigger(EVENT, **options)

    assert len(sendpilot.events) == 0


@pytest.mark.sendpilot("live")
def test_a_trigger_takes_the_names_of_another_contract(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()

    assert sendpilot.trigger(EVENT, lead_id=lead.id).event_type == "lead.updated"


# --- waiting for several ------------------------------------------------------------------------


def test_a_count_makes_the_result_a_list_even_of_one(sendpilot: Sandbox) -> None:
    lead_id = close(sendpilot)
    found = sendpilot.events.wait_for(EVENT, count=1)

    assert [webhook.data["leadId"] for webhook in found] == [lead_id]


def test_the_first_that_match_are_returned(sendpilot: Sandbox) -> None:
    lead_id, other = close(sendpilot), close(sendpilot)
    close(sendpilot, lead_id, "PENDING")
    close(sendpilot, lead_id, "OPPORTUNITY")
    found = sendpilot.events.wait_for(EVENT, count=2, lead_id=lead_id)

    assert [webhook.data["newStatus"] for webhook in found] == ["DONE", "PENDING"]
    assert len(sendpilot.events.wait_for(EVENT, count=1, lead_id=other)) == 1


def test_too_few_webhooks_are_reported_with_those_that_came_and_the_nearest_miss(
    sendpilot: Sandbox,
) -> None:
    sendpilot.add_lead(lead_id="lead_1")
    close(sendpilot, "lead_1")
    close(sendpilot, "lead_1", "PENDING")
    with pytest.raises(WebhookNotSeen) as missed:
        sendpilot.events.wait_for(EVENT, count=2, timeout=0.05, new_status="DONE")
    lines = str(missed.value).splitlines()

    assert lines[0] == f"no event '{EVENT}', new_status='DONE' within 0.05 s"
    assert lines[1] == "  1 of 2 came"
    assert lines[3] == "    data.newStatus is 'PENDING', not 'DONE'"
    assert [line[:24] for line in lines[4:]] == ["  came:", *[f"    {EVENT} "] * 2]


def test_a_delivery_on_its_way_is_reported(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    with sendpilot_receiver.hold_responses():
        close(sendpilot)
        with pytest.raises(WebhookNotSeen, match="1 more waits for its first attempt"):
            sendpilot.webhooks.wait_for(EVENT, timeout=0.05)


@pytest.mark.parametrize("name", ["lead.update", "lead.updated"])
def test_an_event_type_that_the_contract_lacks_is_refused_at_once(
    sendpilot: Sandbox, name: str
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(f"'{name}'")):
        sendpilot.events.wait_for(name, timeout=60)


def test_events_of_jobs_are_found_by_their_own_keys(sendpilot: Sandbox) -> None:
    sendpilot.set_credits(subscription=10)
    url = f"{sendpilot.base_url}/lead-database/searches"
    body = {"name": "S", "limit": 3, "filters": {"job_titles": ["CFO"]}}
    job = requests.post(url, json=body, headers=sendpilot.headers, timeout=10).json()
    webhook = sendpilot.events.wait_for(
        "lead_database.search.completed", timeout=20, search_id=job["id"]
    )

    assert webhook.data["search_name"] == "S"
