"""Signatures with older secrets that are still valid, judged by the packages of receivers."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from mock_sendpilot.webhooks.signing import sign, verify
from tests.support import SECRET
from tests.webhooks.judges import NEW_SECRET, NEWEST_SECRET

BODY = b'{"eventId":"evt_1767225600000_a1b2c3d4e","eventType":"lead.updated"}'
MESSAGE_ID = "msg_2emulatorEmulatorEmulator01"
THEN = 1767225600
OF_SECRET = "v1,0BvdV10h0gJ8e+ArQzKwvecW2/zzA0lqmMzr9fQXAKA="
"""The published vector."""
STRANGER = "whsec_" + "A" * 32


def signed(*schemes: str, older: tuple[str, ...], timestamp: int = THEN) -> dict[str, str]:
    return sign(
        schemes,
        secret=NEWEST_SECRET,
        older_secrets=older,
        message_id=MESSAGE_ID,
        timestamp=timestamp,
        body=BODY,
    )


def _svix(secret: str, headers: dict[str, str]) -> bool:
    try:
        SvixWebhook(secret).verify(BODY, headers)
    except SvixError:
        return False
    return True


def _standard(secret: str, headers: dict[str, str]) -> bool:
    try:
        return bool(StandardWebhook(secret).verify(BODY, headers) == json.loads(BODY))
    except StandardError:
        return False


Judge = Callable[[str, dict[str, str]], bool]
BOTH = [
    pytest.param("svix", _svix, id="svix"),
    pytest.param("standardwebhooks", _standard, id="standardwebhooks"),
]


@pytest.mark.parametrize(("scheme", "judge"), BOTH)
@pytest.mark.parametrize(
    "older",
    [
        pytest.param((), id="none"),
        pytest.param((NEW_SECRET,), id="one"),
        pytest.param((NEW_SECRET, SECRET), id="two"),
    ],
)
def test_each_valid_secret_is_accepted_and_no_other(
    scheme: str, judge: Judge, older: tuple[str, ...]
) -> None:
    now = int(datetime.now(tz=timezone.utc).timestamp())
    headers = signed(scheme, older=older, timestamp=now)

    secrets = (NEWEST_SECRET, NEW_SECRET, SECRET, STRANGER)
    accepted = {secret for secret in secrets if judge(secret, headers)}
    assert accepted == {NEWEST_SECRET, *older}


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_the_signatures_stand_apart_by_a_blank_the_newest_first(prefix: str) -> None:
    scheme = "svix" if prefix == "svix" else "standardwebhooks"
    alone = signed(scheme, older=())[f"{prefix}-signature"]

    header = signed(scheme, older=(SECRET,))[f"{prefix}-signature"]
    assert header == f"{alone} {OF_SECRET}"


def test_id_and_timestamp_are_there_once() -> None:
    headers = signed("svix", older=(SECRET, NEW_SECRET))

    assert (headers["svix-id"], headers["svix-timestamp"]) == (MESSAGE_ID, str(THEN))
    assert len(headers) == 3


def test_the_documented_header_is_signed_with_the_newest_alone() -> None:
    message = b"%d.%b" % (THEN, BODY)
    digest = hmac.new(NEWEST_SECRET.encode(), message, hashlib.sha256).hexdigest()

    headers = signed("documented", older=(SECRET, NEW_SECRET))
    assert headers == {"Webhook-Signature": f"t={THEN},s={digest}"}


def test_verify_accepts_an_older_secret_under_svix_alone() -> None:
    assert verify(signed("svix", older=(SECRET,)), BODY, secret=SECRET)
    assert not verify(signed("documented", "svix", older=(SECRET,)), BODY, secret=SECRET)
    assert verify(signed("documented", "svix", older=(SECRET,)), BODY, secret=NEWEST_SECRET)
