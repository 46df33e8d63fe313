"""The records of the world."""

from dataclasses import fields, replace
from typing import Any

import pytest

from mock_sendpilot.world.models import Lead
from mock_sendpilot.world.samples import SAMPLE_LEAD


@pytest.mark.parametrize("name", [each.name for each in fields(Lead)])
def test_a_changed_lead_is_that_of_dataclasses_replace(name: str) -> None:
    changes: dict[str, Any] = {name: "other"}
    changed = SAMPLE_LEAD.changed(**changes)

    assert changed == replace(SAMPLE_LEAD, **changes)
    assert getattr(changed, name) == "other"


def test_a_lead_is_not_changed_in_place() -> None:
    SAMPLE_LEAD.changed(status="DONE")

    assert SAMPLE_LEAD.status == "REPLY_RECEIVED"


def test_a_lead_has_no_other_fields() -> None:
    with pytest.raises(AttributeError, match="stattus"):
        SAMPLE_LEAD.changed(stattus="DONE")
