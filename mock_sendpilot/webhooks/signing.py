"""Signatures of webhooks, and requests before and after they are signed.

Everything here is pure: a secret, a time and some bytes in, headers out. There are three schemes:

`documented` (the vendor's pages)
    One header `Webhook-Signature: t=<unix seconds>,s=<hex HMAC-SHA256>` over `<t>.<body>`. The key
    is the whole secret, including `whsec_`.
`svix` (what consumers verify in production)
    `svix-id`, `svix-timestamp` and `svix-signature: v1,<base64 HMAC-SHA256>` over
    `<id>.<timestamp>.<body>`. The key is the base64-decoded part of the secret after `whsec_`.
`standardwebhooks`
    The same with `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.stages import Stages

JSON_TYPE = "application/json"
USER_AGENT = f"mock-sendpilot/{__version__}"

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 24
SECRET_FORMAT = (
    "'whsec_' followed by base64, such as the vendor's dashboard gives; "
    'make one with: python -c "import base64, os; '
    "print('whsec_' + base64.b64encode(os.urandom(24)).decode())\""
)
_MAX_SECRET_BYTES = 256
_UNIX_SECONDS = re.compile(r"[0-9]{1,15}")  # `\d` would match the digits of other scripts
_HEADER_PREFIXES: Mapping[str, str] = {"svix": "svix", "standardwebhooks": "webhook"}
"""The beginnings of the three headers of a scheme."""
MULTI_SIGNATURE_SCHEMES = frozenset(_HEADER_PREFIXES)
"""The schemes whose header can have several signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A POST as it goes over the wire: at once, over `seconds_to_send`, or cut on purpose.

    `breaks_off` cuts it in the middle of its body, `loses_response` as soon as the receiver begins
    to respond. `stages` act on it while it is made.
    """

    url: str
    headers: Mapping[str, str]
    content: bytes
    message_id: str = ""
    seconds_to_send: float = 0
    breaks_off: bool = False
    loses_response: bool = False
    stages: Stages | None = None

    @property
    def is_cut(self) -> bool:
        """Return whether the connection ends before the response is read."""
        return self.breaks_off or self.loses_response


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """A POST before it is signed, which a disruption may alter.

    Attributes:
        secrets: the newest first.
        schemes: of the signatures; without any, nothing is signed.
        sent_body: sent in place of the body that is signed.
        extra_headers: the endpoint's own.
    """

    url: str
    body: bytes
    message_id: str
    schemes: tuple[str, ...]
    secrets: tuple[str, ...]
    signed_at: datetime
    content_type: str = JSON_TYPE
    sent_body: bytes | None = None
    seconds_to_send: float = 0
    breaks_off: bool = False
    loses_response: bool = False
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    stages: Stages | None = None

    @property
    def content(self) -> bytes:
        """The bytes that go over the wire."""
        return self.body if self.sent_body is None else self.sent_body

    def signed(self) -> SignedRequest:
        """Return the request with its signatures."""
        return SignedRequest(
            url=self.url,
            headers={"User-Agent": USER_AGENT, **self.extra_headers, **self.headers()},
            content=self.content,
            message_id=self.message_id,
            seconds_to_send=self.seconds_to_send,
            breaks_off=self.breaks_off,
            loses_response=self.loses_response,
            stages=self.stages,
        )

    def headers(self) -> dict[str, str]:
        """Return the content type and the signatures."""
        headers = {"Content-Type": self.content_type}
        if not self.schemes:
            return headers
        newest, *older = self.secrets
        signatures = sign(
            self.schemes,
            secret=newest,
            older_secrets=older,
            message_id=self.message_id,
            timestamp=int(self.signed_at.timestamp()),
            body=self.body,
        )
        return {**headers, **signatures}


def sign(
    schemes: Iterable[str],
    *,
    secret: str,
    message_id: str,
    timestamp: int,
    body: bytes,
    older_secrets: Sequence[str] = (),
) -> dict[str, str]:
    """Return the signature headers of one attempt.

    Args:
        schemes: names out of `documented`, `svix` and `standardwebhooks`.
        secret: `whsec_…`.
        message_id: the same for every attempt.
        timestamp: unix seconds, new for every attempt.
        body: exactly the bytes that are sent.
        older_secrets: those that are still valid after a rotation. Each adds a signature to the
            same header, except under `documented`, whose header can hold only one.
    """
    headers: dict[str, str] = {}
    for scheme in schemes:
        if scheme == "documented":  # its header, as the vendor's sample parses it, holds one `s=`
            headers["Webhook-Signature"] = _documented_signature(secret, timestamp, body)
            continue
        prefix = _HEADER_PREFIXES[scheme]
        signatures = [
            _svix_signature(each, message_id, timestamp, body) for each in (secret, *older_secrets)
        ]
        headers[f"{prefix}-id"] = message_id
        headers[f"{prefix}-timestamp"] = str(timestamp)
        headers[f"{prefix}-signature"] = " ".join(signatures)
    return headers


def verify(headers: Mapping[str, str], body: bytes, *, secret: str) -> bool:
    """Return whether a request has signatures of known schemes and all of them are valid.

    Their age does not count: tolerance is for the receiver to choose.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    results = [_is_documented_valid(by_name, body, secret)]
    results += [
        _is_svix_valid(prefix, by_name, body, secret) for prefix in _HEADER_PREFIXES.values()
    ]
    present = [is_valid for is_valid in results if is_valid is not None]
    return bool(present) and all(present)


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return a signing secret like those of the vendor's dashboard."""
    return SECRET_PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Return whether a text can serve as a signing secret under every scheme."""
    if not isinstance(text, str) or not text.startswith(SECRET_PREFIX):
        return False
    try:
        key = _decoded_key(text)
    except (binascii.Error, ValueError):
        return False
    return 0 < len(key) <= _MAX_SECRET_BYTES


def _decoded_key(secret: str) -> bytes:
    # Without `validate` characters that are no base64 would be ignored, and two secrets be one.
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def _documented_signature(secret: str, timestamp: int, body: bytes) -> str:
    # The vendor's sample code uses the secret as it is; Svix removes the prefix and decodes it.
    message = b"%d.%b" % (timestamp, body)
    digest = hmac.digest(secret.encode(), message, "sha256").hex()
    return f"t={timestamp},s={digest}"


def _svix_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    message = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digest = hmac.digest(_decoded_key(secret), message, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def _is_documented_valid(headers: Mapping[str, str], body: bytes, secret: str) -> bool | None:
    """Return None where the request has no signature of this scheme."""
    signature = headers.get("webhook-signature", "")
    if not signature.startswith("t="):  # Standard Webhooks has a header of the same name
        return None
    timestamp = signature.partition(",")[0].removeprefix("t=")
    if not _UNIX_SECONDS.fullmatch(timestamp):
        return False
    expected = _documented_signature(secret, int(timestamp), body)
    return hmac.compare_digest(signature.encode(), expected.encode())


def _is_svix_valid(
    prefix: str, headers: Mapping[str, str], body: bytes, secret: str
) -> bool | None:
    """Return None where the request has no signature of this scheme."""
    timestamp, message_id = headers.get(f"{prefix}-timestamp"), headers.get(f"{prefix}-id")
    if timestamp is None or message_id is None:
        return None
    if not _UNIX_SECONDS.fullmatch(timestamp):
        return False
    expected = _svix_signature(secret, message_id, int(timestamp), body)
    signatures = headers.get(f"{prefix}-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in signatures)
