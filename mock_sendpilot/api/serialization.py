"""Serializers: what `Schema.dump` does, prepared once for each schema.

Half of what marshmallow spends on a reply goes into finding out, for each field of each object,
what does not change: the key, the attribute, and whether the object is a mapping. A serializer
keeps that, and calls the fields themselves for their values.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields, missing

from mock_sendpilot.api.fields import ListOf

_COMPUTED = (fields.Function, fields.Method, fields.Constant)
"""Fields that read no attribute of their name."""
_LISTS = (fields.List, ListOf)

Serializer = Callable[[object], Any]
"""A function that returns an object as a schema dumps it."""


def serializer(schema: Schema) -> Serializer:
    """Return the serializer of a schema, which must have neither `pre_dump` nor `post_dump`."""
    columns = [
        (
            name if field.data_key is None else field.data_key,
            name,
            name if field.attribute is None else field.attribute,
            attrgetter(name if field.attribute is None else field.attribute),
            _value_serializer(field),
            isinstance(field, _COMPUTED),
            field,
        )
        for name, field in schema.dump_fields.items()
    ]
    get_attribute = schema.get_attribute

    def serialize(dumped: object) -> dict[str, Any]:
        is_plain = not hasattr(dumped, "__getitem__")
        result: dict[str, Any] = {}
        for key, name, attribute, get, value_of, is_computed, field in columns:
            if is_computed:
                value = None
            elif is_plain:
                try:
                    value = get(dumped)
                except AttributeError:
                    value = missing
            else:
                value = get_attribute(dumped, attribute, missing)
            if value is missing:
                default = field.dump_default
                value = default() if callable(default) else default
                if value is missing:
                    continue
            result[key] = value_of(value, name, dumped)
        return result

    return serialize


def _value_serializer(field: Any) -> Callable[[Any, str, object], Any]:
    """Return what serializes a value of a field; that of a nested schema is a serializer, too."""
    if type(field) is fields.Nested:
        nested, is_many = serializer(field.schema), field.many or field.schema.many

        def nested_value(value: Any, *_: object) -> Any:
            if value is None:
                return None
            return list(map(nested, value)) if is_many else nested(value)

        return nested_value
    if type(field) in _LISTS:
        item = _value_serializer(field.inner)

        def list_value(value: Iterable[Any] | None, name: str, dumped: object) -> Any:
            return None if value is None else [item(one, name, dumped) for one in value]

        return list_value
    value_of: Callable[[Any, str, object], Any] = field._serialize  # noqa: SLF001 - meant to be overridden
    return value_of
