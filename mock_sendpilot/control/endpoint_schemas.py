"""The schemas of webhook endpoints."""

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from mock_sendpilot.api.fields import (
    AnyField,
    Boolean,
    CamelCaseSchema,
    Choice,
    JsonObject,
    Number,
    SecretText,
    Text,
    Timestamp,
    WholeNumber,
    excerpt,
    json_kind,
)
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import list_of
from mock_sendpilot.redaction import masked, redacted_headers
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.world.endpoint_settings import (
    MAX_CONCURRENCY,
    MAX_DELAY_SECONDS,
    MAX_TIMEOUT_SECONDS,
    MIN_TIMEOUT_SECONDS,
    SIGNATURE_CLOCKS,
    SIGNATURE_SCHEMES,
    EndpointSettings,
)

MAX_EVENTS = 500
"""How many events one request may have delivered."""


class EventTypes(AnyField):
    """A list of event types; which ones exist is the contract's matter."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return tuple(value)
        raise ValidationError(f"must be an array of event types; it was {excerpt(value)}")


class TupleOf(AnyField):
    """An array of such items."""

    def __init__(self, item: AnyField, **options: Any) -> None:
        self._item = item
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValidationError(f"must be an array; it was {excerpt(value)}")
        return tuple(self._item.deserialize(item) for item in value)


class HeadersField(JsonObject):
    """Headers by name. A refusal shows none of the values."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise ValidationError(f"{self.expected}; it was {json_kind(value)}")


class _Settings(Strict):
    """How an endpoint is delivered to; null is what the contract or the server says."""

    retry_delays_seconds = TupleOf(
        Number(0, MAX_DELAY_SECONDS, unit="seconds"),
        allow_none=True,
    )
    timeout_seconds = Number(
        MIN_TIMEOUT_SECONDS,
        MAX_TIMEOUT_SECONDS,
        unit="seconds",
        allow_none=True,
    )
    signatures = TupleOf(Choice(SIGNATURE_SCHEMES), allow_none=True)
    concurrency = WholeNumber(1, MAX_CONCURRENCY)
    signature_clock = Choice(SIGNATURE_CLOCKS)
    headers = HeadersField()


class NewEndpoint(_Settings):
    """An endpoint in a seed."""

    url = Text(required=True)
    secret = SecretText(allow_none=True)
    events = EventTypes(allow_none=True, attribute="event_types")
    enabled = Boolean(attribute="is_enabled")

    @post_load
    def _with_settings(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """Its settings as one object."""
        names = _Settings().fields.keys() & data.keys()
        settings = EndpointSettings(**{name: data.pop(name) for name in names})
        return {**data, "settings": settings}


class MadeEndpoint(NewEndpoint):
    """The body of POST /_emulate/endpoints."""

    forwarded = Boolean(attribute="is_forwarded")


class EndpointChanges(_Settings):
    """The body of PATCH /_emulate/endpoints/{id}: any of the fields."""

    url = Text()
    secret = SecretText()
    events = EventTypes(allow_none=True, attribute="event_types")
    enabled = Boolean(attribute="is_enabled")


class Rotation(Strict):
    """The body of POST /_emulate/endpoints/{id}/rotate-secret; without a secret one is made."""

    secret = SecretText(allow_none=True)


class MissedEvents(Strict):
    """The body of POST /_emulate/endpoints/{id}/deliveries: the ids of recorded events."""

    event_ids = list_of(Text(), required=True, validate=Length(1, MAX_EVENTS))


class TestOfEndpoint(Strict):
    """The body of POST /_emulate/endpoints/{id}/test; by default an event that it wants."""

    event_type = Text(allow_none=True)


def _retired(endpoint: Endpoint) -> list[dict[str, str]]:
    return [
        {"secret": masked(one.secret), "validUntil": iso_milliseconds(one.valid_until)}
        for one in endpoint.retired_secrets
    ]


class EndpointReply(CamelCaseSchema):
    """An endpoint, its secrets cut short; null is what the contract or the server says."""

    id = fields.String()
    url = fields.String()
    events = fields.Raw(attribute="event_types")
    enabled = fields.Boolean(attribute="is_enabled")
    secret = fields.Function(lambda endpoint: masked(endpoint.secret))
    retired_secrets = fields.Function(_retired)
    forwarded = fields.Boolean(attribute="is_forwarded")
    disabled_reason = fields.String()
    retry_delays_seconds = fields.Raw(attribute="settings.retry_delays_seconds")
    timeout_seconds = fields.Raw(attribute="settings.timeout_seconds")
    signatures = fields.Raw(attribute="settings.signatures")
    concurrency = fields.Raw(attribute="settings.concurrency")
    signature_clock = fields.Raw(attribute="settings.signature_clock")
    headers = fields.Function(lambda endpoint: redacted_headers(endpoint.settings.headers))
    created_at = Timestamp()
