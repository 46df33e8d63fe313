"""Fields of requests and replies. Each refusal says what is expected and what was found.

Beside it stands the vendor's sentence for the same fault, its `rule`; see `rules.py`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from mock_sendpilot.api import rules
from mock_sendpilot.errors import Problem
from mock_sendpilot.redaction import is_secret_name, redacted, redacted_value
from mock_sendpilot.scheduling.clock import iso_milliseconds, parse_moment
from mock_sendpilot.suggestions import nearest_word

if TYPE_CHECKING:
    AnyField = fields.Field[Any]
    _AnyList = fields.List[Any]
else:  # marshmallow 3 takes no type arguments
    AnyField = fields.Field
    _AnyList = fields.List

_LONGEST_SHOWN = 60
_MAX_SUGGESTIONS = 20
_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def shown(value: object, *, name: str | None = None) -> str:
    """Return a value as JSON, cut short and without secrets, to stand in a message.

    Of a text, list or object under the name of a secret it returns the kind alone.
    """
    if name is not None and is_secret_name(name) and isinstance(value, str | list | dict):
        return kind_of(value)
    try:
        text = redacted(orjson.dumps(redacted_value(value)).decode())
    except TypeError:
        text = redacted(repr(value))
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def kind_of(value: object) -> str:
    """Return what kind of JSON a value is, for a message that must not show it."""
    return '""' if value == "" else _KINDS.get(type(value), "something else")


def absence_messages(expected: str, *, rule: str | None = None) -> dict[str, Any]:
    """Return the messages for a field that is missing or null.

    They stand in lists because marshmallow formats a plain string and takes a list as it is.
    """
    return {
        "required": [Problem(expected, "it was missing", rule=rule)],
        "null": [Problem(expected, "it was null", rule=rule)],
    }


class Checked(AnyField):
    """A field with one sentence for what it expects, and the vendor's for the same.

    `absence_rule` is the vendor's for a value that is missing or null, where it is another one.
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
        self.rule = expected if rule is None else rule
        messages = absence_messages(expected, rule=absence_rule or self.rule)
        super().__init__(error_messages=messages, **options)

    def published(self) -> dict[str, Any]:
        """What the specification says of it, as JSON Schema; that it may be null stands apart."""
        return {}

    def refusal(self, value: object, hint: str = "", *, rule: str | None = None) -> ValidationError:
        """The error for a value that will not do; `rule` if another one than the field's."""
        found = f"it was {self.described(value)}{hint}"
        return ValidationError(Problem(self.expected, found, rule=rule or self.rule))

    def described(self, value: object) -> str:
        """Return a value as a refusal has it."""
        return shown(value, name=self.name)


