"""Disruptions of signatures, judged by the packages that receivers verify with."""

from datetime import timedelta

import pytest

from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.webhooks.disruption_kinds import FORGED_SECRET
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import SECRET
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import (
    DAY,
    NEW_SECRET,
    NEWEST_SECRET,
    arm,
    documented_accepts,
    documented_seconds,
    only_delivery,
    standard_accepts,
    svix_accepts,
    svix_signatures,
)

STANDARD = EndpointSettings(signatures=("standardwebhooks",))


def disrupted_webhook(
    world: World, receiver: WebhookReceiver, kind: str, **options: float
) -> ReceivedWebhook:
    """Return the first request with a disruption."""
    if not world.outbox.endpoints.all():
        world.add_endpoint(receiver.url)
    arm(world, kind, **options)
    world.change("DONE")
    world.advance()
    return receiver.received[-1]


# --- stale_timestamp -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        pytest.param({}, False, id="an hour ago by default"),
        pytest.param({"seconds": 330}, False, id="beyond the tolerance"),
        pytest.param({"seconds": 200}, True, id="within the tolerance"),
        pytest.param({"seconds": -330}, False, id="too far ahead"),
    ],
)
def test_the_packages_refuse_a_stale_timestamp_outside_their_tolerance(
    world: World, receiver: WebhookReceiver, options: dict[str, float], *, accepted: bool
) -> None:
    webhook = disrupted_webhook(world, receiver, "stale_timestamp", **options)
    assert svix_accepts(webhook, SECRET) is accepted


def test_a_stale_timestamp_is_correctly_signed(world: World, receiver: WebhookReceiver) -> None:
    webhook = disrupted_webhook(world, receiver, "stale_timestamp", seconds=600)

    (attempt,) = only_delivery(world).attempts
    age = attempt.sent_at - attempt.signed_at
    assert timedelta(seconds=600) <= age < timedelta(seconds=605)
    assert documented_seconds(webhook) == int(attempt.signed_at.timestamp())
    assert documented_accepts(webhook, SECRET)
    assert webhook.is_signed_with(SECRET)


def test_a_stale_virtual_timestamp_is_before_the_workspaces_clock(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(receiver.url, settings=EndpointSettings(signature_clock="virtual"))
    webhook = disrupted_webhook(world, receiver, "stale_timestamp", seconds=60)

    assert documented_seconds(webhook) == START.timestamp() - 60


# --- wrong_secret --------------------------------------------------------------------------------


def test_every_package_refuses_a_wrong_secret(world: World, receiver: WebhookReceiver) -> None:
    webhook = disrupted_webhook(world, receiver, "wrong_secret")

    assert not svix_accepts(webhook, SECRET)
    assert not documented_accepts(webhook, SECRET)
    assert svix_accepts(webhook, FORGED_SECRET)


@pytest.mark.parametrize("kind", ["stale_timestamp", "wrong_secret"])
def test_standardwebhooks_refuses_a_disrupted_signature(
    world: World, receiver: WebhookReceiver, kind: str
) -> None:
    world.add_endpoint(receiver.url, settings=STANDARD)
    webhook = disrupted_webhook(world, receiver, kind)

    assert not standard_accepts(webhook, SECRET)


def test_a_wrong_secret_is_not_an_older_one(world: World, receiver: WebhookReceiver) -> None:
    endpoint = world.add_endpoint(receiver.url)
    world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    webhook = disrupted_webhook(world, receiver, "wrong_secret")

    assert not svix_accepts(webhook, SECRET)
    assert not svix_accepts(webhook, NEW_SECRET)


# --- missing_signature ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(EndpointSettings(), id="documented and svix"),
        pytest.param(STANDARD, id="standardwebhooks"),
    ],
)
def test_a_request_without_a_signature_has_no_header_of_any_scheme(
    world: World, receiver: WebhookReceiver, settings: EndpointSettings
) -> None:
    world.add_endpoint(receiver.url, settings=settings)
    webhook = disrupted_webhook(world, receiver, "missing_signature")

    assert not [name for name in webhook.headers if "svix" in name or "webhook" in name]
    assert webhook.body == only_delivery(world).body


