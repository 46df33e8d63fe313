"""The fixtures themselves: `sendpilot`, its webhooks, and `sendpilot_receiver`."""

import re
from typing import Any

import pytest
import requests

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.failures import WebhookNotSeen
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.sandbox import Sandbox


def close(sendpilot: Sandbox, lead_id: str, status: str = "DONE") -> None:
    url = f"{sendpilot.base_url}/leads/{lead_id}/status"
    reply = requests.patch(url, json={"status": status}, headers=sendpilot.headers, timeout=10)
    assert reply.status_code == 200, reply.text


def test_the_fields_of_a_lead_have_defaults(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead(first_name="Ida", custom_fields={"score": 7})
    assert re.fullmatch(r"lead_[0-9a-z]{12}", lead.id)
    assert (lead.status, lead.campaign_id) == ("PENDING", sendpilot.campaign_id)
    assert (lead.first_name, lead.custom_fields) == ("Ida", {"score": 7})
    assert sendpilot.lead(lead.id) == lead


def test_a_lead_has_the_fields_that_are_passed(sendpilot: Sandbox) -> None:
    sendpilot.add_campaign("camp_2", status="paused")
    lead = sendpilot.add_lead(
        "https://no.linkedin.com/in/Ida-Holm/",
        lead_id="lead_1",
        status="REPLY_RECEIVED",
        campaign_id="camp_2",
    )
    assert lead.linkedin_url == "https://www.linkedin.com/in/ida-holm"
    assert (lead.id, lead.status, lead.campaign_id) == ("lead_1", "REPLY_RECEIVED", "camp_2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"linkedin_url": "nope"}, "linkedin_url: expected a LinkedIn", id="url"),
        pytest.param({"campaign_id": "camp_x"}, "there is no campaign 'camp_x'", id="campaign"),
        pytest.param({"status": "done"}, "status: expected one of", id="status"),
    ],
)
def test_an_invalid_lead_is_refused(
    sendpilot: Sandbox, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        sendpilot.add_lead(**options)


def test_an_unknown_lead_is_not_found(sendpilot: Sandbox) -> None:
    with pytest.raises(NotFound):
        sendpilot.lead("lead_x")


def test_an_event_without_an_endpoint_is_recorded_and_not_sent(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)
    (webhook,) = sendpilot.events
    assert len(sendpilot.webhooks) == 0
    assert webhook.event_type == "lead.status.changed"
    assert webhook.data["leadId"] == lead.id
    assert webhook.json["workspaceId"] == sendpilot.workspace.id
    assert webhook.deliveries == ()


def test_an_event_with_an_endpoint_counts_as_sent_after_its_attempt(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    lead = sendpilot.add_lead()
    with sendpilot_receiver.hold_responses():
        close(sendpilot, lead.id)
        sendpilot_receiver.wait_for(count=1)
        assert len(sendpilot.webhooks) == 0
    webhook = sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead.id)
    assert [delivery.state for delivery in webhook.deliveries] == ["succeeded"]


def test_a_failed_attempt_counts_too(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot_receiver.respond(500)
    sendpilot.add_endpoint(sendpilot_receiver.url)
    close(sendpilot, sendpilot.add_lead().id)
    webhook = sendpilot.webhooks.wait_for("lead.status.changed")
    assert webhook.deliveries[0].state == "pending"
    assert len(webhook.deliveries[0].attempts) == 1


def test_a_missing_event_is_reported_with_the_nearest_miss(sendpilot: Sandbox) -> None:
    lead, other = sendpilot.add_lead(lead_id="lead_1"), sendpilot.add_lead(lead_id="lead_2")
    close(sendpilot, other.id, "OPPORTUNITY")
    close(sendpilot, lead.id)
    with pytest.raises(WebhookNotSeen) as caught:
        sendpilot.events.wait_for(
            "lead.status.changed", lead_id="lead_1", new_status="OPPORTUNITY", timeout=0.05
        )
    text = str(caught.value)
    assert text.startswith(
        "no event 'lead.status.changed', lead_id='lead_1', new_status='OPPORTUNITY' within 0.05 s"
    )
    assert text.count("\n    lead.status.changed {") == 2
    assert "    data.newStatus is 'DONE', not 'OPPORTUNITY'" in text


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        pytest.param("lead_idd", "leadId", id="nearly a key"),
        pytest.param("timout", "timeout", id="nearly an option"),
        pytest.param("timeout_seconds", "timeout", id="another word for an option"),
    ],
)
def test_a_key_that_the_data_never_has_is_refused_at_once(
    sendpilot: Sandbox, name: str, guess: str
) -> None:
    with pytest.raises(InvalidInput, match=f"has no key '{name}'; did you mean '{guess}'"):
        sendpilot.events.wait_for("lead.status.changed", **{name: 60})  # type: ignore[call-overload]


