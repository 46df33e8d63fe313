"""A request is loaded as marshmallow loads it, whether it is valid or not."""

from functools import partial
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from mock_sendpilot.api.operation import make_schema
from mock_sendpilot.contracts.contract import CONTRACTS, Contract
from mock_sendpilot.openapi import operations

BOUNDED = settings(max_examples=60, deadline=None, database=None, derandomize=True)
words = st.sampled_from(
    ["DONE", "INTERESTED", "lead_1", "https://www.linkedin.com/in/ida", "2", ""]
)
values = st.recursive(
    words | st.none() | st.booleans() | st.integers(-3, 300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


def result(load: Any, body: Any) -> Any:
    try:
        return load(body)
    except ValidationError as error:
        return error.messages


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_request_is_loaded_as_marshmallow_does(app: Flask, contract: Contract) -> None:
    sources = [
        source
        for _, _, operation, _ in operations(app)
        for source in (operation.query, operation.body)
        if source is not None
    ]
    schemas = [make_schema(source, contract) for source in sources]

    @BOUNDED
    @given(st.data())
    def compare(data: Any) -> None:
        schema = data.draw(st.sampled_from(schemas))
        body = data.draw(st.dictionaries(st.sampled_from(schema.json_keys), values) | values)
        assert result(schema.load, body) == result(partial(Schema.load, schema), body)

    compare()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_no_request_has_a_processor_that_its_loading_would_skip(
    app: Flask, contract: Contract
) -> None:
    skipped = [
        (type(schema).__name__, name, method)
        for _, _, operation, _ in operations(app)
        for source in (operation.query, operation.body)
        if source is not None
        for schema in [make_schema(source, contract)]
        for name in ("pre_load", "post_load", "validates_schema", "validates")
        for method, *_ in schema._hooks.get(name, ())
        if method != "_check"
    ]

    assert not skipped
