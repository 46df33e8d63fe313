"""The three signature schemes, judged by the packages that receivers use."""

import json
from datetime import datetime, timezone

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from mock_sendpilot.webhooks.signing import is_secret, new_secret, sign, verify
from tests.support import SECRET

BODY = b'{"eventId":"evt_1767225600000_a1b2c3d4e","eventType":"lead.updated"}'
MESSAGE_ID = "msg_2emulatorEmulatorEmulator01"
THEN = 1767225600
ALL = ("documented", "svix", "standardwebhooks")


def _now() -> int:
    return int(datetime.now(tz=timezone.utc).timestamp())


def _signed(*schemes: str, secret: str = SECRET, timestamp: int = THEN) -> dict[str, str]:
    return sign(schemes, secret=secret, message_id=MESSAGE_ID, timestamp=timestamp, body=BODY)


def test_the_svix_signature_is_that_of_the_published_vector() -> None:
    assert _signed("svix") == {
        "svix-id": MESSAGE_ID,
        "svix-timestamp": str(THEN),
        "svix-signature": "v1,0BvdV10h0gJ8e+ArQzKwvecW2/zzA0lqmMzr9fQXAKA=",
    }


def test_the_documented_signature_is_that_of_the_published_vector() -> None:
    digest = "dd39b95233fd991cf6556aa444f53ed434c102cc8994d76a52efede40fc5b0b4"
    assert _signed("documented") == {"Webhook-Signature": f"t={THEN},s={digest}"}


def test_the_svix_package_accepts_our_svix_headers() -> None:
    headers = _signed("svix", timestamp=_now())
    SvixWebhook(SECRET).verify(BODY, headers)  # raises what it refuses


def test_the_standardwebhooks_package_accepts_our_standard_headers() -> None:
    headers = _signed("standardwebhooks", timestamp=_now())
    assert StandardWebhook(SECRET).verify(BODY, headers) == json.loads(BODY)


def test_the_svix_package_refuses_another_secret() -> None:
    other = new_secret(lambda count: b"x" * count)
    with pytest.raises(SvixError):
        SvixWebhook(other).verify(BODY, _signed("svix", timestamp=_now()))


def test_the_standardwebhooks_package_refuses_an_altered_body() -> None:
    with pytest.raises(StandardError):
        StandardWebhook(SECRET).verify(BODY + b" ", _signed("standardwebhooks", timestamp=_now()))


def test_the_documented_key_is_the_secret_with_its_prefix() -> None:
    other = _signed("documented", secret=SECRET.removeprefix("whsec_"))
    assert other != _signed("documented")


@pytest.mark.parametrize("scheme", ALL)
def test_verify_accepts_what_sign_made(scheme: str) -> None:
    assert verify(_signed(scheme), BODY, secret=SECRET)


@pytest.mark.parametrize("scheme", ALL)
def test_verify_refuses_an_altered_body(scheme: str) -> None:
    assert not verify(_signed(scheme), BODY + b" ", secret=SECRET)


def test_verify_refuses_a_request_without_any_signature() -> None:
    assert not verify({"content-type": "application/json"}, BODY, secret=SECRET)


def test_verify_refuses_when_one_of_two_signatures_is_wrong() -> None:
    headers = _signed("documented", "svix") | {"svix-signature": "v1,AAAA"}
    assert not verify(headers, BODY, secret=SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Webhook-Signature": "t=now,s=00"}, id="documented time is text"),
        pytest.param({"Webhook-Signature": "t=²,s=00"}, id="documented time is no ASCII digit"),
        pytest.param({"svix-id": "a", "svix-timestamp": "x"}, id="svix time is text"),
        pytest.param({"svix-id": "a", "svix-timestamp": "1"}, id="svix signature is missing"),
        pytest.param(
            {"svix-id": "a", "svix-timestamp": "1", "svix-signature": "v1,ü"}, id="not ASCII"
        ),
    ],
)
def test_verify_refuses_malformed_headers(headers: dict[str, str]) -> None:
    assert not verify(headers, BODY, secret=SECRET)


def test_verify_finds_the_right_one_among_several_svix_signatures() -> None:
    headers = _signed("svix")
    headers["svix-signature"] = f"v1,AAAA {headers['svix-signature']}"
    assert verify(headers, BODY, secret=SECRET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SECRET, True, id="of 32 bytes"),
        pytest.param("whsec_" + "A" * 4, True, id="short"),
        pytest.param("whsec_", False, id="nothing after the prefix"),
        pytest.param("whsec_not base64!", False, id="no base64"),
        pytest.param("whsec_AAA", False, id="wrong padding"),
        pytest.param(SECRET.removeprefix("whsec_"), False, id="no prefix"),
        pytest.param("whsec_" + "A" * 400, False, id="of 300 bytes"),
        pytest.param("whsec_ä", False, id="not ASCII"),
    ],
)
def test_a_secret_is_whsec_and_base64(text: str, *, expected: bool) -> None:
    assert is_secret(text) is expected