def test_the_next_of_its_kind_can_be_waited_for(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)
    first = sendpilot.events.wait_for("lead.status.changed")
    close(sendpilot, lead.id, "OPPORTUNITY")

    for after in (first, first.event_id):
        second = sendpilot.events.wait_for("lead.status.changed", after=after)
        assert second.data["newStatus"] == "OPPORTUNITY"


def test_the_failure_says_that_nothing_came(sendpilot: Sandbox) -> None:
    with pytest.raises(WebhookNotSeen, match="nothing came"):
        sendpilot.events.wait_for("lead.status.changed", timeout=0.05)


def test_the_failure_counts_an_event_that_waits_for_its_attempt(
    sendpilot: Sandbox, sendpilot_receiver: WebhookReceiver
) -> None:
    sendpilot.add_endpoint(sendpilot_receiver.url)
    with sendpilot_receiver.hold_responses():
        close(sendpilot, sendpilot.add_lead().id)
        with pytest.raises(WebhookNotSeen, match="1 more waits for its first attempt"):
            sendpilot.webhooks.wait_for("lead.status.changed", timeout=0.05)


def test_an_unknown_event_type_is_refused_at_once(sendpilot: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"calls 'lead.updated' by the name"):
        sendpilot.events.wait_for("lead.updated", timeout=60)


# --- events that were not sent ------------------------------------------------------------------


def test_matching_events_are_found_without_waiting(sendpilot: Sandbox) -> None:
    lead, other = sendpilot.add_lead(), sendpilot.add_lead()
    close(sendpilot, lead.id)
    close(sendpilot, other.id)
    close(sendpilot, lead.id, "OPPORTUNITY")
    found = sendpilot.events.matching("lead.status.changed", lead_id=lead)

    assert [one.data["newStatus"] for one in found] == ["DONE", "OPPORTUNITY"]
    assert sendpilot.events.matching("message.sent") == []
    assert len(sendpilot.events.matching(lead_id=other.id)) == 1
    assert len(sendpilot.events.matching()) == 3


def test_an_event_on_its_way_is_found_too(sendpilot: Sandbox) -> None:
    sendpilot.clock.freeze()
    sendpilot.add_endpoint("http://127.0.0.1:9/webhooks")
    close(sendpilot, sendpilot.add_lead().id)
    (found,) = sendpilot.webhooks.matching("lead.status.changed")

    assert not found.is_sent
    assert len(sendpilot.webhooks) == 0


@pytest.mark.parametrize(
    ("event_type", "values", "says"),
    [
        pytest.param("lead.status.change", {}, "did you mean 'lead.status.changed'", id="type"),
        pytest.param("message.sent", {"lead_idd": "x"}, "did you mean 'leadId'", id="key"),
        pytest.param(None, {"event": "message.sent"}, "did you mean 'event_type'", id="option"),
    ],
)
def test_a_pattern_that_nothing_can_match_is_refused(
    sendpilot: Sandbox, event_type: str | None, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        sendpilot.events.matching(event_type, **values)


def test_an_awaited_id_can_be_an_object(sendpilot: Sandbox) -> None:
    sendpilot.add_lead()
    lead = sendpilot.add_lead()
    close(sendpilot, lead.id)

    assert sendpilot.events.wait_for("lead.status.changed", lead_id=lead).lead_id == lead.id
