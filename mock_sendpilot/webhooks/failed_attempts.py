"""Failed attempts in words, for the message of a wait that ended in vain."""

from collections.abc import Iterable

from mock_sendpilot.redaction import redacted
from mock_sendpilot.webhooks.deliveries import Attempt, Delivery

_MAX_FAILED = 10
_MAX_BODY_LENGTH = 200


def failed_attempts(deliveries: Iterable[Delivery]) -> list[str]:
    """Describe each failed attempt, a line each: its number, its URL and the error in words."""
    failed = [
        (delivery, attempt)
        for delivery in deliveries
        for attempt in delivery.attempts
        if not attempt.is_success
    ]
    failed.sort(key=lambda one: one[1].sent_at)
    lines = [
        redacted(
            f"attempt {attempt.number} of {delivery.event_type} to {attempt.url} failed: "
            f"{_outcome(attempt)}"
        )
        for delivery, attempt in failed[-_MAX_FAILED:]
    ]
    left_out = len(failed) - len(lines)
    return [f"{left_out} earlier attempts failed as well", *lines] if left_out else lines


def _outcome(attempt: Attempt) -> str:
    disrupted = f" (disrupted: {attempt.disruption})" if attempt.disruption else ""
    response = attempt.response
    if response is None:
        return f"{attempt.error}{disrupted}"
    body = " ".join(response.body.decode("utf-8", "replace").split())
    text = f"{body[:_MAX_BODY_LENGTH]}…" if len(body) > _MAX_BODY_LENGTH else body
    return f"the response was {response.status_code}{f' {text!r}' if text else ''}{disrupted}"
