"""Schemas and fields of requests and replies, also for the control API.

Each error says what was expected and what was found. With it goes the vendor's sentence for the
same fault, its `rule`; see `rules.py`.
"""

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing, validates_schema

from mock_sendpilot.api import rules
from mock_sendpilot.errors import Problem
from mock_sendpilot.matching import camel_case
from mock_sendpilot.redaction import is_secret_name, redacted, redacted_value
from mock_sendpilot.scheduling.clock import iso_milliseconds, parse_moment
from mock_sendpilot.suggestions import nearest_word

if TYPE_CHECKING:
    from typing_extensions import Self

    AnyField = fields.Field[Any]
    _AnyList = fields.List[Any]
else:  # marshmallow 3 takes no type arguments
    AnyField = fields.Field
    _AnyList = fields.List

_MAX_EXCERPT_CHARACTERS = 60
_MAX_SUGGESTIONS = 20
_MAX_DIGITS = 9
_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_DIGITS = re.compile(r"-?[0-9]+")


class CamelCaseSchema(Schema):
    """A schema whose JSON keys are the names of its fields in camelCase.

    A field named `lead_id` is loaded from and dumped to `leadId`, unless it has a `data_key`.
    """

    def on_bind_field(self, field_name: str, field_obj: AnyField) -> None:
        """Give a field its key."""
        if field_obj.data_key is None:
            field_obj.data_key = camel_case(field_name)

    @cached_property
    def json_keys(self) -> tuple[str, ...]:
        """The keys of the schema, in their order."""
        return tuple(field.data_key or name for name, field in self.fields.items())

    @classmethod
    def with_keys(cls, keys: Iterable[str]) -> "Self":
        """Make a schema of the fields with these keys, in this order."""
        # `only` also sets the order of the keys, which is part of what people compare.
        names = {camel_case(name): name for name in cls._declared_fields}
        return cls(only=[names[key] for key in keys])


class Request(CamelCaseSchema):
    """A body or a query: unknown fields are ignored, as the vendor does."""

    any_of: ClassVar[tuple[str, ...]] = ()
    """Keys of which at least one is required, for the specification."""

    def load(self, data: Any, **options: Any) -> Any:
        """Load and check a request as marshmallow does.

        A valid one does not pay for the collection of errors, which is most of the work.
        """
        if isinstance(data, dict) and not options:
            # All errors of an invalid one are found below.
            with suppress(ValidationError):
                return self._loaded(data)
        return super().load(data, **options)

    def _loaded(self, data: dict[str, Any]) -> dict[str, Any]:
        loaded = {}
        for name, key, field in self._fields_to_load:
            value = data.get(key, missing)
            if value is not missing or field.required:
                value = field.deserialize(value, key, data)
            else:
                value = field.load_default() if callable(field.load_default) else field.load_default
            if value is not missing:
                loaded[name] = value
        self.check(loaded, data)
        return loaded

    @cached_property
    def _fields_to_load(self) -> list[tuple[str, str, AnyField]]:
        return [
            (field.attribute or name, field.data_key or name, field)
            for name, field in self.load_fields.items()
        ]

    def check(self, loaded: dict[str, Any], original: dict[str, Any]) -> None:
        """Check what concerns several fields; each of them is valid.

        Args:
            loaded: the fields by name.
            original: what was sent.

        Raises:
            ValidationError: they do not fit together.
        """

    @validates_schema(pass_original=True, skip_on_field_errors=True)
    def _check(self, data: dict[str, Any], original: dict[str, Any], **_: object) -> None:
        self.check(data, original)

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE


