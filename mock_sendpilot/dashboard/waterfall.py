"""The waterfall of a trace: a row for each node, with a bar on one scale of time.

The bars begin by the clock of the workspace and last as long as they took in real time. A chain may
take milliseconds and then wait for hours, so long waits are shortened; the rows say how long.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.traffic.trace_tree import Trace, TraceNode

WIDTH = 1000
"""Of the scale, in units of the picture."""
_MIN_BAR = 6
_MAX_INDENT = 10
_MIN_WAIT_SECONDS = 0.05
"""A wait that is always drawn in proportion."""


@dataclass(frozen=True, slots=True)
class Row:
    """A node of the trace: its depth in the tree, and its bar."""

    node: TraceNode
    depth: int
    x: float
    width: float

    @property
    def title(self) -> str:
        """The summary without the kind, which stands before it."""
        return self.node.summary.removeprefix(f"{self.node.kind} ")


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The rows of a trace.

    Attributes:
        rows: each node before what it led to.
        span_seconds: the time from the beginning to the end.
        is_shortened: True if long waits are shortened.
    """

    rows: tuple[Row, ...]
    span_seconds: float
    is_shortened: bool


def waterfall(trace: Trace) -> Waterfall:
    """Return the rows of a trace."""
    nodes = [found for root in trace.roots for found in _with_depth(root, 0)]
    spans = [_span(node) for node, _ in nodes]
    work = sum(end - start for start, end in spans)
    longest_wait = max(work, _MIN_WAIT_SECONDS)
    place, total, is_shortened = _scale(spans, longest_wait)
    rows = []
    for (node, depth), (start, end) in zip(nodes, spans, strict=True):
        x = min(place(start) / total * WIDTH, WIDTH - _MIN_BAR)
        width = max((place(end) - place(start)) / total * WIDTH, _MIN_BAR)
        rows.append(Row(node, min(depth, _MAX_INDENT), round(x, 1), round(width, 1)))
    ends = [end for _, end in spans]
    return Waterfall(tuple(rows), max(ends, default=0.0), is_shortened)


def _with_depth(node: TraceNode, depth: int) -> Iterator[tuple[TraceNode, int]]:
    yield node, depth
    for child in node.children:
        yield from _with_depth(child, depth + 1)


def _span(node: TraceNode) -> tuple[float, float]:
    start = max(0.0, node.offset_seconds or 0.0)
    return start, start + (node.duration_seconds or 0.0)


def _scale(
    spans: Iterable[tuple[float, float]], longest_wait: float
) -> tuple[Callable[[float], float], float, bool]:
    """Return the place of each time, the place of the last, and whether a wait is shortened."""
    times = sorted({time for span in spans for time in span} | {0.0})
    places = {times[0]: 0.0} if times else {}
    is_shortened = False
    for before, after in pairwise(times):
        gap = after - before
        if gap > longest_wait:
            is_shortened = True
            gap = longest_wait * (1 + math.log10(gap / longest_wait))
        places[after] = places[before] + gap
    total = max(places.values(), default=0.0) or 1.0
    return places.__getitem__, total, is_shortened
