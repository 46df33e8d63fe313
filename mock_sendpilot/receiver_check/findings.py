"""The judgement of one response of a receiver."""

import re
from http import HTTPStatus

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, WARNED, Finding
from mock_sendpilot.webhooks.http_sender import SendResult

_MAX_EXCERPT_LENGTH = 160
_ACCEPTED, _REDIRECTS, _REJECTED = range(200, 300), range(300, 400), range(400, 500)
_HUNG_SHARE = 0.98  # of the timeout: the clocks that measure it differ
_RESPOND_FIRST = (
    "Respond first and work afterwards: store the event (a table, a queue), return 2xx, and do the "
    "rest outside the request."
)
_CERTIFICATE = (
    "Use a certificate that clients trust; for your own certificate authority set "
    "REQUESTS_CA_BUNDLE to its file."
)
_UNREACHABLE = "Check that the receiver runs, listens at this address and keeps connections open."
_NO_RATE_LIMIT = "Do not limit the rate of this route, or check the receiver where it has no limit."


@dataclass(frozen=True, slots=True)
class ReceiverResponse:
    """The response of a receiver to one POST, or the error in its place."""

    result: SendResult
    timeout_seconds: float

    @property
    def status_code(self) -> int | None:
        """The status, or None without a response."""
        return None if self.result.response is None else self.result.response.status_code

    @property
    def seconds(self) -> float:
        """The time it took."""
        return self.result.duration_seconds

    @property
    def is_accepted(self) -> bool:
        """Return whether the status is a 2xx."""
        return self.status_code in _ACCEPTED

    @property
    def is_hung(self) -> bool:
        """Return whether the timeout passed before the response was complete."""
        response = self.result.response
        is_complete = response is not None and not response.is_truncated
        return not is_complete and self.seconds >= self.timeout_seconds * _HUNG_SHARE

    @property
    def has_no_route(self) -> bool:
        """Return whether the URL has no route that takes a POST."""
        return self.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}

    def __str__(self) -> str:
        response = self.result.response
        if response is None:
            return self.result.error or "no response"
        status = response.status_code
        if self.is_hung:
            return f"{status}, but no complete response within {self.timeout_seconds:g} s"
        text = f"{status} in {self.seconds * 1000:.0f} ms"
        if self.is_accepted:
            return text
        # Many frameworks repeat the status in the body, as in "401 Unauthorized".
        excerpt = _excerpt(response.body).removeprefix(f"{status}").lstrip(" :-")
        return f"{text}: {excerpt}" if excerpt else text


def expect_accepted(response: ReceiverResponse) -> Finding:
    """Judge the response to a request the receiver should accept.

    A finding with a fix says nothing about the event itself: anything else would get that response.
    """
    if response.is_accepted and not response.is_hung:
        return Finding(PASSED, str(response))
    return Finding(FAILED, str(response), _acceptance_fix(response))


def expect_rejected(response: ReceiverResponse) -> Finding:
    """Judge the response to a request the receiver should reject."""
    if response.is_accepted:
        return Finding(FAILED, f"{response}: accepted")
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        observed = f"{response}: a rate limit rejects nothing"
        return Finding(INCONCLUSIVE, observed, _NO_RATE_LIMIT)
    if response.is_hung:
        return Finding(WARNED, f"rejected by hanging: {response}", "Answer 401 at once.")
    if response.status_code in _REJECTED:
        return Finding(PASSED, str(response))
    accident = "a redirect" if response.status_code in _REDIRECTS else "crashing"
    fix = (
        "Answer 401: catch whatever the verification raises. (On a malformed header the packages "
        "svix and standardwebhooks may raise ValueError as well as their own error.)"
    )
    return Finding(WARNED, f"rejected by {accident}: {response}", fix)


def _acceptance_fix(response: ReceiverResponse) -> str | None:
    """Return the fix for a response that is not about the event, or None."""
    if response.is_hung:
        return _RESPOND_FIRST
    if response.result.response is None:
        error = (response.result.error or "").lower()
        is_tls = any(word in error for word in ("certificate", "ssl", "tls"))
        return _CERTIFICATE if is_tls else _UNREACHABLE
    if response.status_code in _REDIRECTS:
        # From a stranger, and printed: it may hold anything.
        location = _one_line(response.result.response.headers.get("Location", ""))
        destination = f" It leads to {location}." if location else ""
        return f"Give the final URL: redirects are not followed.{destination}"
    return _NO_RATE_LIMIT if response.status_code == HTTPStatus.TOO_MANY_REQUESTS else None


def _excerpt(body: bytes) -> str:
    """Return the beginning of a body; of an HTML page its title."""
    text = _one_line(body.decode("utf-8", "replace"))
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE)
        text = title[1] if title else ""
    return text if len(text) <= _MAX_EXCERPT_LENGTH else f"{text[:_MAX_EXCERPT_LENGTH]}…"


def _one_line(text: str) -> str:
    """Return a text on one line, without escape sequences that could steer a terminal."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())
