"""Effects of events, counted by a probe: late, queued, of any size, or not countable."""

from collections.abc import Callable
from time import perf_counter

import pytest

from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED
from tests.receiver_check import async_receivers
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import ACTS_TWICE, check, problems
from tests.receiver_check.test_probes import effect_outcomes


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(
            async_receivers.ActsOnDuplicatesLater,
            ACTS_TWICE,
            id="acts on duplicates later",
        ),
        pytest.param(
            async_receivers.ActsOnDuplicatesWithTheNextEvent,
            {"idempotent": FAILED},
            id="acts on duplicates with the next event",
        ),
        pytest.param(
            async_receivers.LooksUpAndQueues,
            {"concurrent_duplicate": FAILED},
            id="looks up finished events, and queues",
        ),
        pytest.param(
            async_receivers.KnowsEventsByTheirSignature,
            ACTS_TWICE,
            id="knows events by their signature",
        ),
        pytest.param(
            async_receivers.ActsOnEveryDeliveryLater, ACTS_TWICE, id="acts on every delivery later"
        ),
        pytest.param(
            async_receivers.QueuesEveryDelivery, ACTS_TWICE, id="a worker acts on every delivery"
        ),
        pytest.param(
            async_receivers.QueuesUnfinishedEvents,
            {"concurrent_duplicate": FAILED},
            id="a worker looks up finished events",
        ),
    ],
)
def test_a_late_second_effect_is_found(
    receiver: type[r.Receiver], expected: dict[str, str]
) -> None:
    assert problems(check(receiver())) == expected


@pytest.mark.parametrize(
    "receiver",
    [
        pytest.param(lambda: async_receivers.ActsLater(0.02), id="acts a bit later"),
        pytest.param(lambda: async_receivers.ActsLater(0.08), id="acts later"),
        pytest.param(async_receivers.WorksOffAQueue, id="a worker takes its time"),
        pytest.param(async_receivers.PollsItsQueue, id="a worker polls"),
        pytest.param(async_receivers.ActsTwicePerEvent, id="two effects per event"),
    ],
)
def test_a_late_effect_is_not_attributed_to_another_event(
    receiver: Callable[[], r.Receiver],
) -> None:
    assert problems(check(receiver())) == {}


def test_effects_later_than_the_longest_latency_are_inconclusive() -> None:
    receiver = async_receivers.ActsAfterFourEvents()

    report = check(receiver, lambda: len(receiver.effects), max_latency=0.1)

    assert effect_outcomes(report) == [INCONCLUSIVE, INCONCLUSIVE]
    assert "--max-latency" in report.result("idempotent").fix


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(0.1, id="a fraction"),
        pytest.param(1e9, id="large"),
        pytest.param(-1, id="negative"),
    ],
)
@pytest.mark.parametrize(
    ("receiver", "outcome"),
    [
        pytest.param(r.Receiver, PASSED, id="correct"),
        pytest.param(r.LooksUpBeforeItActs, FAILED, id="looks up"),
    ],
)
def test_effects_may_have_any_number(
    value: float, receiver: type[r.Receiver], outcome: str
) -> None:
    one = receiver()

    report = check(one, lambda: len(one.effects) * value)

    assert effect_outcomes(report) == [PASSED, outcome]


def test_gaps_between_the_ids_of_rows_are_no_effects() -> None:
    receiver = async_receivers.NumbersItsRows()

    assert problems(check(receiver, lambda: list(receiver.rows.values()))) == {}


class ActsOnRepliesAlone(r.ActsOnEveryDelivery):
    def act(self, event: dict[str, str]) -> None:
        if event["eventType"] == "reply.received":
            super().act(event)


def test_another_event_type_is_tried_if_the_first_has_no_effect() -> None:
    receiver = ActsOnRepliesAlone()

    report = check(receiver, lambda: receiver.effects, max_latency=0.2)

    assert effect_outcomes(report) == [FAILED, FAILED]


@pytest.mark.parametrize(
    ("probe", "observed"),
    [
        pytest.param(lambda _: 7, "no effect of events", id="a constant"),
        pytest.param(lambda _: perf_counter(), "the same number", id="a clock"),
        pytest.param(lambda one: one.effects[-1:], "the same number", id="the last effect"),
        pytest.param(lambda one: len(one.effects) ** 2, "the same number", id="a square"),
    ],
)
@pytest.mark.parametrize("receiver", [r.Receiver, r.ActsOnEveryDelivery])
def test_a_probe_that_counts_something_else_is_inconclusive(
    probe: Callable[[r.Receiver], float | list[str]], observed: str, receiver: type[r.Receiver]
) -> None:
    one = receiver()

    report = check(one, lambda: probe(one), max_latency=0.1)

    assert effect_outcomes(report) == [INCONCLUSIVE, INCONCLUSIVE]
    assert observed in report.result("idempotent").observed
    assert "Have the probe return the number of effects" in report.result("idempotent").fix
