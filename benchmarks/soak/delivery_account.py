"""The account of deliveries: who had to get an event, how each delivery ended, in which order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from benchmarks.soak.endpoints import Endpoint
from benchmarks.soak.event_account import spans
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.records import (
    CANCELLED,
    DROPPED,
    EXHAUSTED,
    SUCCEEDED,
    TEST,
    Delivery,
    Event,
)

_PUT_OFF = ("delay", "reorder")
_REASONS = ("the endpoint was disabled", "the endpoint was deleted", "the endpoint is gone or")
_ROUNDING = timedelta(milliseconds=2)
"""Times in the log are cut to milliseconds."""


def delivery_problems(
    events: Sequence[Event], endpoints: Mapping[str, Endpoint], ledger: Ledger
) -> Iterator[str]:
    """Yield what is wrong with the deliveries.

    Args:
        events: all of them, by their sequence.
        endpoints: all that there ever were, by their ids.
        ledger: what the replies have said.
    """
    yield from _wrong_recipients(events, endpoints, ledger)
    for event in events:
        for delivery in event.deliveries.values():
            endpoint = endpoints.get(delivery.endpoint_id)
            where = f"delivery {delivery.id} of event {event.sequence}"
            if endpoint is None:
                yield f"{where} goes to {delivery.endpoint_id}, which nobody made"
                continue
            for problem in _wrong_end(delivery, endpoint, ledger.resends[delivery.id]):
                yield f"{where} to {endpoint.path} ({endpoint.receiver}) {problem}"
    for endpoint in endpoints.values():
        yield from _wrong_order(events, endpoint)


def is_put_off(delivery: Delivery) -> bool:
    """Return whether a disruption has it come later than its turn."""
    return delivery.disruption in _PUT_OFF


def _wrong_recipients(
    events: Sequence[Event], endpoints: Mapping[str, Endpoint], ledger: Ledger
) -> Iterator[str]:
    for event, (began, ended) in zip(events, spans(events, ledger.facts), strict=True):
        counts = Counter(one.endpoint_id for one in event.deliveries.values())
        doubled = [endpoint_id for endpoint_id, count in counts.items() if count > 1]
        if doubled:
            yield f"event {event.sequence} has several deliveries to {', '.join(doubled)}"
        if event.origin == TEST and len(counts) != 1:
            yield f"test event {event.sequence} has deliveries to {len(counts)} endpoints"
        for endpoint in () if event.origin == TEST else endpoints.values():
            wants = endpoint.wants(event.key.event_type)
            had_to = wants and endpoint.is_on(began, ended)
            if had_to is True and endpoint.id not in counts:
                yield f"event {event.sequence} is missing at {endpoint.path}, which was on"
            elif had_to is False and endpoint.id in counts:
                state = "off" if wants else "not for such events"
                yield f"event {event.sequence} goes to {endpoint.path}, which was {state}"


def _wrong_end(delivery: Delivery, endpoint: Endpoint, resends: int) -> Iterator[str]:
    numbers = [attempt.number for attempt in delivery.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"has the attempts {numbers}"
    yield from _unexplained_state(delivery, endpoint)
    yield from _unscheduled(delivery, endpoint)
    yield from _wrong_extras(delivery, endpoint, resends)


def _unexplained_state(delivery: Delivery, endpoint: Endpoint) -> Iterator[str]:
    has_succeeded = any(attempt.is_success for attempt in delivery.attempts)
    count, full = len(delivery.scheduled), 1 + len(endpoint.delays)
    is_explained = {
        SUCCEEDED: has_succeeded,
        EXHAUSTED: not has_succeeded and count == full,
        CANCELLED: (
            not has_succeeded
            and count <= full  # the last attempt may have been under way
            and not endpoint.stays
            and str(delivery.reason).startswith(_REASONS)
        ),
        DROPPED: delivery.disruption == "drop" and not delivery.scheduled,
    }
    if not is_explained.get(delivery.state, False):
        outcomes = ", ".join(str(attempt.outcome) for attempt in delivery.attempts) or "none"
        yield f"is {delivery.state} ({delivery.reason}); its attempts: {outcomes}"


def _unscheduled(delivery: Delivery, endpoint: Endpoint) -> Iterator[str]:
    scheduled = delivery.scheduled
    if len(scheduled) > 1 + len(endpoint.delays):
        yield f"has {len(scheduled)} attempts by a schedule of {1 + len(endpoint.delays)}"
    successes = [attempt.number for attempt in delivery.attempts if attempt.is_success]
    # Where attempts run at the same time, one may have begun before the other has succeeded.
    if successes and endpoint.concurrency == 1:
        later = [attempt.number for attempt in scheduled if attempt.number > successes[0]]
        if later:
            yield f"has succeeded with attempt {successes[0]} and is retried by attempts {later}"
    for (one, other), delay in zip(pairwise(scheduled), endpoint.delays, strict=False):
        if other.at - one.at < timedelta(seconds=delay) - _ROUNDING:
            yield f"is retried {other.at - one.at} after attempt {one.number}, and not {delay} s"


def _wrong_extras(delivery: Delivery, endpoint: Endpoint, resends: int) -> Iterator[str]:
    """Yield resends and copies that nobody has asked for, or that are missing."""
    for trigger, asked in (("resend", resends), ("duplicate", delivery.copies)):
        made = sum(attempt.trigger == trigger for attempt in delivery.attempts)
        is_ended = delivery.state == CANCELLED or not endpoint.stays
        if made > asked or (made < asked and not is_ended):
            yield f"was to have {asked} attempts by {trigger} and has {made}"


def _wrong_order(events: Sequence[Event], endpoint: Endpoint) -> Iterator[str]:
    """Yield first attempts that began before that of an earlier event."""
    if endpoint.concurrency > 1:
        return
    firsts = [
        (event.sequence, delivery.scheduled[0].at)
        for event in events
        for delivery in event.deliveries.values()
        if delivery.endpoint_id == endpoint.id and delivery.scheduled and not is_put_off(delivery)
    ]
    for (one, one_at), (other, other_at) in pairwise(firsts):
        if other_at < one_at:
            yield f"{endpoint.path} got event {other} at {other_at}, before event {one} ({one_at})"
