"""Checks of webhooks by the packages of receivers, and actions for tests of disruptions."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from mock_sendpilot.testing.receiver import ReceivedWebhook, WebhookReceiver
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.disruptions import Disruption
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.world.events import Event
from mock_sendpilot.world.samples import sample_change
from tests.webhooks.conftest import World

NEW_SECRET = "whsec_dGhlIHNlY3JldCBhZnRlciBhIHJvdGF0aW9u"
NEWEST_SECRET = "whsec_dGhlIHNlY3JldCBhZnRlciBhbm90aGVyIG9uZQ=="
DAY = 24 * 3600


def svix_accepts(webhook: ReceivedWebhook, secret: str, *, body: bytes | None = None) -> bool:
    """Return whether the package svix accepts a webhook, or would with another body."""
    try:
        SvixWebhook(secret).verify(webhook.body if body is None else body, dict(webhook.headers))
    except SvixError:
        return False
    return True


def standard_accepts(webhook: ReceivedWebhook, secret: str) -> bool:
    """Return whether the package standardwebhooks accepts a webhook."""
    try:
        StandardWebhook(secret).verify(webhook.body, dict(webhook.headers))
    except StandardError:
        return False
    return True


def documented_accepts(webhook: ReceivedWebhook, secret: str, *, body: bytes | None = None) -> bool:
    """Return whether a webhook is signed as on the vendor's page, whatever its age."""
    found = re.fullmatch(r"t=(\d+),s=([0-9a-f]{64})", webhook.headers["webhook-signature"])
    assert found is not None
    message = found[1].encode() + b"." + (webhook.body if body is None else body)
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() == found[2]


def documented_seconds(webhook: ReceivedWebhook) -> int:
    """Return the time in the documented header."""
    return int(webhook.headers["webhook-signature"].partition(",")[0].removeprefix("t="))


def svix_signatures(webhook: ReceivedWebhook) -> list[str]:
    return webhook.headers["svix-signature"].split(" ")


def statuses(receiver: WebhookReceiver) -> list[str]:
    """Return the new status of each lead event, in the order of their arrival."""
    return [webhook.json["data"]["newStatus"] for webhook in receiver.received]


def news(webhooks: Iterable[SentWebhook]) -> list[str]:
    """Return the new status of each lead event."""
    return [webhook.data["newStatus"] for webhook in webhooks]


def change_often(world: World, times: int) -> None:
    """Change the status to S0, S1 and so on."""
    for number in range(times):
        world.change(f"S{number}")


def arm(world: World, kind: str, **options: float) -> Disruption:
    """Arm a disruption of the next delivery."""
    return world.outbox.disruptions.arm(kind, options=options)


def record(world: World, name: str) -> Event:
    """Record an event with the current name `name`."""
    store = world.workspace.store
    with store.transaction():
        return store.record(sample_change(name))


def only_delivery(world: World) -> Delivery:
    (delivery,) = world.deliveries()
    return delivery


@contextmanager
def a_second_passes_each_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every reading of the real time be a second later than the one before."""
    seconds = count(1767225600)
    with monkeypatch.context() as patched:
        clock = "mock_sendpilot.scheduling.clock.SystemClock._wall_seconds"
        patched.setattr(clock, staticmethod(lambda: float(next(seconds))))
        yield
