"""The schema of a search's filters, made of the table in `world/lead_filters.py`.

Unknown filters are ignored, as a production client reports; known ones are checked.
"""

import re
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from mock_sendpilot.api import rules
from mock_sendpilot.api.fields import (
    AnyField,
    Boolean,
    Checked,
    Choice,
    ListOf,
    Request,
    Text,
    absence_messages,
    shown,
)
from mock_sendpilot.api.job_schemas import JsonCount
from mock_sendpilot.errors import Problem
from mock_sendpilot.world import lead_filters as kinds
from mock_sendpilot.world.lead_filters import LEAD_FILTERS, LeadFilter

_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)


class _Date(Checked):
    """A day as `dd/mm/yyyy`."""

    def __init__(self) -> None:
        expected = "must be a date written dd/mm/yyyy, such as 31/12/2025"
        super().__init__(expected, rule=rules.MUST_BE_DATE)

    def published(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "pattern": r"^\d{2}/\d{2}/\d{4}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        found = _DATE.fullmatch(value) if isinstance(value, str) else None
        try:
            if found is None:
                raise self.refusal(value)
            date(*map(int, reversed(found.groups())))
        except ValueError:  # marshmallow's own error is one, too
            raise self.refusal(value) from None
        return str(value)


class _Object(fields.Nested):
    """A nested object; anything else is refused with a sentence."""

    def __init__(self, nested: Schema, expected: str, **options: Any) -> None:
        self.expected = expected
        messages = absence_messages(expected, rule=rules.MUST_BE_OBJECT)
        super().__init__(nested, error_messages=messages, **options)

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not isinstance(value, dict):
            found = f"it was {shown(value)}"
            raise ValidationError(Problem(self.expected, found, rule=rules.MUST_BE_OBJECT))
        super()._deserialize(value, *rest, **options)
        return value


class Labelled(Request):
    """A code of a classification: only `value` goes on to the data base, says the vendor."""

    label = Text(required=True)
    value = Text(required=True)


def _field(lead_filter: LeadFilter) -> AnyField:
    low, high = lead_filter.minimum or 0, lead_filter.maximum
    made: dict[str, AnyField] = {
        kinds.TEXTS: ListOf(Text(), expected="must be an array of strings"),
        kinds.CHOICES: ListOf(Choice(lead_filter.choices), expected="must be an array of strings"),
        kinds.CODES: ListOf(JsonCount(low, high), expected="must be an array of whole numbers"),
        kinds.LABELLED: ListOf(
            _Object(Labelled(), "must be an object {label, value}"),
            expected="must be an array of objects {label, value}",
        ),
        kinds.TEXT: Text(may_be_empty=True),
        kinds.CHOICE: Choice(lead_filter.choices),
        kinds.FLAG: Boolean(),
        kinds.NUMBER: JsonCount(low, high),
        kinds.DATE: _Date(),
    }
    return made[lead_filter.kind]


class _Filters(Request):
    @validates_schema(skip_on_field_errors=True)
    def _aliases_agree(self, data: dict[str, Any], **_: object) -> None:
        """An alias and its original may both be there, but not with different values."""
        for each in LEAD_FILTERS:
            original = each.alias_of
            if original is None or each.name not in data or original not in data:
                continue
            if data[each.name] != data[original]:
                expected = f"must be left out or be the same as {original}, whose alias it is"
                found = f"it was {shown(data[each.name])}"
                problem = Problem(expected, found, rule=rules.must_be_equal(original))
                raise ValidationError([problem], each.name)


def filters_field() -> AnyField:
    """The filters of a search, checked and then kept as they were given."""
    schema = _Filters.from_dict({each.name: _field(each) for each in LEAD_FILTERS})
    return _Object(schema(), "must be an object of filters", required=True)
