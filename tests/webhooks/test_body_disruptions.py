"""Disruptions of bodies: altered before they are signed."""

import orjson
import pytest

from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.webhooks.disruption_kinds import UNKNOWN_EVENT
from tests.support import SECRET
from tests.webhooks.conftest import World
from tests.webhooks.disruption_checks import (
    arm,
    documented_accepts,
    only_delivery,
    record,
    svix_accepts,
)

ENVELOPE = ["eventId", "eventType", "timestamp", "workspaceId", "data"]


def disrupted_webhook(
    world: World,
    receiver: WebhookReceiver,
    kind: str,
    name: str = "lead.updated",
    *,
    length: float | None = None,
) -> ReceivedWebhook:
    """Return the first request with a disruption, for an event with the current name `name`."""
    world.add_endpoint(receiver.url)
    arm(world, kind, **({} if length is None else {"bytes": length}))
    record(world, name)
    world.advance()
    (webhook,) = receiver.received
    return webhook


def original(world: World) -> dict[str, object]:
    """Return the event without the disruption."""
    body: dict[str, object] = orjson.loads(only_delivery(world).body)
    return body


def data_of(world: World) -> dict[str, object]:
    (webhook,) = world.outbox.events.all()
    return webhook.data


@pytest.mark.parametrize("world", ["documented", "live"], indirect=True)
@pytest.mark.parametrize(
    "kind", ["renamed_event", "unknown_event", "extra_fields", "missing_fields", "huge_body"]
)
def test_an_altered_body_is_correctly_signed_and_logged(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    webhook = disrupted_webhook(world, receiver, kind)

    (attempt,) = only_delivery(world).attempts
    assert attempt.is_success
    assert attempt.sent_body == webhook.body[:20_000] != only_delivery(world).body
    assert attempt.sent_bytes == len(webhook.body)
    if "svix-signature" in webhook.headers:
        assert svix_accepts(webhook, SECRET)
    if "webhook-signature" in webhook.headers:
        assert documented_accepts(webhook, SECRET)


# --- renamed_event -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "name", "event_type", "keys"),
    [
        pytest.param(
            "documented",
            "lead.updated",
            "lead.updated",
            ["leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus"],
            id="documented lead.status.changed",
        ),
        pytest.param(
            "live",
            "lead.updated",
            "lead.status.changed",
            ["leadId", "campaignId", "linkedinUrl", "previousStatus", "newStatus", "changedBy"],
            id="live lead.updated",
        ),
        pytest.param(
            "documented",
            "reply.received",
            "reply.received",
            ["leadId", "campaignId", "linkedinUrl", "senderId", "reply"],
            id="documented message.received",
        ),
        pytest.param(
            "live",
            "reply.received",
            "message.received",
            ["leadId", "campaignId", "linkedinUrl", "senderId", "replyPreview"],
            id="live reply.received",
        ),
        pytest.param(
            "live",
            "message.sent",
            "message.sent",
            ["leadId", "campaignId", "linkedinUrl", "senderId", "messagePreview", "sequenceStep"],
            id="live message.sent, whose data alone differs",
        ),
    ],
    indirect=["world"],
)
def test_a_renamed_event_has_the_name_and_data_of_the_other_contract(
    world: World, receiver: WebhookReceiver, name: str, event_type: str, keys: list[str]
) -> None:
    webhook = disrupted_webhook(world, receiver, "renamed_event", name)

    assert webhook.json["eventType"] == event_type
    assert list(webhook.json["data"]) == keys
    assert list(webhook.json) == ENVELOPE
    assert webhook.json["eventId"] == original(world)["eventId"]


