"""The findings of a soak, as text."""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator

from benchmarks.load import percentile
from benchmarks.soak.event_account import counts_by_type
from benchmarks.soak.run import Outcome
from benchmarks.soak.samples import table

_LINE_SECONDS = 15.0
_MAX_PROBLEMS = 40


class Progress:
    """Shows how far a soak is: in one line on a terminal, now and then in a new one elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._latest = float("-inf")

    def show(self, text: str) -> None:
        """Show a text in the place of the one before; elsewhere not too often."""
        now = time.monotonic()
        if self._is_terminal:
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif now - self._latest >= _LINE_SECONDS or ":" not in text:
            self._latest = now
            print(text, flush=True)

    def end(self) -> None:
        """Begin a new line."""
        if self._is_terminal:
            print("\r\x1b[K", end="")


def lines_of(outcome: Outcome) -> Iterator[str]:
    """Yield the figures and the problems."""
    ledger, events = outcome.ledger, outcome.events
    deliveries = [one for event in events for one in event.deliveries.values()]
    attempts = [one for delivery in deliveries for one in delivery.attempts]
    yield f"calls        {ledger.statuses.total()}: {_counted(ledger.statuses)}"
    for group, seconds in sorted(ledger.latencies.items()):
        milliseconds = [one * 1000 for one in seconds]
        median, p99 = statistics.median(milliseconds), percentile(milliseconds, 99)
        yield (
            f"  {group:<16} {len(seconds):7}: median {median:.1f} ms, p99 {p99:.0f} ms, "
            f"longest {max(milliseconds):.0f} ms"
        )
    yield f"events       {len(events)}: {_counted(Counter(counts_by_type(events)))}"
    yield f"facts        {len(ledger.facts)} events that replies promised"
    yield f"deliveries   {len(deliveries)}: {_counted(Counter(one.state for one in deliveries))}"
    yield f"attempts     {len(attempts)}: {_counted(Counter(one.trigger for one in attempts))}"
    unread = sum(outcome.receivers.unread.values())
    yield f"arrivals     {outcome.receivers.count}, and {unread} connections reset unread"
    yield f"advances     {_counted(Counter(outcome.advances))}"
    yield ""
    yield table(outcome.rows)
    yield ""
    yield from _verdict(outcome)


def _verdict(outcome: Outcome) -> Iterator[str]:
    count = len(outcome.problems) + outcome.ledger.problem_count - len(outcome.ledger.problems)
    if not count:
        yield "Every event is accounted for."
        return
    yield f"{count} problems:"
    yield from (f"- {problem}" for problem in outcome.problems[:_MAX_PROBLEMS])
    if count > _MAX_PROBLEMS:
        yield f"- and {count - _MAX_PROBLEMS} more"


def _counted(counter: "Counter[str] | Counter[int]") -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())
