"""The waterfall: where the bars of a trace are."""

import pytest

from mock_sendpilot.dashboard.waterfall import WIDTH, Waterfall, waterfall
from mock_sendpilot.traffic.trace_tree import Trace, TraceNode


def chain(*spans: tuple[float, float]) -> Waterfall:
    """The waterfall of nodes, each led to by the one before: offset and duration in seconds."""
    node: TraceNode | None = None
    for number, (offset, duration) in reversed([*enumerate(spans)]):
        node = TraceNode(
            kind="event",
            id=f"evt_{number}",
            summary="event",
            offset_seconds=offset,
            duration_seconds=duration,
            children=(node,) if node else (),
        )
    return waterfall(Trace(id="evt_0", roots=(node,) if node else ()))


def test_short_chains_are_in_proportion() -> None:
    found = chain((0, 0.1), (0.05, 0.05), (0.075, 0.025))
    assert [(row.x, row.width) for row in found.rows] == [(0, 1000), (500, 500), (750, 250)]
    assert (found.span_seconds, found.is_shortened) == (0.1, False)


def test_long_waits_are_shortened_and_stay_in_order() -> None:
    found = chain((0, 0.01), (30, 0.01), (3600, 0.01))
    starts = [row.x for row in found.rows]
    assert found.is_shortened
    assert starts == sorted(starts)
    assert starts[1] > WIDTH / 5


@pytest.mark.parametrize("spans", [[], [(0, 0)], [(0, 0), (0, 0)], [(5, 0)], [(1e9, 1e-9)] * 3])
def test_every_bar_can_be_seen(spans: list[tuple[float, float]]) -> None:
    rows = chain(*spans).rows
    assert len(rows) == len(spans)
    assert all(0 <= row.x < WIDTH and 0 < row.width <= WIDTH for row in rows)


def test_rows_have_the_depth_of_the_tree_within_a_limit() -> None:
    depths = [row.depth for row in chain(*[(0, 0)] * 14).rows]
    assert depths == [*range(11), 10, 10, 10]