class Choice(Checked):
    """One of some words, in exactly this spelling."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        self.words = tuple(words)
        expected = f"must be one of the following values: {', '.join(self.words)}"
        super().__init__(expected, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "enum": list(self.words)}

    def _deserialize(self, value: Any, *_: Any, suggests: bool = True, **__: Any) -> str:
        if isinstance(value, str) and value in self.words:
            return value
        raise self.refusal(value, self._guess(value) if suggests else "")

    def _guess(self, value: object) -> str:
        near = nearest_word(value, self.words) if isinstance(value, str) else None
        return f" (did you mean {near}?)" if near else ""


class Text(Checked):
    """A string; unless `may_be_empty`, one with something in it; at most `longest` characters.

    `rule` is the vendor's one sentence for it; without it there is one for each fault.
    """

    def __init__(
        self,
        *,
        may_be_empty: bool = False,
        longest: int | None = None,
        rule: str | None = None,
        **options: Any,
    ) -> None:
        self.may_be_empty = may_be_empty
        self.longest = longest
        expected = "must be a string" if may_be_empty else "must be a non-empty string"
        if longest is not None:
            expected += f" of at most {longest} characters"
        is_wanted = options.get("required", False) and not may_be_empty
        self.empty_rule = rule or rules.MUST_NOT_BE_EMPTY
        absence_rule = self.empty_rule if is_wanted else None
        super().__init__(
            expected, rule=rule or rules.MUST_BE_STRING, absence_rule=absence_rule, **options
        )

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        least = {} if self.may_be_empty else {"minLength": 1}
        most = {} if self.longest is None else {"maxLength": self.longest}
        return {"type": "string", **least, **most}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.refusal(value)
        if not (value or self.may_be_empty):
            raise self.refusal(value, rule=self.empty_rule)
        if self.longest is not None and len(value) > self.longest:
            rule = rules.must_be_shorter(self.longest)
            raise ValidationError(Problem(self.expected, f"it has {len(value)}", rule=rule))
        return value


class SecretText(Text):
    """A key or a signing secret: a refusal goes into the log and must not tell it."""

    def described(self, value: object) -> str:
        """Return the kind of a value, and not the value."""
        return kind_of(value)


class WholeNumber(Checked):
    """A whole number of a query, within limits."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        self.range = range(lowest, highest + 1)
        expected = f"must be a whole number from {lowest} to {highest}"
        super().__init__(expected, rule=rules.MUST_BE_INTEGER, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        lowest, highest = self.range.start, self.range.stop - 1
        return {"type": "integer", "minimum": lowest, "maximum": highest}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) and int(value) in self.range:
            return int(value)
        raise self.refusal(value, rule=self._rule_against(value))

    def _rule_against(self, value: object) -> str:
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            return rules.MUST_BE_INTEGER
        if value.startswith("-") or (_WHOLE_NUMBER.fullmatch(value) and int(value) < self.range[0]):
            return rules.must_not_be_less(self.range[0])
        return rules.must_not_be_greater(self.range[-1])


class Flag(Checked):
    """A switch of a query: `true` or `1`, `false` or `0`."""

    _meanings: ClassVar = {"true": True, "1": True, "false": False, "0": False}

    def __init__(self, **options: Any) -> None:
        super().__init__("must be one of the following values: true, 1, false, 0", **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        default = {} if self.required else {"default": str(self.load_default).lower()}
        return {"type": "string", "enum": list(self._meanings), **default}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if isinstance(value, str) and value in self._meanings:
            return self._meanings[value]
        raise self.refusal(value)


class Boolean(Checked):
    """A JSON boolean, and nothing that looks like one."""

    def __init__(self, **options: Any) -> None:
        super().__init__("must be true or false", rule=rules.MUST_BE_BOOLEAN, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "boolean"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise self.refusal(value)


class JsonObject(Checked):
    """A JSON object of any content."""

    def __init__(self, **options: Any) -> None:
        super().__init__("must be a JSON object", rule=rules.MUST_BE_OBJECT, **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "object"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise self.refusal(value)


class Timestamp(Checked):
    """A time: written in UTC with milliseconds and `Z`; read with any offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__("must be a time such as 2024-02-24T15:30:00.000Z", **options)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "format": "date-time"}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else iso_milliseconds(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        moment = parse_moment(value) if isinstance(value, str) else None
        if moment is None:
            raise self.refusal(value)
        return moment


class ListOf(_AnyList):
    """An array; what is wrong with an item is told with its index."""

    def __init__(
        self,
        item: AnyField,
        *,
        expected: str = "must be an array",
        **options: Any,
    ) -> None:
        self.expected = expected
        messages = absence_messages(expected, rule=rules.MUST_BE_ARRAY)
        super().__init__(item, error_messages=messages, **options)

    def published(self) -> dict[str, Any]:
        """What the specification says of it beyond its items."""
        return {}

    def _deserialize(self, value: Any, *_: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            found = f"it was {shown(value, name=self.name)}"
            raise ValidationError(Problem(self.expected, found, rule=rules.MUST_BE_ARRAY))
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
        return items


class Told(fields.Function):
    """A text made of what is dumped."""


class Request(Schema):
    """A body or a query: unknown fields are ignored, as the vendor does."""

    any_of: ClassVar[tuple[str, ...]] = ()
    """Names of which at least one must be there, for the specification."""

    class Meta:
        """marshmallow's settings."""

        unknown = EXCLUDE
