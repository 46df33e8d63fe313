"""Effects: those that show late, that cannot be counted, or look like one another."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED
from tests.receiver_check import later_receivers as later
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import DOES_IT_TWICE, blemishes, examined
from tests.receiver_check.test_probes import examined as examined_with
from tests.receiver_check.test_probes import repeated


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(
            later.ActsOnRepetitionsLater, DOES_IT_TWICE, id="acts on repetitions much later"
        ),
        pytest.param(
            later.ActsOnRepetitionsWithTheNext,
            {"idempotent": FAILED},
            id="acts on repetitions with the next event",
        ),
        pytest.param(
            later.LooksUpAndQueues,
            {"concurrent_duplicate": FAILED},
            id="looks up, queues, and acts later",
        ),
        pytest.param(
            later.KnowsEventsByTheirSignature, DOES_IT_TWICE, id="knows events by their signature"
        ),
    ],
)
def test_an_effect_is_awaited(receiver: type[r.Receiver], expected: dict[str, str]) -> None:
    assert blemishes(examined(receiver())) == expected


@pytest.mark.parametrize("delay", [0.03, 0.07, 0.2])
@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(later.ActsLater, {}, id="once"),
        pytest.param(later.ActsOnEveryDeliveryLater, DOES_IT_TWICE, id="twice"),
    ],
)
def test_effects_that_are_still_to_come_are_not_taken_for_others(
    receiver: type[later.ActsLater], expected: dict[str, str], delay: float
) -> None:
    assert blemishes(examined(receiver(delay))) == expected


@pytest.mark.parametrize("seconds", [0.05, 0.15])
@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(later.WorksOffAQueue, {}, id="once"),
        pytest.param(later.QueuesEveryDelivery, DOES_IT_TWICE, id="twice"),
        pytest.param(later.QueuesWhatIsNotDone, {"concurrent_duplicate": FAILED}, id="looks up"),
    ],
)
def test_effects_of_a_worker_that_does_one_after_the_other_are_told_apart(
    receiver: type[later.WorksOffAQueue], expected: dict[str, str], seconds: float
) -> None:
    assert blemishes(examined(receiver(seconds))) == expected


def test_effects_that_show_too_late_are_not_taken_for_others() -> None:
    receiver = later.ActsWhenSomeHaveCome()

    report = examined_with(receiver, lambda: len(receiver.effects), max_latency=0.1)

    assert report.result("idempotent").outcome == INCONCLUSIVE
    assert "see --max-latency" in report.result("idempotent").seen


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(lambda one: {"spent": len(one.effects) * 0.5}, id="with a point"),
        pytest.param(lambda one: {"spent": f"{len(one.effects) * 0.5} EUR"}, id="in a text"),
        pytest.param(lambda one: 250_000_000 + len(one.effects), id="large"),
    ],
)
@pytest.mark.parametrize(
    ("receiver", "outcome"),
    [
        pytest.param(r.Receiver, PASSED, id="correct"),
        pytest.param(r.LooksUpBeforeItActs, FAILED, id="looks up"),
    ],
)
def test_numbers_of_any_kind_are_counted(
    shown: Callable[[r.Receiver], object], receiver: type[r.Receiver], outcome: str
) -> None:
    one = receiver()

    report = examined_with(one, lambda: shown(one))

    assert repeated(report) == [PASSED, outcome]
    assert "effect" in report.result("concurrent_duplicate").seen


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(later.NumbersItsRows.newest_first, id="newest first"),
        pytest.param(later.NumbersItsRows.with_the_last_id, id="the last id"),
    ],
)
def test_gaps_between_the_ids_of_rows_are_no_effects(
    shown: Callable[[later.NumbersItsRows], object],
) -> None:
    receiver = later.NumbersItsRows()

    assert blemishes(examined_with(receiver, lambda: shown(receiver))) == {}


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(lambda one: {"uptime": one.seconds}, id="a number"),
        pytest.param(lambda one: f"up since 00:00:{one.seconds}", id="a text"),
    ],
)
def test_what_moves_by_itself_is_no_effect(shown: Callable[[later.HasAClock], Any]) -> None:
    receiver = later.HasAClock()

    report = examined_with(receiver, lambda: shown(receiver))

    assert report.result("idempotent").outcome == INCONCLUSIVE
    assert report.result("idempotent").seen == "what the probe shows changes by itself"
    assert report.passed


def test_a_clock_beside_the_effects_does_not_hide_them() -> None:
    class Both(later.HasAClock, r.ActsOnEveryDelivery):
        pass

    receiver = Both()

    report = examined_with(receiver, lambda: {"events": receiver.effects, "up": receiver.seconds})

    assert repeated(report) == [FAILED, FAILED]


def test_without_a_number_a_change_tells_of_a_second_effect() -> None:
    receiver = r.ActsOnEveryDelivery()

    report = examined_with(receiver, lambda: f"#{len(receiver.effects)}:")

    assert repeated(report) == [FAILED, PASSED]
    assert "no number of effects" in report.result("concurrent_duplicate").seen


def test_where_the_next_event_counts_otherwise_a_repetition_is_looked_at_alone() -> None:
    receiver = r.Receiver()

    report = examined_with(receiver, lambda: (len(receiver.effects) * 7) ** 2)

    assert report.result("idempotent").outcome == PASSED
    assert report.result("idempotent").seen == "the probe shows no second effect"
