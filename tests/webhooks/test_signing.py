"""The three signature schemes, judged by the packages that receivers use."""

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

from mock_sendpilot.webhooks.signing import is_secret, sign, verify
from tests.support import SECRET
from tests.webhooks.disruption_checks import NEW_SECRET, NEWEST_SECRET

BODY = b'{"eventId":"evt_1767225600000_a1b2c3d4e","eventType":"lead.updated"}'
MESSAGE_ID = "msg_2emulatorEmulatorEmulator01"
THEN = 1767225600
SVIX_VECTOR = "v1,0BvdV10h0gJ8e+ArQzKwvecW2/zzA0lqmMzr9fQXAKA="
DOCUMENTED_VECTOR = "dd39b95233fd991cf6556aa444f53ed434c102cc8994d76a52efede40fc5b0b4"
OTHER_SECRET = "whsec_" + "A" * 32
SCHEMES = ("documented", "svix", "standardwebhooks")

Accepts = Callable[[str, dict[str, str], bytes], bool]


def signed(
    *schemes: str, secret: str = SECRET, older: tuple[str, ...] = (), timestamp: int = THEN
) -> dict[str, str]:
    return sign(
        schemes,
        secret=secret,
        older_secrets=older,
        message_id=MESSAGE_ID,
        timestamp=timestamp,
        body=BODY,
    )


def now() -> int:
    return int(datetime.now(tz=timezone.utc).timestamp())


def svix_accepts(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        SvixWebhook(secret).verify(body, headers)
    except SvixError:
        return False
    return True


def standard_accepts(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        return bool(StandardWebhook(secret).verify(body, headers) == json.loads(body))
    except StandardError:
        return False


PACKAGES = [
    pytest.param("svix", svix_accepts, id="svix"),
    pytest.param("standardwebhooks", standard_accepts, id="standardwebhooks"),
]


# --- sign ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        pytest.param(
            "svix",
            {
                "svix-id": MESSAGE_ID,
                "svix-timestamp": str(THEN),
                "svix-signature": SVIX_VECTOR,
            },
            id="svix",
        ),
        pytest.param(
            "documented",
            {"Webhook-Signature": f"t={THEN},s={DOCUMENTED_VECTOR}"},
            id="documented",
        ),
    ],
)
def test_the_signature_matches_the_published_vector(scheme: str, headers: dict[str, str]) -> None:
    assert signed(scheme) == headers


@pytest.mark.parametrize(("scheme", "accepts"), PACKAGES)
def test_the_package_accepts_the_secret_and_the_body_that_were_signed_alone(
    scheme: str, accepts: Accepts
) -> None:
    headers = signed(scheme, timestamp=now())

    assert accepts(SECRET, headers, BODY)
    assert not accepts(OTHER_SECRET, headers, BODY)
    assert not accepts(SECRET, headers, BODY + b" ")


def test_the_documented_key_is_the_secret_with_its_prefix() -> None:
    other = signed("documented", secret=SECRET.removeprefix("whsec_"))
    assert other != signed("documented")


# --- older secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "accepts"), PACKAGES)
@pytest.mark.parametrize(
    "older",
    [
        pytest.param((), id="none"),
        pytest.param((NEW_SECRET,), id="one"),
        pytest.param((NEW_SECRET, SECRET), id="two"),
    ],
)
def test_each_valid_secret_is_accepted_and_no_other(
    scheme: str, accepts: Accepts, older: tuple[str, ...]
) -> None:
    headers = signed(scheme, secret=NEWEST_SECRET, older=older, timestamp=now())

    secrets = (NEWEST_SECRET, NEW_SECRET, SECRET, OTHER_SECRET)
    accepted = {secret for secret in secrets if accepts(secret, headers, BODY)}
    assert accepted == {NEWEST_SECRET, *older}


@pytest.mark.parametrize(
    ("scheme", "header"), [("svix", "svix-signature"), ("standardwebhooks", "webhook-signature")]
)
def test_signatures_are_separated_by_a_space_newest_first(scheme: str, header: str) -> None:
    newest = signed(scheme, secret=NEWEST_SECRET)[header]
    both = signed(scheme, secret=NEWEST_SECRET, older=(SECRET,))[header]

    assert both == f"{newest} {SVIX_VECTOR}"


def test_a_request_has_one_id_and_one_timestamp() -> None:
    headers = signed("svix", secret=NEWEST_SECRET, older=(SECRET, NEW_SECRET))

    assert (headers["svix-id"], headers["svix-timestamp"]) == (MESSAGE_ID, str(THEN))
    assert len(headers) == 3


def test_the_documented_header_has_only_the_newest_signature() -> None:
    message = b"%d.%b" % (THEN, BODY)
    digest = hmac.new(NEWEST_SECRET.encode(), message, hashlib.sha256).hexdigest()

    headers = signed("documented", secret=NEWEST_SECRET, older=(SECRET, NEW_SECRET))
    assert headers == {"Webhook-Signature": f"t={THEN},s={digest}"}


# --- verify --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_verify_accepts_the_headers_of_sign(scheme: str) -> None:
    assert verify(signed(scheme), BODY, secret=SECRET)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_verify_refuses_an_altered_body(scheme: str) -> None:
    assert not verify(signed(scheme), BODY + b" ", secret=SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "application/json"}, id="no signature"),
        pytest.param(
            signed("documented", "svix") | {"svix-signature": "v1,AAAA"}, id="one of two is wrong"
        ),
        pytest.param({"Webhook-Signature": "t=now,s=00"}, id="documented time is text"),
        pytest.param({"Webhook-Signature": "t=²,s=00"}, id="documented time is no ASCII digit"),
        pytest.param({"svix-id": "a", "svix-timestamp": "x"}, id="svix time is text"),
        pytest.param({"svix-id": "a", "svix-timestamp": "1"}, id="svix signature is missing"),
        pytest.param(
            {"svix-id": "a", "svix-timestamp": "1", "svix-signature": "v1,ü"}, id="not ASCII"
        ),
    ],
)
def test_verify_refuses_missing_wrong_and_malformed_signatures(headers: dict[str, str]) -> None:
    assert not verify(headers, BODY, secret=SECRET)


def test_verify_finds_the_valid_one_among_several_svix_signatures() -> None:
    headers = signed("svix")
    headers["svix-signature"] = f"v1,AAAA {headers['svix-signature']}"
    assert verify(headers, BODY, secret=SECRET)


def test_verify_accepts_an_older_secret_under_svix_alone() -> None:
    svix = signed("svix", secret=NEWEST_SECRET, older=(SECRET,))
    both = signed("documented", "svix", secret=NEWEST_SECRET, older=(SECRET,))

    assert verify(svix, BODY, secret=SECRET)
    assert not verify(both, BODY, secret=SECRET)
    assert verify(both, BODY, secret=NEWEST_SECRET)


# --- secrets -------------------------------------------------------------------------------------


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
def test_a_secret_has_the_prefix_whsec_and_base64(text: str, *, expected: bool) -> None:
    assert is_secret(text) is expected
