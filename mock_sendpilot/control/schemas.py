"""The schemas of the control API. Unlike the vendor's API it refuses fields it does not know."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import EXCLUDE, ValidationError, fields, pre_load, validates_schema

from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    QueryNumber,
    SecretText,
    Text,
    Timestamp,
    excerpt,
    json_kind,
)
from mock_sendpilot.redaction import redacted_headers
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.webhooks.deliveries import STATES, Attempt, Delivery, Response


class Strict(CamelCaseSchema):
    """Names the nearest known field for one that is unknown."""

    example: ClassVar[str] = ""
    """An object that will do, for those that are easily mistaken."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE  # so that the message below is the one that is seen

    @pre_load
    def _insist_on_object(self, data: object, **_: object) -> object:
        if not isinstance(data, Mapping):
            such_as = f" such as {self.example}" if self.example else ""
            found = json_kind(data) if self._is_secret() else excerpt(data)
            raise ValidationError(f"must be a JSON object{such_as}; it was {found}")
        return data

    def _is_secret(self) -> bool:
        """Return whether a bare text in the place of the object is likely to be a secret."""
        return any(isinstance(one, SecretText) and one.required for one in self.fields.values())

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown(self, _data: object, original: object, **_: object) -> None:
        given = original if isinstance(original, Mapping) else {}
        for name in given:
            if name not in self.json_keys:
                guess = did_you_mean(str(name), self.json_keys)
                known = ", ".join(self.json_keys)
                raise ValidationError(
                    f"unknown field {str(name)[:80]!r}; {guess}known fields are: {known}"
                )


class DeliveryQuery(Strict):
    """The query of GET /_emulate/deliveries."""

    state = Choice(STATES)
    endpoint_id = Text()
    event_type = Text()
    lead_id = Text()
    event_id = Text()
    page = QueryNumber(1, 1_000_000, load_default=1)
    limit = QueryNumber(1, 100, load_default=50)


class ResendFailed(Strict):
    """The body of POST /_emulate/deliveries/resend."""

    since = Timestamp(required=True)


def last_outcome(attempts: Sequence[Attempt]) -> int | str | None:
    """The status of the last answer, or what went wrong; None without an attempt."""
    if not attempts:
        return None
    last = attempts[-1]
    return last.response.status_code if last.response else last.error


def _disruption(delivery: Delivery) -> dict[str, str] | None:
    applied = delivery.disruption
    return None if applied is None else {"id": applied.disruption_id, "kind": applied.kind}


class DeliverySummary(CamelCaseSchema):
    """A delivery in a list."""

    id = fields.String()
    state = fields.String()
    endpoint_id = fields.String()
    event_id = fields.String()
    event_type = fields.String()
    lead_id = fields.String()
    created_at = Timestamp()
    next_attempt_at = Timestamp()
    reason = fields.String()
    disruption = fields.Function(_disruption)
    attempt_count = fields.Function(lambda delivery: len(delivery.attempts))
    last_outcome = fields.Function(lambda delivery: last_outcome(delivery.attempts))


class DeliveryDetail(DeliverySummary):
    """A delivery with its attempts."""

    attempts = fields.Function(
        lambda delivery: [_attempt(attempt, delivery.body) for attempt in delivery.attempts]
    )


def _attempt(attempt: Attempt, body: bytes) -> dict[str, Any]:
    sent = body if attempt.sent_body is None else attempt.sent_body
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "disruption": attempt.disruption,
        "at": iso_milliseconds(attempt.started_at),
        "sentAt": iso_milliseconds(attempt.sent_at),
        "signedAt": iso_milliseconds(attempt.signed_at),
        "durationMs": round(attempt.duration_seconds * 1000, 1),
        "request": {
            "method": "POST",
            "url": attempt.url,
            "headers": redacted_headers(attempt.request_headers),
            "body": sent.decode("utf-8", "replace"),
            "truncated": len(sent) < attempt.sent_bytes,
        },
        "response": _response(attempt.response) if attempt.response else None,
        "error": attempt.error,
    }


def _response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "headers": redacted_headers(response.headers),
        "body": response.body.decode("utf-8", "replace"),
        "truncated": response.is_truncated,
    }
