"""A quick loader loads what the schema loads, and leaves to it what the schema refuses."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from mock_sendpilot.control.fields import Strict
from mock_sendpilot.control.quick_loading import quick_loader
from mock_sendpilot.control.seed_format import SCHEMAS, LeadSchema, WorkspaceSchema
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.json_text import parse_json

BOUNDED = settings(max_examples=200, deadline=None, database=None, derandomize=True)
VALUES: tuple[Any, ...] = (
    "", "x", "PENDING", "started", "active", "sent", "2h", "60/min", "live", "leads:read",
    "2026-01-01T00:00:00Z", "https://www.linkedin.com/in/ida-holm", "linkedin.com/in/Ida%20Holm",
    "https://example.com/in/ida-holm", "http://127.0.0.1/", 0, 1, -1, 2.0, 2.5, 10**13, True,
    False, None, [], ["x"], ["2h", "2d"], [None], {}, {"connections": 1}, {"connections": -1},
    {"accepts": True}, {"accepts": 1}, {"x": 1}, [{"key": "k"}], [{"key": ""}], "NOT_A_WORD",
    [{"content": "Hi", "direction": "sent", "sentAt": "2026-01-01T00:00:00Z"}],
    [{"id": "w", "name": "W", "apiKeys": [{"key": "k"}]}],
)  # fmt: skip
PLAIN_SCHEMAS = [one for one in SCHEMAS if one._hooks == Strict._hooks]


def accepts(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


@st.composite
def objects(draw: st.DrawFn, schema: Strict) -> Any:
    """Objects that are mostly valid, so that many of them are valid as a whole."""
    made: dict[str, Any] = {}
    for name, field in schema.fields.items():
        valid = [value for value in VALUES if accepts(field, value)]
        choice = draw(st.integers(0, 30))
        if choice == 0:
            made[field.data_key or name] = draw(st.sampled_from(VALUES))
        elif valid and (field.required or choice > 12):
            made[field.data_key or name] = draw(st.sampled_from(valid))
    if draw(st.integers(0, 30)) == 0:
        made["unknown"] = 1
    return draw(st.sampled_from([made] * 15 + [[], None, "x"]))


@pytest.mark.parametrize("kind", PLAIN_SCHEMAS, ids=lambda kind: kind.__name__)
def test_a_quick_loader_accepts_exactly_what_the_schema_accepts(kind: type[Strict]) -> None:
    schema = kind()
    load = quick_loader(schema)
    outcomes = set[bool]()

    @BOUNDED
    @given(value=objects(schema))
    def check(value: Any) -> None:
        try:
            expected = schema.load(value)
        except ValidationError:
            expected = None
        assert load(value) == expected
        outcomes.add(expected is not None)

    check()
    assert outcomes == {True, False}


def test_the_demo_world_is_loaded_quickly() -> None:
    document: Any = parse_json(demo_text())
    load = quick_loader(WorkspaceSchema())
    assert [load(one) for one in document["workspaces"]] == [
        WorkspaceSchema().load(one) for one in document["workspaces"]
    ]


def test_an_error_is_that_of_the_schema() -> None:
    lead = {"id": "lead_1", "campaignId": "camp_1", "linkedinUrl": "x", "statuss": "PENDING"}
    with pytest.raises(ValidationError) as error:
        WorkspaceSchema(only=["leads"]).load({"leads": [lead]})
    with pytest.raises(ValidationError) as expected:
        LeadSchema().load(lead)
    assert error.value.messages == {"leads": {0: expected.value.messages}}
