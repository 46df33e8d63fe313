"""A quick way to load what is valid: what `Schema.load` does for it, prepared once for each schema.

Nearly all of the time that marshmallow takes for an object goes into what it does around the
fields. Here the same fields are called for the values, and the schema itself is asked only about
what they refuse, so that it explains every error.
"""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, missing

QuickLoader = Callable[[object], dict[str, Any] | None]
"""A function that returns what a schema loads, or None for what the schema has to look at."""


def quick_loader(schema: Schema) -> QuickLoader:
    """Return the loader of a schema; it may do nothing else but refuse unknown keys."""
    fields = {
        (name if field.data_key is None else field.data_key): (field.attribute or name, field)
        for name, field in schema.load_fields.items()
    }
    required_keys = {key for key, (_, field) in fields.items() if field.required}
    defaults = [
        (name, field.load_default)
        for name, field in fields.values()
        if field.load_default is not missing
    ]
    columns = {
        key: (
            name,
            field.deserialize,
            # `deserialize` adds validators, and what is about values that are null or missing.
            field.deserialize if field.validators else field._deserialize,  # noqa: SLF001
        )
        for key, (name, field) in fields.items()
    }

    def load(value: object) -> dict[str, Any] | None:
        if type(value) is not dict or not required_keys <= value.keys():
            return None
        loaded: dict[str, Any] = {}
        try:
            for key, item in value.items():
                name, of_any, of_value = columns[key]
                loaded[name] = of_any(item) if item is None else of_value(item, None, None)
        except (KeyError, ValidationError):  # an unknown key, or an invalid value
            return None
        for name, default in defaults:
            if name not in loaded:
                loaded[name] = default() if callable(default) else default
        return loaded

    return load
