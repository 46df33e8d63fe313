"""The base schema and the fields of the control API and of the seed format.

They also load what Python code passes to the pytest fixture, so that each fact has one validator.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validates_schema

from mock_sendpilot.api.fields import (
    AnyField,
    CamelCaseSchema,
    JsonObject,
    ListOf,
    SecretText,
    ValidatedField,
    WholeNumber,
    absence_messages,
    excerpt,
    json_kind,
)
from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.control.quick_loading import QuickLoader, quick_loader
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import DURATION_FORMAT, parse_duration
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.world.limits import RATE_LIMIT_FORMAT, parse_rate_limit
from mock_sendpilot.world.linkedin import PROFILE_URL_FORMAT, normal_profile_url
from mock_sendpilot.world.models import RateLimit

_MAX_COUNT = 10**12  # far below what JSON libraries take for a number
_MAX_NAME_CHARACTERS = 80


def new_random_seed() -> str:
    """Return a short random seed: people type it again to repeat a run."""
    return secrets.token_hex(4)


class Strict(CamelCaseSchema):
    """A schema that refuses unknown fields, unlike those of the vendor's API.

    Args:
        has_python_names: whether the keys are the names of the fields, as Python code writes them.
        options: marshmallow's own.
    """

    example: ClassVar[str] = ""
    """A valid object, for schemas that are easily mistaken."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE  # marshmallow's own message would name no field that exists

    def __init__(self, *, has_python_names: bool = False, **options: Any) -> None:
        self._has_python_names = has_python_names
        super().__init__(**options)

    def on_bind_field(self, field_name: str, field_obj: AnyField) -> None:
        """Give a field its key."""
        if self._has_python_names:
            field_obj.data_key = field_name
        else:
            super().on_bind_field(field_name, field_obj)

    @pre_load
    def _require_object(self, data: object, **_: object) -> object:
        if isinstance(data, Mapping):
            return data
        # A bare text in the place of an object with a secret is likely to be that secret.
        has_secret = any(
            isinstance(one, SecretText) and one.required for one in self.fields.values()
        )
        expected = "a JSON object" + (f" such as {self.example}" if self.example else "")
        found = json_kind(data) if has_secret else excerpt(data)
        raise ValidationError(f"expected {expected}, got {found}")

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown(self, _data: object, original: object, **_: object) -> None:
        for name in original if isinstance(original, Mapping) else ():
            if name not in self.json_keys:
                guess = did_you_mean(str(name), self.json_keys)
                known = ", ".join(self.json_keys)
                raise ValidationError(
                    f"unknown field {str(name)[:_MAX_NAME_CHARACTERS]!r}; {guess}"
                    f"known fields are: {known}"
                )


class _Object(fields.Nested):
    """An object within another."""

    @cached_property
    def _quick_load(self) -> QuickLoader | None:
        does_more = self.schema._hooks != Strict._hooks  # noqa: SLF001 - marshmallow has no other list of them
        return None if does_more or self.validators else quick_loader(self.schema)

    def deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        """Load an object of the schema."""
        is_object = isinstance(value, dict)  # else no schema need be made
        loaded = self._quick_load(value) if is_object and self._quick_load else None
        return super().deserialize(value, *arguments, **options) if loaded is None else loaded


def nested(schema: type[Schema], **options: Any) -> fields.Nested:
    """Return a field for an object within another."""
    messages = absence_messages("a JSON object")
    return _Object(schema, error_messages=messages, **options)


def list_of(item: AnyField | type[Schema], **options: Any) -> ListOf:
    """Return a field for an array, by default an empty one; no item may be null."""
    inner = item if isinstance(item, fields.Field) else _Object(item)
    inner.error_messages["null"] = "expected a value, got null"
    if not options.get("required") and not options.get("allow_none"):
        options.setdefault("load_default", list)
    return ListOf(inner, **options)


def count(**options: Any) -> WholeNumber:
    """Return a field for a number of things, which may be 0."""
    return WholeNumber(0, _MAX_COUNT, **options)


class ProfileUrl(ValidatedField):
    """A LinkedIn profile URL, brought into its normal form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(PROFILE_URL_FORMAT, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        url = normal_profile_url(value) if isinstance(value, str) else None
        if url is None:
            raise self.error(value)
        return url


class Duration(ValidatedField):
    """A text such as `1h30m`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(DURATION_FORMAT, **options)

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
        super().__init__(RATE_LIMIT_FORMAT, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> RateLimit:
        try:
            return parse_rate_limit(
                value if isinstance(value, str) else ""
            )  # "" is not valid, either
        except InvalidInput:
            raise self.error(value) from None


class ContractChoice(ValidatedField):
    """A contract's name, or `{"name": …, "options": {option: value}}`."""

    def __init__(self, **options: Any) -> None:
        super().__init__('a name or {"name": …, "options": {…}}', **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Contract:
        choice = {"name": value} if isinstance(value, str) else value
        if not isinstance(choice, Mapping) or not set(choice) <= {"name", "options"}:
            raise self.error(value)
        options = choice.get("options", {})
        if not isinstance(options, Mapping) or not isinstance(choice.get("name"), str):
            raise self.error(value)
        try:
            # Texts, as on the command line: a number of JSON is as good as its digits.
            return named_contract(choice["name"], [(k, str(v)) for k, v in options.items()])
        except InvalidInput as error:
            raise ValidationError(str(error)) from error


class EventTypes(AnyField):
    """An array of event types; the contract says which ones exist."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return tuple(value)
        raise ValidationError(f"expected an array of event types, got {excerpt(value)}")


class TupleOf(AnyField):
    """An array of items of one kind, as a tuple: the settings of an endpoint are frozen."""

    def __init__(self, item: AnyField, **options: Any) -> None:
        self._item = item
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValidationError(f"expected an array, got {excerpt(value)}")
        return tuple(self._item.deserialize(item) for item in value)


class Headers(JsonObject):
    """Headers by name. They may hold secrets, so an error quotes none of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise ValidationError(f"expected {self.expected}, got {json_kind(value)}")
