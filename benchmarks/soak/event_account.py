"""The account of events: each change with a response has one, with its number and its time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from benchmarks.soak.ledger import STATUS_CHANGED, Fact, Key, Ledger
from benchmarks.soak.records import CHANGE, Event


def event_problems(events: Sequence[Event], ledger: Ledger) -> Iterator[str]:
    """Yield what is wrong with the events.

    Args:
        events: all of them, by their sequence.
        ledger: what the replies have said.
    """
    yield from _gaps(events)
    yield from _unknown_ids(events, ledger.facts)
    yield from _miscounted(events, ledger)
    yield from _broken_chains(events)


def spans(events: Sequence[Event], facts: Iterable[Fact]) -> list[tuple[float, float]]:
    """Return when each event was recorded and published: not before, and not after.

    Facts say it of their own events; and no event is published before one with a lower number.
    """
    of_facts = {event.id: fact for fact, event in _events_of_facts(events, facts)}
    known = [of_facts.get(event.id) for event in events]
    begins = accumulate((fact.began if fact else 0.0 for fact in known), max)
    ends = accumulate((fact.ended if fact else float("inf") for fact in reversed(known)), min)
    return list(zip(begins, reversed(list(ends)), strict=True))


def counts_by_type(events: Iterable[Event]) -> Mapping[str, int]:
    """Return how many events there are of each type, most first."""
    return dict(Counter(event.key.event_type for event in events).most_common())


def _events_of_facts(
    events: Sequence[Event], facts: Iterable[Fact]
) -> Iterator[tuple[Fact, Event]]:
    """Yield facts with their events, where a reply named it or nobody else changed the subject.

    In the second case the events of a key come in the order of the replies.
    """
    facts = list(facts)
    by_id = {event.id: event for event in events}
    named = {fact.event_id for fact in facts if fact.event_id}
    by_key: dict[Key, list[Event]] = defaultdict(list)
    for event in events:
        if event.origin == CHANGE and event.id not in named:
            by_key[event.key].append(event)
    waiting = {key: iter(found) for key, found in by_key.items()}
    for fact in facts:
        found = None
        if fact.event_id is not None:
            found = by_id.get(fact.event_id)
        elif fact.is_serial:
            found = next(waiting.get(fact.key, iter(())), None)
        if found is not None and not fact.is_later:
            yield fact, found


def _gaps(events: Sequence[Event]) -> Iterator[str]:
    if events and events[0].sequence != 1:
        yield f"the first event has the sequence number {events[0].sequence}"
    for one, other in pairwise(events):
        if other.sequence != one.sequence + 1:
            yield f"after event {one.sequence} comes event {other.sequence}"
        if other.timestamp <= one.timestamp:
            times = f"{other.timestamp} after {one.timestamp}"
            yield f"event {other.sequence} is not later than the one before it: {times}"


def _unknown_ids(events: Sequence[Event], facts: Iterable[Fact]) -> Iterator[str]:
    by_id = {event.id: event for event in events}
    for fact in facts:
        if fact.event_id is None:
            continue
        found = by_id.get(fact.event_id)
        if found is None:
            yield f"a reply named event {fact.event_id} ({fact.key}), which the log never had"
        elif found.key != fact.key and found.origin == CHANGE:
            yield f"a reply named event {fact.event_id} ({fact.key}), which is {found.key}"


def _miscounted(events: Sequence[Event], ledger: Ledger) -> Iterator[str]:
    made_by_hand = {event.id for event in events if event.origin != CHANGE}
    answered = Counter(one.key for one in ledger.facts if one.event_id not in made_by_hand)
    found = Counter(event.key for event in events if event.origin == CHANGE)
    for key in answered | found:
        if key.subject in ledger.walking and not answered[key]:
            continue  # a campaign moves this person by itself
        if found[key] != answered[key]:
            yield f"{answered[key]} answered, but {found[key]} events: {key}"


def _broken_chains(events: Sequence[Event]) -> Iterator[str]:
    """Yield where a change does not begin with the status that the one before it ended with."""
    latest: dict[str, str | None] = {}
    for event in events:
        if event.origin == CHANGE and event.key.event_type == STATUS_CHANGED:
            known = latest.get(event.key.subject, event.key.before)
            if known != event.key.before:
                yield f"event {event.sequence} is {event.key}, but the one before ended at {known}"
            latest[event.key.subject] = event.key.after