# --- altered_body --------------------------------------------------------------------------------


def test_an_altered_body_does_not_match_its_signature(
    world: World, receiver: WebhookReceiver
) -> None:
    webhook = disrupted_webhook(world, receiver, "altered_body")

    assert not svix_accepts(webhook, SECRET)
    assert not documented_accepts(webhook, SECRET)


def test_the_signature_of_an_altered_body_is_that_of_the_original(
    world: World, receiver: WebhookReceiver
) -> None:
    webhook = disrupted_webhook(world, receiver, "altered_body")
    original = only_delivery(world).body

    assert svix_accepts(webhook, SECRET, body=original)
    assert documented_accepts(webhook, SECRET, body=original)


def test_an_altered_body_is_still_an_event(world: World, receiver: WebhookReceiver) -> None:
    webhook = disrupted_webhook(world, receiver, "altered_body")
    original = world.outbox.events.all()[0].json

    data = {**original["data"], "leadId": "lead_1x"}
    assert webhook.json == {**original, "data": data}


# --- old_secret ----------------------------------------------------------------------------------


def test_old_secret_signs_with_the_old_secret_alone(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    webhook = disrupted_webhook(world, receiver, "old_secret")

    accepted = [svix_accepts(webhook, secret) for secret in (SECRET, NEW_SECRET)]
    assert accepted == [True, False]
    assert documented_accepts(webhook, SECRET)
    assert len(svix_signatures(webhook)) == 1


def test_old_secret_signs_even_after_the_secret_has_expired(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    world.advance(2 * DAY)
    webhook = disrupted_webhook(world, receiver, "old_secret")

    assert svix_accepts(webhook, SECRET)
    assert not svix_accepts(webhook, NEW_SECRET)


def test_old_secret_is_the_one_before_the_last_rotation(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    for secret in (NEW_SECRET, NEWEST_SECRET):
        world.outbox.endpoints.rotate(endpoint.id, secret)
    webhook = disrupted_webhook(world, receiver, "old_secret")

    secrets = (SECRET, NEW_SECRET, NEWEST_SECRET)
    assert [svix_accepts(webhook, secret) for secret in secrets] == [False, True, False]


def test_old_secret_matches_no_endpoint_without_a_rotation(
    world: World, receiver: WebhookReceiver
) -> None:
    webhook = disrupted_webhook(world, receiver, "old_secret")

    (disruption,) = world.outbox.disruptions.all()
    assert (disruption.state, disruption.match_count) == ("armed", 0)
    assert only_delivery(world).disruption is None
    assert svix_accepts(webhook, SECRET)


def test_old_secret_matches_the_endpoint_that_was_rotated(
    world: World, receiver: WebhookReceiver
) -> None:
    world.add_endpoint(f"{receiver.url}/a")
    rotated = world.add_endpoint(f"{receiver.url}/b")
    world.outbox.endpoints.rotate(rotated.id, NEW_SECRET)
    arm(world, "old_secret")
    world.change("DONE")

    disrupted = [one.endpoint_id for one in world.deliveries() if one.disruption]
    assert disrupted == [rotated.id]


def test_an_attempt_is_made_even_if_its_old_secret_is_forgotten(
    world: World, receiver: WebhookReceiver
) -> None:
    endpoint = world.add_endpoint(receiver.url)
    world.outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    arm(world, "old_secret")
    world.change("DONE")
    world.outbox.update_endpoint(endpoint.id, {"secret": NEWEST_SECRET})
    world.advance()

    (webhook,) = receiver.received
    assert svix_accepts(webhook, SECRET) or svix_accepts(webhook, NEWEST_SECRET)
