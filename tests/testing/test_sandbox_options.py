"""The options of the marker and of `sendpilot_factory`: what is refused, in words."""

import re
from datetime import datetime, timezone

import pytest

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.testing.sandbox_options import marked_options


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        pytest.param(
            pytest.mark.sendpilot("life"),
            "unknown contract 'life'; did you mean 'live'?",
            id="contract",
        ),
        pytest.param(
            pytest.mark.sendpilot(42), "contract: expected one of documented, ", id="type"
        ),
        pytest.param(
            pytest.mark.sendpilot(patch_replay="x"),
            "unknown option 'patch_replay'; did you mean 'patch_reply'?",
            id="option",
        ),
        pytest.param(
            pytest.mark.sendpilot(start_at="x"), "did you mean 'starts_at'?", id="own option"
        ),
        pytest.param(pytest.mark.sendpilot(patch_reply="x"), "patch_reply 'x'; ", id="value"),
        pytest.param(
            pytest.mark.sendpilot("live", "example"),
            "expected one positional argument, the contract, got 2: 'live', 'example'; "
            "name each option, such as patch_reply='example'",
            id="position",
        ),
        pytest.param(
            pytest.mark.sendpilot("live", contract="schema"),
            "expected one contract, got two: 'live' and 'schema'",
            id="twice",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at=1),
            "starts_at: expected a datetime with a time zone",
            id="no time",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at="2026-01-01T00:00:00"),
            "starts_at: expected a time with a zone",
            id="no zone",
        ),
        pytest.param(
            pytest.mark.sendpilot(starts_at="9999-01-01"),
            "from the year 1970 on and before 9000, got '9999-01-01'",
            id="far",
        ),
        pytest.param(
            pytest.mark.sendpilot(frozen="no"),
            "frozen: expected True or False, got 'no'",
            id="frozen",
        ),
        pytest.param(
            pytest.mark.sendpilot(random_seed=1),
            "random_seed: expected a text, got 1",
            id="random seed",
        ),
    ],
)
def test_a_marker_is_refused_in_words(decorator: pytest.MarkDecorator, message: str) -> None:
    with pytest.raises(InvalidInput, match=f"^@pytest.mark.sendpilot: .*{re.escape(message)}"):
        marked_options(decorator.mark)


@pytest.mark.parametrize(
    "start", ["2025-03-01", "2025-03-01T00:00:00Z", datetime(2025, 3, 1, tzinfo=timezone.utc)]
)
def test_a_marker_has_a_contract_and_a_start(start: object) -> None:
    decorator = pytest.mark.sendpilot(
        "live", patch_reply="example", starts_at=start, frozen=True, random_seed="7"
    )
    options = marked_options(decorator.mark)

    assert options.contract.name == "live+patch_reply=example"
    assert options.starts_at == datetime(2025, 3, 1, tzinfo=timezone.utc)
    assert (options.is_frozen, options.random_seed) == (True, "7")


def test_without_a_marker_the_contract_is_documented() -> None:
    options = marked_options(None)

    assert (options.contract.name, options.starts_at) == ("documented", None)
