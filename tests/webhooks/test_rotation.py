"""Rotations of signing secrets: two secrets are valid for a day, and then one."""

from datetime import timedelta

import pytest

from mock_sendpilot.errors import InvalidInput, NotFound
from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.signing import is_secret
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.support import SECRET
from tests.webhooks.conftest import START, World
from tests.webhooks.disruption_checks import (
    DAY,
    NEW_SECRET,
    NEWEST_SECRET,
    documented_accepts,
    standard_accepts,
    svix_accepts,
    svix_signatures,
)


@pytest.fixture
def endpoint(world: World, receiver: WebhookReceiver) -> Endpoint:
    """An endpoint with the secret SECRET."""
    return world.add_endpoint(receiver.url)


def rotate(world: World, endpoint: Endpoint, secret: str | None = NEW_SECRET) -> Endpoint:
    return world.outbox.endpoints.rotate(endpoint.id, secret)


def next_webhook(world: World, receiver: WebhookReceiver) -> ReceivedWebhook:
    """Make a change, and return its webhook."""
    count = len(receiver.received)
    world.change(f"S{count}")
    world.advance()
    assert len(receiver.received) == count + 1
    return receiver.received[-1]


def test_svix_accepts_the_old_and_the_new_secret_after_a_rotation(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    rotate(world, endpoint)
    webhook = next_webhook(world, receiver)

    assert len(svix_signatures(webhook)) == 2
    assert svix_accepts(webhook, SECRET)
    assert svix_accepts(webhook, NEW_SECRET)


def test_the_signature_with_the_new_secret_comes_first(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    rotate(world, endpoint)
    webhook = next_webhook(world, receiver)
    first = {**webhook.headers, "svix-signature": svix_signatures(webhook)[0]}
    alone = ReceivedWebhook(webhook.path, first, webhook.body)

    assert svix_accepts(alone, NEW_SECRET)
    assert not svix_accepts(alone, SECRET)


@pytest.mark.parametrize(
    ("seconds", "accepted", "count"),
    [
        pytest.param(DAY - 0.001, True, 2, id="just before"),
        pytest.param(DAY, False, 1, id="then"),
        pytest.param(9 * DAY, False, 1, id="long after"),
    ],
)
def test_the_old_secret_is_valid_for_24_hours_of_the_workspaces_clock(
    world: World,
    receiver: WebhookReceiver,
    endpoint: Endpoint,
    seconds: float,
    count: int,
    *,
    accepted: bool,
) -> None:
    rotate(world, endpoint)
    world.advance(seconds)
    webhook = next_webhook(world, receiver)

    assert svix_accepts(webhook, SECRET) is accepted
    assert svix_accepts(webhook, NEW_SECRET)
    assert len(svix_signatures(webhook)) == count


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [pytest.param(0, True, id="at once"), pytest.param(DAY, False, id="a day later")],
)
def test_the_overlap_is_the_same_for_standardwebhooks(
    world: World, receiver: WebhookReceiver, seconds: float, *, accepted: bool
) -> None:
    settings = EndpointSettings(signatures=("standardwebhooks",))
    endpoint = world.add_endpoint(receiver.url, settings=settings)
    rotate(world, endpoint)
    world.advance(seconds)
    webhook = next_webhook(world, receiver)

    assert standard_accepts(webhook, SECRET) is accepted
    assert standard_accepts(webhook, NEW_SECRET)


@pytest.mark.parametrize("seconds", [0, DAY])
def test_the_documented_header_has_the_new_secrets_signature_alone(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint, seconds: float
) -> None:
    rotate(world, endpoint)
    world.advance(seconds)
    webhook = next_webhook(world, receiver)

    assert documented_accepts(webhook, NEW_SECRET)
    assert not documented_accepts(webhook, SECRET)


def test_each_of_several_old_secrets_is_valid_for_its_own_24_hours(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    accepted = []
    rotate(world, endpoint)
    world.advance(DAY / 2)
    rotate(world, endpoint, NEWEST_SECRET)
    for _ in range(3):
        webhook = next_webhook(world, receiver)
        secrets = (SECRET, NEW_SECRET, NEWEST_SECRET)
        accepted.append([svix_accepts(webhook, secret) for secret in secrets])
        world.advance(DAY / 2)

    assert accepted == [[True, True, True], [False, True, True], [False, False, True]]


def test_an_endpoint_lists_its_old_secrets_latest_first(world: World, endpoint: Endpoint) -> None:
    rotate(world, endpoint)
    world.advance(60)
    after = rotate(world, endpoint, NEWEST_SECRET)

    day = timedelta(days=1)
    assert after.secret == NEWEST_SECRET
    assert [(one.secret, one.valid_until) for one in after.retired_secrets] == [
        (NEW_SECRET, START + timedelta(seconds=60) + day),
        (SECRET, START + day),
    ]


def test_a_rotation_is_refused_if_it_would_forget_a_valid_secret(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    for _ in range(20):
        world.outbox.endpoints.rotate(endpoint.id)
    with pytest.raises(InvalidInput, match="20 old secrets of this endpoint are still valid"):
        world.outbox.endpoints.rotate(endpoint.id)
    assert svix_accepts(next_webhook(world, receiver), SECRET)

    world.advance(DAY)
    after = world.outbox.endpoints.rotate(endpoint.id)
    assert len(after.retired_secrets) == 1


def test_a_retry_after_a_rotation_has_both_signatures(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    receiver.respond(500)
    next_webhook(world, receiver)
    rotate(world, endpoint)
    world.advance(5)

    counts = [len(svix_signatures(webhook)) for webhook in receiver.received]
    assert counts == [1, 2]
    assert svix_accepts(receiver.received[1], NEW_SECRET)


def test_a_rotation_makes_a_secret_by_default(world: World, endpoint: Endpoint) -> None:
    after = rotate(world, endpoint, None)

    assert is_secret(after.secret)
    assert after.secret != SECRET
    assert after.older_secrets(START) == (SECRET,)


def test_a_rotation_does_not_affect_another_endpoint(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    other = world.add_endpoint(receiver.url)
    rotate(world, endpoint)

    assert world.outbox.endpoints.get(other.id) == other


def test_a_rotation_changes_nothing_else_of_an_endpoint(
    world: World, receiver: WebhookReceiver
) -> None:
    settings = EndpointSettings(concurrency=3)
    before = world.add_endpoint(receiver.url, is_enabled=False, settings=settings)
    after = rotate(world, before)

    assert (after.id, after.url, after.is_enabled, after.settings, after.created_at) == (
        before.id, before.url, False, settings, before.created_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        pytest.param(SECRET, "secret: expected a new one, got the one in use", id="the same"),
        pytest.param("x", "secret: expected 'whsec_'", id="no secret"),
    ],
)
def test_a_rotation_to_an_invalid_secret_is_refused(
    world: World, endpoint: Endpoint, secret: str, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        rotate(world, endpoint, secret)

    assert world.outbox.endpoints.get(endpoint.id) == endpoint


def test_an_unknown_endpoint_cannot_be_rotated(world: World) -> None:
    with pytest.raises(NotFound, match="Webhook endpoint not found"):
        world.outbox.endpoints.rotate("ep_x")


def test_a_secret_that_is_set_is_valid_at_once_and_alone(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    rotate(world, endpoint)
    world.outbox.update_endpoint(endpoint.id, {"secret": NEWEST_SECRET})
    webhook = next_webhook(world, receiver)

    secrets = (SECRET, NEW_SECRET, NEWEST_SECRET)
    assert [svix_accepts(webhook, secret) for secret in secrets] == [False, False, True]
    assert [documented_accepts(webhook, secret) for secret in secrets] == [False, False, True]
    assert len(svix_signatures(webhook)) == 1


def test_another_change_of_the_endpoint_does_not_end_the_overlap(
    world: World, receiver: WebhookReceiver, endpoint: Endpoint
) -> None:
    rotate(world, endpoint)
    world.outbox.update_endpoint(endpoint.id, {"concurrency": 2})

    assert svix_accepts(next_webhook(world, receiver), SECRET)