class ValidatedField(AnyField):
    """A field with one sentence for what it expects.

    Args:
        expected: the valid values, as a noun phrase: "a string".
        rule: the vendor's sentence for an invalid value; by default `must be` with `expected`.
        absence_rule: the vendor's sentence for a value that is missing or null; by default `rule`.
        options: marshmallow's own.
    """

    def __init__(
        self,
        expected: str,
        *,
        rule: str | None = None,
        absence_rule: str | None = None,
        **options: Any,
    ) -> None:
        self.expected = expected
        self.rule = f"must be {expected}" if rule is None else rule
        messages = absence_messages(expected, rule=absence_rule or self.rule)
        super().__init__(error_messages=messages, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return what the specification says of the field; that it may be null is added later."""
        return {}

    def error(self, value: object, hint: str = "", *, rule: str | None = None) -> ValidationError:
        """Return the error for an invalid value; `rule` if another one than the field's."""
        got = f"{self.described(value)}{hint}"
        return ValidationError(Problem.expected(self.expected, got=got, rule=rule or self.rule))

    def described(self, value: object) -> str:
        """Return a value as its error quotes it."""
        return excerpt(value, name=self.name)


class Choice(ValidatedField):
    """One of some words, in exactly this spelling."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        self.words = tuple(words)
        self._words = {word: word for word in self.words}
        names = ", ".join(self.words)
        rule = rules.must_be_one_of(names)
        super().__init__(f"one of {names}", rule=rule, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the words as an enum."""
        return {"type": "string", "enum": list(self.words)}

    def _deserialize(self, value: Any, *_: Any, suggests: bool = True, **__: Any) -> str:
        if isinstance(value, str):
            word = self._words.get(value)  # the same object for all, so that many occupy little
            if word is not None:
                return word
            near = nearest_word(value, self.words) if suggests else None
            raise self.error(value, f" (did you mean {near}?)" if near else "")
        raise self.error(value)


class Text(ValidatedField):
    """A string.

    Args:
        may_be_empty: whether `""` is accepted.
        max_length: the most characters it may have.
        rule: the vendor's one sentence for it; without it there is one for each fault.
        options: marshmallow's own.
    """

    def __init__(
        self,
        *,
        may_be_empty: bool = False,
        max_length: int | None = None,
        rule: str | None = None,
        **options: Any,
    ) -> None:
        self.may_be_empty = may_be_empty
        self.max_length = max_length
        self.empty_rule = rule or rules.MUST_NOT_BE_EMPTY
        expected = "a string" if may_be_empty else "a non-empty string"
        if max_length is not None:
            expected += f" of at most {max_length} characters"
        is_never_empty = options.get("required", False) and not may_be_empty
        super().__init__(
            expected,
            rule=rule or rules.MUST_BE_STRING,
            absence_rule=self.empty_rule if is_never_empty else None,
            **options,
        )

    def json_schema(self) -> dict[str, Any]:
        """Return the limits of the length."""
        minimum = {} if self.may_be_empty else {"minLength": 1}
        maximum = {} if self.max_length is None else {"maxLength": self.max_length}
        return {"type": "string", **minimum, **maximum}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.error(value)
        if not (value or self.may_be_empty):
            raise self.error(value, rule=self.empty_rule)
        if self.max_length is not None and len(value) > self.max_length:
            rule = rules.must_be_shorter(self.max_length)
            got = f"{len(value)} characters"
            raise ValidationError(Problem.expected(self.expected, got=got, rule=rule))
        return value


class SecretText(Text):
    """A key or a signing secret: its errors go into the log and must not quote it."""

    def described(self, value: object) -> str:
        """Return the kind of a value, and not the value."""
        return json_kind(value)


class Number(ValidatedField):
    """A JSON number from `minimum` to `maximum`, or without a maximum; not `true`.

    Args:
        minimum: the least that is accepted.
        maximum: the most that is accepted.
        unit: what it is a number of, such as "seconds".
        rule: the vendor's sentence for what is no number at all.
        options: marshmallow's own.
    """

    json_type: ClassVar[str] = "number"
    noun: ClassVar[str] = "number"

    def __init__(
        self,
        minimum: float,
        maximum: float | None = None,
        *,
        unit: str = "",
        rule: str | None = None,
        **options: Any,
    ) -> None:
        self.minimum = minimum
        self.maximum = math.inf if maximum is None else maximum
        limits = f"of at least {minimum}"
        if maximum is not None:
            limits = f"from {minimum:.15g} to {maximum:.15g}"
        noun = f"{self.noun} of {unit}" if unit else self.noun
        super().__init__(f"a {noun} {limits}", rule=rule, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the limits."""
        maximum = {} if self.maximum == math.inf else {"maximum": self.maximum}
        return {"type": self.json_type, "minimum": self.minimum, **maximum}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        number = self._number(value)
        if number is None:
            raise self.error(value)
        if number < self.minimum:
            raise self.error(value, rule=rules.must_not_be_less(self.minimum))
        if number > self.maximum:
            raise self.error(value, rule=rules.must_not_be_greater(self.maximum))
        return number

    def _number(self, value: Any) -> float | None:
        """Return the number that a value is, or None."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None


class WholeNumber(Number):
    """A whole number; `5.0` is one."""

    json_type = "integer"
    noun = "whole number"

    def __init__(self, minimum: int, maximum: int | None = None, **options: Any) -> None:
        super().__init__(minimum, maximum, rule=rules.MUST_BE_INTEGER, **options)

    def _number(self, value: Any) -> int | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Not `int(value) == value`, which raises for infinity and NaN; JSON text has neither, but
        # the arguments of the fixtures may.
        return int(value) if is_number and value == value // 1 else None


class QueryNumber(WholeNumber):
    """A whole number of a query: digits, and nothing that looks like them."""

    def _number(self, value: Any) -> Any:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            return None
        if value.startswith("-"):
            return -math.inf  # a whole number, so that the error is about the minimum
        # So long a number is beyond every maximum, and int() takes long for a megabyte of digits.
        return int(value) if len(value) <= _MAX_DIGITS else math.inf


class Flag(ValidatedField):
    """A switch of a query: `true` or `1`, `false` or `0`, as the newest specification has it."""

    _meanings: ClassVar = {"true": True, "1": True, "false": False, "0": False}

    def __init__(self, **options: Any) -> None:
        values = "true, 1, false, 0"
        super().__init__(f"one of {values}", rule=rules.must_be_one_of(values), **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the words as an enum."""
        default = {} if self.required else {"default": str(self.load_default).lower()}
        return {"type": "string", "enum": list(self._meanings), **default}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if isinstance(value, str) and value in self._meanings:
            return self._meanings[value]
        raise self.error(value)


class Boolean(ValidatedField):
    """A JSON boolean, and nothing that looks like one."""

    def __init__(self, **options: Any) -> None:
        super().__init__("true or false", rule=rules.MUST_BE_BOOLEAN, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the type."""
        return {"type": "boolean"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise self.error(value)


class JsonObject(ValidatedField):
    """A JSON object of any content."""

    def __init__(self, **options: Any) -> None:
        super().__init__("a JSON object", rule=rules.MUST_BE_OBJECT, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the type."""
        return {"type": "object"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise self.error(value)


class Timestamp(ValidatedField):
    """A time: written in UTC with milliseconds and `Z`; read with any offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__("a time such as 2024-02-24T15:30:00.000Z", **options)

    def json_schema(self) -> dict[str, Any]:
        """Return the format."""
        return {"type": "string", "format": "date-time"}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else iso_milliseconds(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        moment = parse_moment(value) if isinstance(value, str) else None
        if moment is None:
            raise self.error(value)
        return moment


class ListOf(_AnyList):
    """An array; the errors of its items have their index.

    Args:
        item: the field of each item.
        expected: the valid values, as a noun phrase.
        max_items: the most items it may have; with it, it must have one at least.
        options: marshmallow's own.
    """

    def __init__(
        self,
        item: AnyField,
        *,
        expected: str = "an array",
        max_items: int | None = None,
        **options: Any,
    ) -> None:
        self.expected = expected
        self.max_items = max_items
        messages = absence_messages(expected, rule=rules.MUST_BE_ARRAY)
        super().__init__(item, error_messages=messages, **options)

    def json_schema(self) -> dict[str, Any]:
        """Return what the specification says of the array apart from its items."""
        return {} if self.max_items is None else {"minItems": 1, "maxItems": self.max_items}

    def _deserialize(self, value: Any, *_: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            got = excerpt(value, name=self.name)
            problem = Problem.expected(self.expected, got=got, rule=rules.MUST_BE_ARRAY)
            raise ValidationError(problem)
        items: list[Any] = []
        problems: dict[int, Any] = {}
        for index, item in enumerate(value):
            suggests = len(problems) < _MAX_SUGGESTIONS  # each takes time, and a list may be long
            try:
                items.append(self.inner.deserialize(item, suggests=suggests, **options))
            except ValidationError as error:
                problems[index] = error.messages
        if problems:
            raise ValidationError(problems)
        if self.max_items is not None and not 1 <= len(items) <= self.max_items:
            rule = rules.must_have_fewer_items(self.max_items) if items else rules.MUST_HAVE_ITEMS
            got = f"{len(items)} items" if items else "none"
            raise ValidationError(Problem.expected(self.expected, got=got, rule=rule))
        return items


class ComputedText(fields.Function):
    """A string made of the object that is dumped; the specification needs to know that it is."""


def absence_messages(expected: str, *, rule: str | None = None) -> dict[str, Any]:
    """Return the messages for a field that is missing or null.

    They are lists because marshmallow formats a plain string and keeps a list as it is.
    """
    return {
        "required": [Problem.expected(expected, got="nothing", rule=rule)],
        "null": [Problem.expected(expected, got="null", rule=rule)],
    }


def excerpt(value: object, *, name: str | None = None) -> str:
    """Return a value as JSON, shortened and without secrets, for an error message.

    A string, array or object whose name is that of a secret is described by its kind alone.
    """
    if name is not None and is_secret_name(name) and isinstance(value, str | list | dict):
        return json_kind(value)
    try:
        text = redacted(orjson.dumps(redacted_value(value)).decode())
    except TypeError:
        text = redacted(repr(value))
    return text if len(text) <= _MAX_EXCERPT_CHARACTERS else f"{text[:_MAX_EXCERPT_CHARACTERS]}…"


def json_kind(value: object) -> str:
    """Return the kind of JSON that a value is, for an error that must not quote it."""
    return '""' if value == "" else _KINDS.get(type(value), "no JSON")
