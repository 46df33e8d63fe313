"""The schemas of a webhook endpoint and its settings, which a seed and the control API share."""

from typing import Any

from marshmallow import post_load

from mock_sendpilot.api.fields import Boolean, Choice, Number, SecretText, Text, WholeNumber
from mock_sendpilot.control.fields import EventTypes, Headers, Strict, TupleOf
from mock_sendpilot.world.endpoint_settings import (
    MAX_CONCURRENCY,
    MAX_DELAY_SECONDS,
    MAX_TIMEOUT_SECONDS,
    MIN_TIMEOUT_SECONDS,
    SIGNATURE_CLOCKS,
    SIGNATURE_SCHEMES,
    EndpointSettings,
)


class SettingsSchema(Strict):
    """The settings of an endpoint; null leaves one to the contract or the server."""

    retry_delays_seconds = TupleOf(Number(0, MAX_DELAY_SECONDS, unit="seconds"), allow_none=True)
    timeout_seconds = Number(
        MIN_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS, unit="seconds", allow_none=True
    )
    signatures = TupleOf(Choice(SIGNATURE_SCHEMES), allow_none=True)
    concurrency = WholeNumber(1, MAX_CONCURRENCY)
    signature_clock = Choice(SIGNATURE_CLOCKS)
    headers = Headers()
    pass_traceparent = Boolean()


class EndpointSchema(SettingsSchema):
    """An endpoint of a seed."""

    url = Text(required=True)
    secret = SecretText(allow_none=True)
    event_types = EventTypes(data_key="events", allow_none=True)
    is_enabled = Boolean(data_key="enabled")

    @post_load
    def _gather_settings(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        names = SettingsSchema().fields.keys() & data.keys()
        settings = EndpointSettings(**{name: data.pop(name) for name in names})
        return {**data, "settings": settings}
