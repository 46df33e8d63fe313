"""The signatures of a webhook request. Pure: a secret, a time and some bytes in, headers out.

Three schemes, from section (c) of the reconstructed contract:

`documented` (the vendor's pages)
    One header `Webhook-Signature: t=<unix seconds>,s=<hex HMAC-SHA256>` over `<t>.<body>`. The key
    is the secret as it stands, `whsec_` included.
`svix` (what production consumers verify)
    `svix-id`, `svix-timestamp` and `svix-signature: v1,<base64 HMAC-SHA256>` over
    `<id>.<timestamp>.<body>`. The key is the base64-decoded part of the secret after `whsec_`.
`standardwebhooks`
    The same with `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 24
_MAX_SECRET_BYTES = 256
_UNIX_SECONDS = re.compile(r"[0-9]{1,15}")
SECRET_FORMAT = (
    "'whsec_' followed by base64, such as the vendor's dashboard gives; "
    'make one with: python -c "import base64, os; '
    "print('whsec_' + base64.b64encode(os.urandom(24)).decode())\""
)


def sign(
    schemes: Iterable[str],
    *,
    secret: str,
    message_id: str,
    timestamp: int,
    body: bytes,
    older_secrets: Sequence[str] = (),
) -> dict[str, str]:
    """The signature headers of one attempt.

    Args:
        schemes: names out of `documented`, `svix` and `standardwebhooks`.
        secret: `whsec_…`.
        message_id: stays the same for each attempt.
        timestamp: unix seconds, fresh for each attempt.
        body: exactly the bytes that are sent.
        older_secrets: those that are still valid after a rotation. Each gives a further signature
            in the same header, apart by a blank, but for `documented`, which cannot carry two.
    """
    headers: dict[str, str] = {}
    for scheme in schemes:
        headers.update(_SIGNERS[scheme]((secret, *older_secrets), message_id, timestamp, body))
    return headers


def verify(headers: Mapping[str, str], body: bytes, *, secret: str) -> bool:
    """Whether there are signatures of known schemes and all are right; their age does not count."""
    given = {name.lower(): value for name, value in headers.items()}
    results = [check(given, body, secret) for check in (_verify_documented, _verify_svix)]
    results.append(_verify_prefixed("webhook", given, body, secret))
    known = [result for result in results if result is not None]
    return bool(known) and all(known)


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A signing secret like those of the vendor's dashboard."""
    return SECRET_PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether a text can serve as a signing secret under every scheme."""
    if not isinstance(text, str) or not text.startswith(SECRET_PREFIX):
        return False
    try:
        key = _decoded_key(text)
    except (binascii.Error, ValueError):
        return False
    return 0 < len(key) <= _MAX_SECRET_BYTES


def _decoded_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def _hmac(key: bytes, message: bytes) -> "hmac.HMAC":
    return hmac.new(key, message, hashlib.sha256)


def _documented_value(secret: str, timestamp: int, body: bytes) -> str:
    digest = _hmac(secret.encode(), b"%d.%b" % (timestamp, body)).hexdigest()
    return f"t={timestamp},s={digest}"


def _svix_value(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    message = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digest = _hmac(_decoded_key(secret), message).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _documented(
    secrets: Sequence[str], _message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    return {"Webhook-Signature": _documented_value(secrets[0], timestamp, body)}


def _prefixed(
    prefix: str, secrets: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    signatures = (_svix_value(secret, message_id, timestamp, body) for secret in secrets)
    return {
        f"{prefix}-id": message_id,
        f"{prefix}-timestamp": str(timestamp),
        f"{prefix}-signature": " ".join(signatures),
    }


_SIGNERS: Mapping[str, Callable[[Sequence[str], str, int, bytes], dict[str, str]]] = {
    "documented": _documented,
    "svix": partial(_prefixed, "svix"),
    "standardwebhooks": partial(_prefixed, "webhook"),
}


def _verify_documented(given: Mapping[str, str], body: bytes, secret: str) -> bool | None:
    value = given.get("webhook-signature", "")
    if not value.startswith("t="):
        return None
    timestamp = value.partition(",")[0].removeprefix("t=")
    if not _UNIX_SECONDS.fullmatch(timestamp):
        return False
    return _same(value, _documented_value(secret, int(timestamp), body))


def _verify_svix(given: Mapping[str, str], body: bytes, secret: str) -> bool | None:
    return _verify_prefixed("svix", given, body, secret)


def _verify_prefixed(
    prefix: str, given: Mapping[str, str], body: bytes, secret: str
) -> bool | None:
    timestamp, message_id = given.get(f"{prefix}-timestamp"), given.get(f"{prefix}-id")
    if timestamp is None or message_id is None:
        return None
    if not _UNIX_SECONDS.fullmatch(timestamp):
        return False
    expected = _svix_value(secret, message_id, int(timestamp), body)
    values = given.get(f"{prefix}-signature", "").split(" ")
    return any(_same(value, expected) for value in values)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
