"""Answers: what a receiver said to one POST, in words, and whether it accepted or refused."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, WARNED, Finding
from mock_sendpilot.webhooks.http_sender import SendResult

_LONGEST_EXCERPT = 160
_ACCEPTED, _REDIRECTS, _REFUSALS = range(200, 300), range(300, 400), range(400, 500)
_NEARLY = 0.98  # of the timeout: the clocks that measure it differ
_ANSWER_FIRST = (
    "Answer first and work afterwards: keep the event (a table, a queue), return 2xx, and do the "
    "rest outside of the request."
)
_CERTIFICATE = (
    "Use a certificate that clients trust; for one of your own authority set REQUESTS_CA_BUNDLE to "
    "its file."
)
_NOT_THERE = "See that the receiver runs, listens at this address and does not close connections."
_NO_LIMIT = "Do not limit the rate of this route, or check the receiver where there is no limit."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one POST, and how long that could take."""

    result: SendResult
    timeout_seconds: float

    @property
    def status_code(self) -> int | None:
        """The status; None when there was no answer."""
        return None if self.result.response is None else self.result.response.status_code

    @property
    def body(self) -> bytes:
        """The beginning of the answer's body."""
        return b"" if self.result.response is None else self.result.response.body

    @property
    def is_accepted(self) -> bool:
        """Whether it is a 2xx, which ends the delivery."""
        return self.status_code in _ACCEPTED

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.result.duration_seconds

    @property
    def is_hung(self) -> bool:
        """Whether it did not come in time, or not to its end."""
        response = self.result.response
        is_whole = response is not None and not response.is_truncated
        return not is_whole and self.seconds >= self.timeout_seconds * _NEARLY

    def __str__(self) -> str:
        if self.status_code is None:
            return self.result.error or "no answer"
        took = f"{self.status_code} in {self.seconds * 1000:.0f} ms"
        if self.is_hung:
            return f"{self.status_code}, but no end of the answer within {self.timeout_seconds:g} s"
        excerpt = (
            "" if self.is_accepted else _excerpt(self.body).removeprefix(f"{self.status_code}")
        )
        return f"{took}: {excerpt.lstrip(' :-')}" if excerpt else took


def acceptance(answer: Answer) -> Finding:
    """What it says of a receiver that should have accepted."""
    if answer.is_accepted and not answer.is_hung:
        return Finding(PASSED, str(answer))
    return Finding(FAILED, str(answer), _fix(answer))


def refusal(answer: Answer) -> Finding:
    """What it says of a receiver that should have refused."""
    if answer.is_accepted:
        return Finding(FAILED, f"{answer}: it took it")
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Finding(
            INCONCLUSIVE, f"{answer}: that limits the rate and refuses nothing", _NO_LIMIT
        )
    if answer.status_code in _REFUSALS and not answer.is_hung:
        return Finding(PASSED, str(answer))
    how = "refused by a redirect" if answer.status_code in _REDIRECTS else "refused by crashing"
    if answer.is_hung:
        return Finding(WARNED, f"refused by hanging: {answer}", "Answer 401 at once.")
    fix = (
        "Answer 401: catch whatever the verification raises. (On a malformed header the "
        "packages svix and standardwebhooks may raise ValueError besides their own error.)"
    )
    return Finding(WARNED, f"{how}: {answer}", fix)


def _fix(answer: Answer) -> str | None:
    """What to do where it is not the event that matters."""
    error = (answer.result.error or "").lower()
    if answer.is_hung:
        return _ANSWER_FIRST
    if answer.status_code is None:
        is_tls = any(word in error for word in ("certificate", "ssl", "tls"))
        return _CERTIFICATE if is_tls else _NOT_THERE
    if answer.status_code in _REDIRECTS:
        where = answer.result.response.headers.get("Location") if answer.result.response else None
        leads_to = f" It leads to {printable(where)}." if where else ""
        return f"Give the URL that answers by itself: redirects are not followed.{leads_to}"
    return _NO_LIMIT if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS else None


def printable(text: str) -> str:
    """A text on one line, without what could steer a terminal."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())


def _excerpt(body: bytes) -> str:
    """How it begins; of a page its title."""
    text = printable(body.decode("utf-8", "replace"))
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE)
        text = title[1] if title else ""
    return text if len(text) <= _LONGEST_EXCERPT else f"{text[:_LONGEST_EXCERPT]}…"
