"""Envelopes, data and headers of webhooks under each contract."""

import json
import re

import pytest
from svix.webhooks import Webhook as SvixWebhook

from mock_sendpilot.testing.receiver import WebhookReceiver
from tests.support import SECRET
from tests.webhooks.conftest import World

LEGACY = ["documented", "example", "schema"]


def _send(world: World, receiver: WebhookReceiver, **change: str) -> list[dict[str, object]]:
    world.add_endpoint(receiver.url)
    world.change(**{"status": "DONE", **change})
    world.advance()
    return [json.loads(webhook.body) for webhook in receiver.received]


@pytest.mark.parametrize("world", LEGACY, indirect=True)
def test_older_contracts_send_lead_status_changed_with_changed_by(
    world: World, receiver: WebhookReceiver
) -> None:
    (body,) = _send(world, receiver)
    assert list(body) == ["eventId", "eventType", "timestamp", "workspaceId", "data"]
    assert body["eventType"] == "lead.status.changed"
    assert body["workspaceId"] == "ws_1"
    assert list(body["data"].items()) == [  # type: ignore[attr-defined]
        ("leadId", "lead_1"),
        ("campaignId", "camp_1"),
        ("linkedinUrl", "https://www.linkedin.com/in/ida-holm"),
        ("previousStatus", "PENDING"),
        ("newStatus", "DONE"),
        ("changedBy", "api"),
    ]


@pytest.mark.parametrize("world", ["live"], indirect=True)
def test_live_sends_lead_updated_without_changed_by(
    world: World, receiver: WebhookReceiver
) -> None:
    (body,) = _send(world, receiver)
    assert body["eventType"] == "lead.updated"
    assert list(body["data"]) == [  # type: ignore[call-overload]
        "leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus"
    ]  # fmt: skip


@pytest.mark.parametrize("world", ["live"], indirect=True)
def test_live_sends_lead_tag_updated_when_the_custom_status_changes(
    world: World, receiver: WebhookReceiver
) -> None:
    first, second = _send(world, receiver, custom_lead_status="INTERESTED")
    assert (first["eventType"], second["eventType"]) == ("lead.updated", "lead.tag.updated")
    assert second["data"] == {
        "leadId": "lead_1",
        "linkedinUrl": "https://www.linkedin.com/in/ida-holm",
        "previousTag": None,
        "newTag": "INTERESTED",
        "campaignId": "camp_1",
    }


@pytest.mark.parametrize("world", LEGACY, indirect=True)
def test_older_contracts_have_no_tag_event(world: World, receiver: WebhookReceiver) -> None:
    bodies = _send(world, receiver, custom_lead_status="INTERESTED")
    assert [body["eventType"] for body in bodies] == ["lead.status.changed"]


def test_event_id_and_timestamp_have_the_vendors_form(
    world: World, receiver: WebhookReceiver
) -> None:
    (body,) = _send(world, receiver)
    assert re.fullmatch(r"evt_1780304400000_[0-9a-z]{9}", str(body["eventId"]))
    assert body["timestamp"] == "2026-06-01T09:00:00.000Z"


def test_a_change_that_changes_nothing_makes_no_event(
    world: World, receiver: WebhookReceiver
) -> None:
    assert _send(world, receiver, status="PENDING") == []


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        pytest.param("documented", {"webhook-signature", "svix-signature"}, id="documented"),
        pytest.param("example", {"webhook-signature"}, id="example"),
        pytest.param("schema", {"webhook-signature", "svix-signature"}, id="schema"),
        pytest.param("live", {"svix-signature"}, id="live"),
    ],
    indirect=["world"],
)
def test_the_contract_decides_which_signatures_are_sent(
    world: World, receiver: WebhookReceiver, expected: set[str]
) -> None:
    _send(world, receiver)
    (webhook,) = receiver.received
    assert {name for name in webhook.headers if name.endswith("-signature")} == expected
    assert webhook.is_signed_with(SECRET)


@pytest.mark.parametrize("world", ["documented", "live"], indirect=True)
def test_the_svix_package_accepts_a_webhook(world: World, receiver: WebhookReceiver) -> None:
    _send(world, receiver)
    (webhook,) = receiver.received
    SvixWebhook(SECRET).verify(webhook.body, dict(webhook.headers))  # raises if it refuses


def test_a_webhook_is_json_from_mock_sendpilot(world: World, receiver: WebhookReceiver) -> None:
    _send(world, receiver)
    (webhook,) = receiver.received
    assert webhook.headers["content-type"] == "application/json"
    assert webhook.headers["user-agent"].startswith("mock-sendpilot/")