@pytest.mark.parametrize(
    ("world", "name"),
    [
        pytest.param("documented", "campaign.paused", id="documented campaign.paused"),
        pytest.param("live", "campaign.paused", id="live campaign.paused"),
        pytest.param("live", "lead.tag.updated", id="an event that the other does not have"),
        pytest.param("live", "lead_extractor.job.completed", id="an extraction"),
    ],
    indirect=["world"],
)
def test_an_event_that_both_contracts_name_alike_is_not_matched(
    world: World, receiver: WebhookReceiver, name: str
) -> None:
    webhook = disrupted_webhook(world, receiver, "renamed_event", name)

    (disruption,) = world.outbox.disruptions.all()
    assert (disruption.state, disruption.match_count) == ("armed", 0)
    assert only_delivery(world).disruption is None
    assert webhook.body == only_delivery(world).body


def test_an_event_that_is_not_matched_leaves_the_disruption_armed(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url)
    arm(world, "renamed_event")
    record(world, "campaign.paused")
    record(world, "lead.updated")
    world.advance()

    types = [webhook.json["eventType"] for webhook in receiver.received]
    assert types == ["campaign.paused", "lead.updated"]


# --- other fields --------------------------------------------------------------------------------


def test_an_unknown_event_differs_only_in_its_type(world: World, receiver: WebhookReceiver) -> None:
    webhook = disrupted_webhook(world, receiver, "unknown_event")

    assert webhook.json == {**original(world), "eventType": UNKNOWN_EVENT}
    assert UNKNOWN_EVENT not in world.workspace.contract.event_types


def test_extra_fields_are_added_to_the_envelope_and_to_the_data(
    world: World, receiver: WebhookReceiver
) -> None:
    webhook = disrupted_webhook(world, receiver, "extra_fields")

    added = set(webhook.json) - set(original(world))
    assert len(added) == 1
    assert len(set(webhook.json["data"]) - set(data_of(world))) == 1
    known = {key: webhook.json["data"][key] for key in data_of(world)}
    rest = {key: webhook.json[key] for key in original(world)}
    assert {**rest, "data": known} == original(world)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        pytest.param("lead.updated", {"campaignId"}, id="lead"),
        pytest.param("message.sent", {"campaignId", "sequenceStep"}, id="message"),
        pytest.param("connection_request.sent", {"campaignId", "note"}, id="request"),
    ],
)
def test_missing_fields_are_the_optional_ones(
    world: World, receiver: WebhookReceiver, name: str, lacks: set[str]
) -> None:
    webhook = disrupted_webhook(world, receiver, "missing_fields", name)

    assert list(webhook.json) == ["eventId", "eventType", "timestamp", "data"]
    assert set(data_of(world)) - set(webhook.json["data"]) == lacks
    assert webhook.json["data"].items() <= data_of(world).items()


# --- huge_body -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "length"),
    [
        pytest.param(None, 1_000_000, id="by default"),
        pytest.param(1000, 1000, id="the least"),
        pytest.param(123_456, 123_456, id="as requested"),
    ],
)
def test_a_huge_body_has_its_number_of_bytes(
    world: World, receiver: WebhookReceiver, requested: float | None, length: int
) -> None:
    webhook = disrupted_webhook(world, receiver, "huge_body", length=requested)

    assert len(webhook.body) == length
    assert int(webhook.headers["content-length"]) == length


def test_a_huge_body_is_the_event_with_one_long_extra_field(
    world: World, receiver: WebhookReceiver
) -> None:
    webhook = disrupted_webhook(world, receiver, "huge_body", length=5000)

    data = {key: webhook.json["data"][key] for key in data_of(world)}
    assert len(webhook.json["data"]) == len(data) + 1
    assert {**webhook.json, "data": data} == original(world)


@pytest.mark.parametrize("name", ["lead_database.search.completed", "campaign.finished"])
@pytest.mark.parametrize(
    "kind", ["unknown_event", "extra_fields", "missing_fields", "huge_body", "altered_body"]
)
def test_events_about_other_things_can_be_altered_too(
    world: World, receiver: WebhookReceiver, kind: str, name: str
) -> None:
    webhook = disrupted_webhook(world, receiver, kind, name)

    assert webhook.json["eventId"] == original(world)["eventId"]
    assert webhook.body != only_delivery(world).body
