"""A POST before it is signed, so that it can be made otherwise on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mock_sendpilot.version import __version__
from mock_sendpilot.webhooks.deliveries import Response
from mock_sendpilot.webhooks.signing import sign

JSON_TYPE = "application/json"
USER_AGENT = f"mock-sendpilot/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A POST as it goes over the wire: at once, in `seconds_to_send`, or cut on purpose.

    It is cut in the middle of its body, or as soon as the receiver begins to answer.
    """

    url: str
    headers: Mapping[str, str]
    content: bytes
    seconds_to_send: float = 0
    breaks_off: bool = False
    loses_answer: bool = False

    @property
    def is_cut(self) -> bool:
        """Return whether its connection ends before the answer is read."""
        return self.breaks_off or self.loses_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """A POST that was made. Without a response, `error` says in words what went wrong."""

    sent_at: datetime
    duration_seconds: float
    headers: Mapping[str, str]
    response: Response | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """A POST before it is signed.

    `secrets` begin with the newest; without `schemes` nothing is signed. `sent_body` is sent in
    place of the body that is signed. `extra_headers` are the endpoint's own.
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
    loses_answer: bool = False
    extra_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The bytes that go over the wire."""
        return self.body if self.sent_body is None else self.sent_body

    def signed(self) -> SignedRequest:
        """The request, with its signatures."""
        return SignedRequest(
            url=self.url,
            headers={"User-Agent": USER_AGENT, **self.extra_headers, **self.headers()},
            content=self.content,
            seconds_to_send=self.seconds_to_send,
            breaks_off=self.breaks_off,
            loses_answer=self.loses_answer,
        )

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
