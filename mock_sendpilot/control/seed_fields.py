"""Fields of the seed format and of the control API that no vendor's route has."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api.fields import (
    AnyField,
    ListOf,
    ValidatedField,
    WholeNumber,
    absence_messages,
)
from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import DURATION_FORMAT, parse_duration
from mock_sendpilot.world.limits import RATE_LIMIT_FORMAT, parse_rate_limit
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, normal_profile_url
from mock_sendpilot.world.models import RateLimit

_MAX_COUNT = 10**12  # far below what JSON libraries take for a number


def nested(schema: type[Schema], **options: Any) -> fields.Nested:
    """An object within another."""
    messages = absence_messages("must be a JSON object")
    return fields.Nested(schema, error_messages=messages, **options)


def list_of(item: AnyField | type[Schema], **options: Any) -> ListOf:
    """An array, empty when it is left out; no item may be null."""
    inner = item if isinstance(item, fields.Field) else fields.Nested(item)
    inner.error_messages["null"] = "must not be null"
    if not options.get("required") and not options.get("allow_none"):
        options.setdefault("load_default", list)
    return ListOf(inner, **options)


def count(**options: Any) -> WholeNumber:
    """A number of things, which may be 0."""
    return WholeNumber(0, _MAX_COUNT, **options)


class ProfileUrl(ValidatedField):
    """A LinkedIn profile URL, brought into its normal form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {PROFILE_URL_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        url = normal_profile_url(value) if isinstance(value, str) else None
        if url is None:
            raise self.error(value)
        return url


class Duration(ValidatedField):
    """A text such as `1h30m`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {DURATION_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        try:
            if isinstance(value, str):
                return parse_duration(value)
        except InvalidInput as error:
            raise ValidationError(str(error)) from None
        raise self.error(value)


class Rate(ValidatedField):
    """A text such as `60/min`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {RATE_LIMIT_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> RateLimit:
        try:
            return parse_rate_limit(value if isinstance(value, str) else "")
        except InvalidInput:
            raise self.error(value) from None


class ContractChoice(ValidatedField):
    """A contract's name, or `{"name": …, "options": {option: value}}`."""

    def __init__(self, **options: Any) -> None:
        super().__init__('must be a name or {"name": …, "options": {…}}', **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Contract:
        given = {"name": value} if isinstance(value, str) else value
        if not isinstance(given, Mapping) or not set(given) <= {"name", "options"}:
            raise self.error(value)
        options = given.get("options", {})
        if not isinstance(options, Mapping) or not isinstance(given.get("name"), str):
            raise self.error(value)
        try:
            return named_contract(given["name"], [(k, str(v)) for k, v in options.items()])
        except InvalidInput as error:
            raise ValidationError(str(error)) from error
