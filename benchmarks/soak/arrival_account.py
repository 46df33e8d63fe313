"""The account of arrivals: what receivers saw is what the log says, attempt by attempt."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from benchmarks.soak.delivery_account import is_put_off
from benchmarks.soak.endpoints import Endpoint
from benchmarks.soak.receivers import Arrival
from benchmarks.soak.records import Attempt, Delivery, Event

_GIVEN_UP = "no response within"
"""The outcome of an attempt that has timed out begins so."""
_MAX_EXAMPLES = 3


def arrival_problems(
    events: Sequence[Event],
    endpoints: Mapping[str, Endpoint],
    arrivals: Mapping[str, Sequence[Arrival]],
    unread: Mapping[str, int],
) -> Iterator[str]:
    """Yield where receivers and the log differ.

    Args:
        events: all of them, by their sequence.
        endpoints: all that there ever were, by their ids.
        arrivals: what each receiver has read.
        unread: how many requests each receiver has reset before it read them.
    """
    attempts = _attempts(events, endpoints)
    for receiver, found in arrivals.items():
        own = {path: one for path, one in attempts.items() if one.endpoint.receiver == receiver}
        yield from _of_receiver(receiver, found, own, unread.get(receiver, 0))


class _Known:
    """The log's entries for an endpoint: its attempts by event, and the numbers of the events."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.attempts: dict[str, list[Attempt]] = {}
        self.sequences: dict[str, int] = {}
        """Of the events that had to come in their turn."""

    def add(self, event: Event, delivery: Delivery) -> None:
        """Add a delivery."""
        self.attempts[event.id] = list(delivery.attempts)
        is_first_scheduled = any(one.number == 1 for one in delivery.scheduled)
        if is_first_scheduled and not is_put_off(delivery) and not _may_be_read_late(delivery):
            self.sequences[event.id] = event.sequence


def _may_be_read_late(delivery: Delivery) -> bool:
    """Return whether the receiver may have read its first attempt after that of a later event.

    To lose a response, an attempt has a connection of its own. Given up before a busy receiver has
    accepted that one, it is read after the next event, which takes the connection that is kept.
    """
    first = delivery.scheduled[0]
    return delivery.disruption == "lost_response" and str(first.outcome).startswith(_GIVEN_UP)


def _attempts(events: Sequence[Event], endpoints: Mapping[str, Endpoint]) -> dict[str, _Known]:
    known = {one.id: _Known(one) for one in endpoints.values()}
    for event in events:
        for delivery in event.deliveries.values():
            if delivery.endpoint_id in known:
                known[delivery.endpoint_id].add(event, delivery)
    return {one.endpoint.path: one for one in known.values()}


def _of_receiver(
    receiver: str, arrivals: Sequence[Arrival], known: Mapping[str, _Known], unread: int
) -> Iterator[str]:
    found: dict[str, dict[str, list[Arrival]]] = defaultdict(lambda: defaultdict(list))
    for arrival in arrivals:
        if arrival.path in known:
            found[arrival.path][arrival.event_id].append(arrival)
        else:
            yield f"receiver {receiver} was asked for {arrival.path}, which no endpoint has"
    unseen: list[str] = []
    unseen_count = 0
    for path, one in known.items():
        of_path = found[path]
        for event_id in set(of_path) | set(one.attempts):
            attempts, came = one.attempts.get(event_id, []), of_path.get(event_id, [])
            where = f"event {event_id} to {path} ({receiver})"
            if len(came) < len(attempts):
                unseen += [f"{where} {len(came)} of {_outcomes(attempts)}"]
                unseen_count += len(attempts) - len(came)
            yield from _unlike(where, attempts, came)
        yield from _out_of_order(one, of_path)
    if unseen_count != unread:
        few = ", ".join(unseen[:_MAX_EXAMPLES])
        count = f"{unseen_count} attempts ({few})"
        yield f"receiver {receiver} has not seen {count}, and has reset {unread} connections unread"


def _unlike(where: str, attempts: list[Attempt], arrivals: list[Arrival]) -> Iterator[str]:
    """Yield the attempts with a response that the receiver did not send.

    Which of two attempts that ran at the same time came first is not known: responses are counted.
    """
    outcomes = Counter(one.outcome for one in attempts if isinstance(one.outcome, int))
    responses = Counter(one.status for one in arrivals if one.status is not None)
    if len(arrivals) > len(attempts):
        yield f"{where} has come {len(arrivals)} times, and the log has {_outcomes(attempts)}"
    elif outcomes - responses:
        statuses = ", ".join(str(one.status) for one in arrivals) or "nothing"
        yield f"{where} had the outcomes {_outcomes(attempts)}; the receiver sent {statuses}"


def _outcomes(attempts: list[Attempt]) -> str:
    return "; ".join(f"{one.outcome}" for one in attempts) or "no attempt"


def _out_of_order(known: _Known, arrivals: Mapping[str, list[Arrival]]) -> Iterator[str]:
    """Yield events that came before an earlier one, where the receiver saw every attempt."""
    if known.endpoint.concurrency > 1:
        return
    firsts = sorted(
        (came[0].order, known.sequences[event_id])
        for event_id, came in arrivals.items()
        if event_id in known.sequences and len(came) == len(known.attempts[event_id])
    )
    for (_, one), (_, other) in pairwise(firsts):
        if other < one:
            yield f"{known.endpoint.path} got event {other} after event {one}"
