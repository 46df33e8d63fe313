"""The tree of a trace, and how it is drawn as text. This module imports nothing that takes time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from mock_sendpilot.lazy_dataclass import dataclass

NodeKind = Literal["request", "event", "delivery", "attempt"]
_JOINS: Mapping[str, str] = {
    "requestId": "joined by X-Request-Id",
    "traceparent": "joined by traceparent",
    "time": "came while the attempt was running",
}
_UNITS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))
_OFFSET_WIDTH = 9


class Branches(NamedTuple):
    """The signs of which the branches of a tree are drawn."""

    fork: str
    end: str
    line: str
    blank: str


BRANCHES = Branches("├─ ", "└─ ", "│  ", "   ")
ASCII_BRANCHES = Branches("|- ", "`- ", "|  ", "   ")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNode:
    """A request, an event, a delivery or an attempt, and what it led to."""

    kind: NodeKind
    id: str
    summary: str
    """A line about it, without secrets."""
    at: datetime | None = None
    """The time by the clock of the workspace; None for a request without a known API key."""
    real_at: datetime | None = None
    """The real time of a request or an attempt."""
    offset_seconds: float | None = None
    """The time by the clock since the beginning of the trace."""
    duration_seconds: float | None = None
    """The real time that a request or an attempt took."""
    cause: str | None = None
    """The kind of the cause of an event; `attempt` for a request that a receiver made."""
    joined_by: str | None = None
    """The reason to take a request for that of a receiver: `requestId`, `traceparent`, `time`."""
    has_failed: bool = False
    is_missing: bool = False
    """True if the logs have it no longer."""
    is_match: bool = False
    """True if it is what the id stands for, or is about that lead, campaign or job."""
    omitted_count: int = 0
    """The number of its effects that the tree leaves out."""
    children: "tuple[TraceNode, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The trees with what an id stands for, oldest first; none if nothing has happened to it."""

    id: str
    roots: tuple[TraceNode, ...]
    earlier_ids: tuple[str, ...] = ()
    """The ids of what led to the roots, if the trees do not go back that far."""
    omitted_count: int = 0
    """The number of earlier trees that are left out."""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def nodes(self) -> Iterator[TraceNode]:
        """Yield every node, each before what it led to."""
        waiting = list(reversed(self.roots))  # a stack, hence in reverse
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def lines(
        self,
        *,
        style: Callable[[TraceNode, str], str] = lambda _node, text: text,
        branches: Branches = BRANCHES,
    ) -> list[str]:
        """Return the trees as text, a line for each node.

        Args:
            style: returns the text of a node with colors.
            branches: the signs of which branches are drawn.
        """
        if not self.roots:
            return [f"nothing in the logs is about {self.id}"]
        notes = [f"{one} led to this; see its trace" for one in self.earlier_ids]
        if self.omitted_count:
            notes.append(f"{self.omitted_count} earlier trees are left out")
        lines = [f"{'':{_OFFSET_WIDTH}} {note}" for note in notes]
        for root in self.roots:
            lines += _lines(root, "", "", style, branches)
        return lines


def _lines(
    node: TraceNode,
    branch: str,
    indent: str,
    style: Callable[[TraceNode, str], str],
    branches: Branches,
) -> Iterator[str]:
    """Yield the lines of a node, which hangs on `branch`, and of what it led to."""
    yield f"{_offset(node):>{_OFFSET_WIDTH}} {branch}{style(node, _text(node))}"
    last = len(node.children) - 1
    for number, child in enumerate(node.children):
        is_end = number == last and not node.omitted_count
        own = branches.end if is_end else branches.fork
        below = branches.blank if is_end else branches.line
        yield from _lines(child, indent + own, indent + below, style, branches)
    if node.omitted_count:
        yield (
            f"{'':{_OFFSET_WIDTH}} {indent}{branches.end}"
            f"{node.omitted_count} more, in the trace of {node.id}"
        )


def _text(node: TraceNode) -> str:
    own_id = "" if node.kind == "attempt" else f"{node.id} "
    duration = "" if node.duration_seconds is None else f" ({_span(node.duration_seconds)})"
    join = "" if node.joined_by is None else f" [{_JOINS[node.joined_by]}]"
    return f"{own_id}{node.summary}{duration}{join}"


def _offset(node: TraceNode) -> str:
    return "" if node.offset_seconds is None else f"+{_span(node.offset_seconds)}"


def _span(seconds: float) -> str:
    """Return a span of time with three digits and one unit, such as `12 ms` or `1.5 h`."""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds * 1000:.3g} ms" if seconds else "0 ms"
