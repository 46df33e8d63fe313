"""A serializer returns what marshmallow's `dump` returns, key by key."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from mock_sendpilot.api.fields import CamelCaseSchema, Choice, ComputedText, JsonObject, Timestamp
from mock_sendpilot.api.operation import make_schema
from mock_sendpilot.api.serialization import serializer
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.openapi import operations
from tests.conftest import NOW

BOUNDED = settings(max_examples=150, deadline=None, database=None, derandomize=True)
NAMES = ("id", "sender_id", "rows", "total_pages", "at", "name")
Values = dict[str, Any]

numbers = st.integers(-(2**40), 2**40)
texts = st.text(max_size=5)
# Values of any type: `dump` neither checks them nor refuses them, apart from numbers and times.
simple_fields: Any = st.one_of(
    st.tuples(st.builds(fields.String), texts | numbers | st.none()),
    st.tuples(st.builds(fields.Integer), numbers | st.none()),
    st.tuples(st.builds(fields.Boolean), st.booleans() | st.none()),
    st.tuples(st.builds(fields.Raw), texts | st.lists(numbers)),
    st.tuples(st.builds(fields.String, dump_default=texts), texts),
    st.tuples(st.builds(fields.Constant, texts), st.none()),
    st.tuples(st.builds(Choice, st.just(("a", "b"))), texts),
    st.tuples(st.builds(JsonObject), st.dictionaries(texts, texts)),
    st.tuples(st.builds(Timestamp), st.just(NOW) | st.none()),
    st.tuples(st.builds(ComputedText, st.just(lambda dumped: str(type(dumped)))), st.none()),
)


def made(members: list[tuple[str, tuple[Any, Any], bool]], is_mapping: bool) -> tuple[Schema, Any]:
    """A schema of these fields, and an object with a value for those that have one."""
    schema = CamelCaseSchema.from_dict({name: field for name, (field, _), _ in members})
    values = {name: value for name, (_, value), has_value in members if has_value}
    return schema(), values if is_mapping else SimpleNamespace(**values)


def objects(value_fields: Any) -> Any:
    """Schemas with an object each; any of the object's values may be missing."""
    members = st.lists(
        st.tuples(st.sampled_from(NAMES), value_fields, st.booleans()),
        max_size=4,
        unique_by=lambda member: member[0],
    )
    return st.builds(made, members, st.booleans())


def nested(made_pair: tuple[Schema, Any], kind: str) -> tuple[Any, Any]:
    """A field for a nested object, and its value."""
    schema, value = made_pair
    if kind == "list":
        return fields.List(fields.Nested(schema)), [value, value]
    if kind == "many":
        return fields.Nested(schema, many=True), (value,)
    return fields.Nested(schema), None if kind == "null" else value


nested_fields = st.builds(
    nested, objects(simple_fields), st.sampled_from(["one", "null", "list", "many"])
)


@BOUNDED
@given(objects(simple_fields | nested_fields))
def test_a_serializer_agrees_with_dump(pair: tuple[Schema, Any]) -> None:
    schema, dumped = pair

    result, expected = serializer(schema)(dumped), schema.dump(dumped)

    assert list(result.items()) == list(expected.items())


def test_a_serializer_reads_attributes_of_attributes() -> None:
    schema = Schema.from_dict({"id": fields.String(attribute="lead.id")})()

    found = [serializer(schema)({"lead": one}) for one in ({"id": "l"}, SimpleNamespace(id="l"))]

    assert found == [{"id": "l"}, {"id": "l"}]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_no_reply_is_changed_by_a_processor_that_a_serializer_would_skip(
    app: Flask, contract: Contract
) -> None:
    sources = [operation.response for _, _, operation, _ in operations(app)]

    skipped = [
        (type(schema).__name__, name)
        for schema in (make_schema(source, contract) for source in sources)
        for name in ("pre_dump", "post_dump")
        if schema._hooks.get(name)
    ]

    assert not skipped
