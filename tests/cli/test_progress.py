"""A terminal shows how far many leads have been checked; nothing else does."""

import io
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from mock_sendpilot.cli.formatting import show_progress
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.errors import InvalidInput
from tests.conftest import NOW


class Terminal(io.StringIO):
    """Standard error that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "count", "is_expected"),
    [
        pytest.param(Terminal(), 20_000, True, id="many at a terminal"),
        pytest.param(Terminal(), 19_999, False, id="few at a terminal"),
        pytest.param(io.StringIO(), 20_000, False, id="many elsewhere"),
        pytest.param(None, 20_000, False, id="closed"),
    ],
)
def test_progress_is_for_terminals_and_many_leads(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None, count: int, is_expected: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(show_progress(iter(range(count)), count)) == list(range(count))
    text = "" if stream is None else stream.getvalue()
    assert ("Checking 20,000 leads" in text and "100%" in text) is is_expected
    assert bool(text) is is_expected


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="no object"),
        pytest.param({"workspaces": 1}, id="no workspaces"),
        pytest.param({"workspaces": [1, {"leads": 1}]}, id="no leads"),
    ],
)
def test_watched_seeds_are_refused_as_others_are(document: Any) -> None:
    problems = []
    for watch in (None, show_progress):
        with pytest.raises(InvalidInput) as error:
            parse_seed(orjson.dumps(document), now=NOW, watch=watch)
        problems.append(str(error.value))
    assert problems[0] == problems[1]


def test_every_lead_of_a_seed_is_watched() -> None:
    lead_ids: list[Any] = []
    counts: list[int] = []

    def watch(leads: Any, count: int) -> Any:
        counts.append(count)
        for lead in leads:
            lead_ids.append(lead["id"])
            yield lead

    demo = (Path(__file__).parents[2] / "fixtures" / "demo.json").read_bytes()
    (seed, *_) = parse_seed(demo, now=NOW, watch=watch)
    assert [lead.id for lead in seed.leads] == lead_ids[: len(seed.leads)]
    assert counts[0] == len(seed.leads)
