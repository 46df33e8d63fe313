"""The accounts of a soak: a right world has no problems, and each planted fault is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

import pytest

from benchmarks.soak.arrival_account import arrival_problems
from benchmarks.soak.delivery_account import delivery_problems
from benchmarks.soak.endpoints import Endpoint, Turn
from benchmarks.soak.event_account import event_problems
from benchmarks.soak.ledger import STATUS_CHANGED, Fact, Key, Ledger
from benchmarks.soak.receivers import Arrival
from benchmarks.soak.records import (
    CANCELLED,
    CHANGE,
    DROPPED,
    EXHAUSTED,
    PENDING,
    SUCCEEDED,
    TEST,
    Attempt,
    Delivery,
    Event,
)
from benchmarks.soak.samples import Row, sample_problems

START = datetime(2026, 6, 1, tzinfo=timezone.utc)
STATUSES = ("NEW", "ASKED", "DONE", "OPEN")
DELAYS = (1.0, 5.0)
RECEIVER = "steady"


@dataclass
class World:
    """Three changes of a lead, delivered to an endpoint that failed once at the second."""

    events: list[Event] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    unread: int = 0

    def problems(self) -> list[str]:
        return [
            *event_problems(self.events, self.ledger),
            *delivery_problems(self.events, self.endpoints, self.ledger),
            *arrival_problems(
                self.events, self.endpoints, {RECEIVER: self.arrivals}, {RECEIVER: self.unread}
            ),
        ]

    def delivery(self, number: int) -> Delivery:
        (delivery,) = self.events[number].deliveries.values()
        return delivery

    def change(self, number: int, **changes: object) -> None:
        """Change the delivery of an event."""
        delivery = replace(self.delivery(number), **changes)  # type: ignore[arg-type]
        self.events[number].deliveries = {delivery.id: delivery}


def attempt(
    number: int, second: float, outcome: int | str = 200, trigger: str = "schedule"
) -> Attempt:
    at = START + timedelta(seconds=second)
    return Attempt(number, trigger, at, is_success=outcome == 200, outcome=outcome)


def arrival(event: int, status: int | None = 200) -> Arrival:
    return Arrival(order=-1, path="/endpoint1", event_id=f"evt_{event}", status=status)


@pytest.fixture
def world() -> World:
    made = World()
    made.endpoints["ep_1"] = Endpoint("ep_1", "/endpoint1", RECEIVER, DELAYS)
    made.endpoints["ep_1"].turns.append(Turn(is_on=True, sent=0, answered=1))
    attempts = {2: (attempt(1, 2, 503), attempt(2, 3))}
    for number in (1, 2, 3):
        key = Key(STATUS_CHANGED, "ida", STATUSES[number - 1], STATUSES[number])
        event = Event(f"evt_{number}", number, key, CHANGE, f"2026-06-01T00:00:0{number}.000Z")
        delivery = Delivery(
            f"dlv_{number}",
            "ep_1",
            SUCCEEDED,
            attempts=attempts.get(number, (attempt(1, number),)),
        )
        event.deliveries = {delivery.id: delivery}
        made.events.append(event)
        made.ledger.note(Fact(key, began=10 * number, ended=10 * number + 1))
    came = [arrival(1), arrival(2, 503), arrival(3), arrival(2)]
    made.arrivals = [replace(one, order=order) for order, one in enumerate(came)]
    return made


def test_a_world_that_is_right_has_no_problems(world: World) -> None:
    assert world.problems() == []


def _has_an_event_twice(world: World) -> None:
    world.events.append(replace(world.events[0], id="evt_4", sequence=4, timestamp="3"))


def _loses_an_event(world: World) -> None:
    del world.events[1]


def _has_two_deliveries(world: World) -> None:
    other = replace(world.delivery(0), id="dlv_other")
    world.events[0].deliveries[other.id] = other


def _has_an_unknown_recipient(world: World) -> None:
    world.change(0, endpoint_id="ep_other")


def _is_not_sent(world: World) -> None:
    world.events[0].deliveries = {}


def _is_sent_while_off(world: World) -> None:
    world.endpoints["ep_1"].turns.append(Turn(is_on=False, sent=15, answered=16))


def _names_no_event(world: World) -> None:
    world.ledger.note(replace(world.ledger.facts[0], event_id="evt_none"))


def _is_a_test_for_nobody(world: World) -> None:
    world.events[0].origin = TEST
    world.events[0].deliveries = {}


def _comes_out_of_order(world: World) -> None:
    first, second, *others = world.arrivals
    world.arrivals = [replace(second, order=0), replace(first, order=1), *others]


FAULTS: Mapping[str, tuple[Callable[[World], object], str]] = {
    "an event is lost": (_loses_an_event, "after event 1 comes event 3"),
    "an event is doubled": (_has_an_event_twice, "1 answered, but 2 events"),
    "two events have one time": (
        lambda world: setattr(world.events[1], "timestamp", world.events[0].timestamp),
        "event 2 is not later than the one before it",
    ),
    "a reply names no event": (_names_no_event, "event evt_none"),
    "a change has no event": (
        lambda world: world.ledger.note(Fact(Key("message.sent", "ida"), 50, 51)),
        "1 answered, but 0 events: message.sent of ida",
    ),
    "a change begins elsewhere": (
        lambda world: setattr(world.events[2], "key", Key(STATUS_CHANGED, "ida", "NEW", "OPEN")),
        "but the one before ended at DONE",
    ),
    "an event has two deliveries": (_has_two_deliveries, "event 1 has several deliveries to ep_1"),
    "a delivery has no endpoint": (_has_an_unknown_recipient, "ep_other, which nobody made"),
    "an event is not sent": (_is_not_sent, "event 1 is missing at /endpoint1, which was on"),
    "an event is sent while off": (_is_sent_while_off, "event 2 goes to /endpoint1, which was off"),
    "a test event goes nowhere": (
        _is_a_test_for_nobody,
        "test event 1 has deliveries to 0 endpoints",
    ),
    "a delivery has no end": (lambda world: world.change(0, state=PENDING), "is pending"),
    "a delivery is exhausted too early": (
        lambda world: world.change(1, state=EXHAUSTED, attempts=(attempt(1, 2, 503),)),
        "is exhausted (None); its attempts: 503",
    ),
    "a delivery is cancelled for nothing": (
        lambda world: world.change(1, state=CANCELLED, attempts=(attempt(1, 2, 503),)),
        "is cancelled (None)",
    ),
    "a delivery is dropped for nothing": (
        lambda world: world.change(1, state=DROPPED, attempts=()),
        "is dropped (None); its attempts: none",
    ),
    "a retry comes after a success": (
        lambda world: world.change(0, attempts=(attempt(1, 1), attempt(2, 2))),
        "has succeeded with attempt 1 and is retried by attempts [2]",
    ),
    "a retry comes too early": (
        lambda world: world.change(1, attempts=(attempt(1, 2, 503), attempt(2, 2.5))),
        "is retried 0:00:00.500000 after attempt 1, and not 1.0 s",
    ),
    "an attempt has the wrong number": (
        lambda world: world.change(0, attempts=(attempt(2, 1),)),
        "has the attempts [2]",
    ),
    "nobody asked for a resend": (
        lambda world: world.change(0, attempts=(attempt(1, 1), attempt(2, 2, trigger="resend"))),
        "was to have 0 attempts by resend and has 1",
    ),
    "a resend is lost": (
        lambda world: world.ledger.note_resends(["dlv_1"]),
        "was to have 1 attempts by resend and has 0",
    ),
    "a later event is attempted first": (
        lambda world: world.change(0, attempts=(attempt(1, 2.5),)),
        "before event 1",
    ),
    "a later event comes first": (_comes_out_of_order, "/endpoint1 got event 1 after event 2"),
    "a request is no attempt": (
        lambda world: world.arrivals.append(replace(arrival(3), order=9)),
        "event evt_3 to /endpoint1 (steady) has come 2 times",
    ),
    "an attempt is no request": (lambda world: world.arrivals.pop(), "has not seen 1 attempts"),
    "a response is another one": (
        lambda world: world.arrivals.__setitem__(0, replace(world.arrivals[0], status=404)),
        "had the outcomes 200; the receiver sent 404",
    ),
    "a request has no endpoint": (
        lambda world: world.arrivals.append(replace(arrival(1), path="/other")),
        "was asked for /other, which no endpoint has",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(world: World, name: str) -> None:
    plant, says = FAULTS[name]
    plant(world)

    problems = world.problems()

    assert [problem for problem in problems if says in problem], problems


def test_a_request_that_was_reset_unread_explains_an_attempt_that_nobody_saw(world: World) -> None:
    world.change(0, attempts=(attempt(1, 0, "Connection reset by peer"), attempt(2, 1)))
    world.unread = 1

    assert world.problems() == []


@pytest.mark.parametrize(
    ("disruption", "attempts", "state"),
    [
        pytest.param("drop", (), DROPPED, id="dropped on purpose"),
        pytest.param("delay", (attempt(1, 9),), SUCCEEDED, id="delayed on purpose"),
    ],
)
def test_a_disruption_explains_what_would_be_a_fault(
    world: World, disruption: str, attempts: tuple[Attempt, ...], state: str
) -> None:
    world.change(0, disruption=disruption, attempts=attempts, state=state)
    first, *others = world.arrivals
    world.arrivals = [*others, replace(first, order=9)] if attempts else others

    assert world.problems() == []


def _is_read_late(world: World, outcome: str) -> None:
    """Make the receiver read the first attempt of event 1 after the other events."""
    world.change(0, attempts=(attempt(1, 0, outcome), attempt(2, 9)))
    first, *others = world.arrivals
    world.arrivals = [*others, replace(first, order=8, status=None), replace(first, order=9)]


def test_an_attempt_on_a_connection_of_its_own_may_be_read_late(world: World) -> None:
    _is_read_late(world, "no response within 2 s")
    world.change(0, disruption="lost_response")

    assert world.problems() == []


@pytest.mark.parametrize(
    ("disruption", "outcome"),
    [
        pytest.param(None, "no response within 2 s", id="on the connection that is kept"),
        pytest.param("lost_response", "the response was lost on purpose", id="not given up"),
    ],
)
def test_no_other_attempt_is_read_late(world: World, disruption: str | None, outcome: str) -> None:
    _is_read_late(world, outcome)
    world.change(0, disruption=disruption)

    assert world.problems() == ["/endpoint1 got event 1 after event 3"]


def test_a_disabled_endpoint_explains_a_cancelled_delivery(world: World) -> None:
    world.endpoints["ep_1"].turns.append(Turn(is_on=False, sent=40, answered=41))
    world.change(
        2, state=CANCELLED, reason="the endpoint was disabled", attempts=(attempt(1, 3, 503),)
    )
    world.arrivals[2] = replace(world.arrivals[2], status=503)

    assert world.problems() == []


@pytest.mark.parametrize(("last", "is_flat"), [(108.0, True), (109.0, False)])
def test_growth_beyond_its_limit_is_a_problem(last: float, *, is_flat: bool) -> None:
    row = Row("threads", first=100.0, last=last, peak=200.0, allowed=8.0)

    assert (list(sample_problems([row])) == []) == is_flat
