"""Fields of the seed format and of the control API that no vendor's route has."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields

from mock_sendpilot.api.fields import AnyField, Checked, ListOf, absence_messages
from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import DURATION_FORMAT, parse_duration
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, normal_profile_url
from mock_sendpilot.world.models import RateLimit
from mock_sendpilot.world.rate_limits import RATE_LIMIT_FORMAT, parse_rate_limit

_MOST = 10**12  # far below what JSON libraries take for a number


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


class ProfileUrl(Checked):
    """A LinkedIn profile URL, brought into its normal form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {PROFILE_URL_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        url = normal_profile_url(value) if isinstance(value, str) else None
        if url is None:
            raise self.refusal(value)
        return url


class Count(Checked):
    """A whole number, 0 or more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be a whole number from 0 to {_MOST}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
            return value
        raise self.refusal(value)


class Share(Checked):
    """A number from 0 to 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__("must be a number from 0 to 1", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        raise self.refusal(value)


class Number(Checked):
    """A number, within limits; `of` says of what, such as "of seconds"."""

    def __init__(
        self,
        lowest: float,
        highest: float,
        *,
        of: str = "",
        **options: Any,
    ) -> None:
        self.limits = lowest, highest
        what = f"a number {of}".strip()
        super().__init__(f"must be {what} from {lowest:.15g} to {highest:.15g}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and self.limits[0] <= value <= self.limits[1]:
            return float(value)
        raise self.refusal(value)


class CountFrom(Checked):
    """A whole number, within limits."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        self.limits = lowest, highest
        super().__init__(f"must be a whole number from {lowest} to {highest}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and self.limits[0] <= value <= self.limits[1]:
            return int(value)
        raise self.refusal(value)


class Duration(Checked):
    """A text such as `1h30m`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {DURATION_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        try:
            if isinstance(value, str):
                return parse_duration(value)
        except InvalidInput as error:
            raise ValidationError(str(error)) from None
        raise self.refusal(value)


class Rate(Checked):
    """A text such as `60/min`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(f"must be {RATE_LIMIT_FORMAT}", **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> RateLimit:
        try:
            return parse_rate_limit(value if isinstance(value, str) else "")
        except InvalidInput:
            raise self.refusal(value) from None


class ContractChoice(Checked):
    """A contract's name, or `{"name": …, "set": {point: choice}}`."""

    def __init__(self, **options: Any) -> None:
        super().__init__('must be a name or {"name": …, "set": {…}}', **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Contract:
        given = {"name": value} if isinstance(value, str) else value
        if not isinstance(given, Mapping) or not set(given) <= {"name", "set"}:
            raise self.refusal(value)
        points = given.get("set", {})
        if not isinstance(points, Mapping) or not isinstance(given.get("name"), str):
            raise self.refusal(value)
        try:
            return named_contract(given["name"], [(k, str(v)) for k, v in points.items()])
        except InvalidInput as error:
            raise ValidationError(str(error)) from error
