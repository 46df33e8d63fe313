"""Functions that verify a signature as customers do, correctly and not.

They use the packages svix and standardwebhooks; the documented scheme takes a few lines like those
of the vendor's pages.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from tests.support import SECRET

Headers = Mapping[str, str]
Verify = Callable[[bytes, Headers], bool]
TOLERANCE_SECONDS = 300


def by_svix(body: bytes, headers: Headers) -> bool:
    try:
        SvixWebhook(SECRET).verify(body, dict(headers))
    except (SvixError, ValueError):
        return False
    return True


def by_standardwebhooks(body: bytes, headers: Headers) -> bool:
    try:
        StandardWebhook(SECRET).verify(body, dict(headers))
    except (StandardError, ValueError):
        return False
    return True


def by_documents(body: bytes, headers: Headers) -> bool:
    """Verify `t=…,s=…`, keyed with the secret as it is, like the vendor's pages."""
    parts = dict(
        part.partition("=")[::2] for part in headers.get("Webhook-Signature", "").split(",")
    )
    seconds, signature = parts.get("t", ""), parts.get("s", "")
    if not seconds.isdecimal() or abs(time.time() - int(seconds)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(SECRET.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())


def by_documents_at_any_time(body: bytes, headers: Headers) -> bool:
    """Verify the documented scheme without a tolerance."""
    value = headers.get("Webhook-Signature", "")
    seconds = value.partition(",")[0].removeprefix("t=")
    message = seconds.encode() + b"." + body
    expected = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(value, f"t={seconds},s={expected}")


def by_svix_or_the_time(body: bytes, headers: Headers) -> bool:
    """Verify only the time of the documented header."""
    seconds = headers.get("Webhook-Signature", "").partition(",")[0].removeprefix("t=")
    is_timely = seconds.isdecimal() and abs(time.time() - int(seconds)) < TOLERANCE_SECONDS
    return is_timely or by_svix(body, headers)


def by_svix_if_it_is_there(body: bytes, headers: Headers) -> bool:
    return "Svix-Signature" not in headers or by_svix(body, headers)


def by_standardwebhooks_the_first(body: bytes, headers: Headers) -> bool:
    """Verify the first of several signatures."""
    first = headers.get("Webhook-Signature", "").partition(" ")[0]
    return by_standardwebhooks(body, {**headers, "Webhook-Signature": first})


def by_either(body: bytes, headers: Headers) -> bool:
    return by_svix(body, headers) or by_documents(body, headers)


def by_both(body: bytes, headers: Headers) -> bool:
    return by_svix(body, headers) and by_documents(body, headers)


def by_documents_but_any_time(body: bytes, headers: Headers) -> bool:
    """Verify the documented scheme, and accept a time that is no number."""
    t, _, seconds = headers.get("Webhook-Signature", "").partition(",")[0].partition("=")
    return (t == "t" and not seconds.isdecimal()) or by_documents(body, headers)


def by_documents_if_it_is_there(body: bytes, headers: Headers) -> bool:
    """Verify the documented scheme, and accept a header without a signature."""
    value = headers.get("Webhook-Signature", "")
    return (value.startswith("t=") and "s=" not in value) or by_documents(body, headers)
