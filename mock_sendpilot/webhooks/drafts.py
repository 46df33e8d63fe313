"""Drafts: a POST before it is signed, so that it can be made otherwise on purpose."""

from dataclasses import dataclass
from datetime import datetime

from mock_sendpilot.webhooks.signing import sign

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be sent, and how.

    `secrets` begin with the newest; without `schemes` nothing is signed. `sent_body` is sent in
    place of the body that is signed.
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

    @property
    def content(self) -> bytes:
        """The bytes that go over the wire."""
        return self.body if self.sent_body is None else self.sent_body

    def headers(self) -> dict[str, str]:
        """The content type and the signatures."""
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
