"""Effects of events, counted by a probe: late, queued, of any size, or not countable."""

from collections.abc import Callable
from time import perf_counter

import pytest

from mock_sendpilot.receiver_check.acceptance import is_idempotent, tolerates_concurrent_duplicate
from mock_sendpilot.receiver_check.profile import discover
from mock_sendpilot.receiver_check.target import Probe
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, Finding
from tests.receiver_check import async_receivers as later
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import ACTS_TWICE, check, problems
from tests.receiver_check.test_profile import client_of

ACTS_ONCE = (PASSED, PASSED)
FAILS_BOTH = (FAILED, FAILED)


def findings(
    receiver: r.Receiver, probe: Probe | None = None, *, max_latency_seconds: float = 5
) -> tuple[Finding, Finding]:
    """Return the findings of the checks that count effects: idempotent, concurrent_duplicate."""
    probe = probe or (lambda: receiver.effects)
    with client_of(receiver, probe, max_latency_seconds=max_latency_seconds) as client:
        profile = discover(client)
        return is_idempotent(profile, client), tolerates_concurrent_duplicate(profile, client)


def outcomes(receiver: r.Receiver, probe: Probe | None = None) -> tuple[str, str]:
    """Return the outcomes of the checks that count effects."""
    idempotent, concurrent_duplicate = findings(receiver, probe)
    return idempotent.outcome, concurrent_duplicate.outcome


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(later.ActsOnDuplicatesLater, FAILS_BOTH, id="duplicates later"),
        pytest.param(
            later.ActsOnDuplicatesWithTheNextEvent, (FAILED, PASSED), id="with the next event"
        ),
        pytest.param(later.LooksUpAndQueues, (PASSED, FAILED), id="looks up, and queues"),
        pytest.param(later.KnowsEventsByTheirSignature, FAILS_BOTH, id="knows signatures"),
        pytest.param(later.ActsOnEveryDeliveryLater, FAILS_BOTH, id="every delivery later"),
        pytest.param(later.QueuesEveryDelivery, FAILS_BOTH, id="a worker, every delivery"),
        pytest.param(later.QueuesUnfinishedEvents, (PASSED, FAILED), id="a worker, unfinished"),
    ],
)
def test_a_late_second_effect_is_found(
    receiver: type[r.Receiver], expected: tuple[str, str]
) -> None:
    assert outcomes(receiver()) == expected


@pytest.mark.parametrize(
    "receiver",
    [
        pytest.param(lambda: later.ActsLater(0.02), id="acts a bit later"),
        pytest.param(lambda: later.ActsLater(0.08), id="acts later"),
        pytest.param(later.WorksOffAQueue, id="a worker takes its time"),
        pytest.param(later.PollsItsQueue, id="a worker polls"),
        pytest.param(later.ActsTwicePerEvent, id="two effects per event"),
    ],
)
def test_a_late_effect_is_no_second_effect(receiver: Callable[[], r.Receiver]) -> None:
    assert outcomes(receiver()) == ACTS_ONCE


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(later.WorksOffAQueue, {}, id="once"),
        pytest.param(later.QueuesEveryDelivery, ACTS_TWICE, id="twice"),
    ],
)
def test_the_effects_of_other_checks_are_not_counted(
    receiver: type[r.Receiver], expected: dict[str, str]
) -> None:
    assert problems(check(receiver())) == expected


def test_effects_later_than_the_longest_latency_are_inconclusive() -> None:
    idempotent, concurrent_duplicate = findings(
        later.ActsAfterFourEvents(), max_latency_seconds=0.1
    )

    assert idempotent.outcome == concurrent_duplicate.outcome == INCONCLUSIVE
    assert "--max-latency" in str(idempotent.fix)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(0.1, id="a fraction"),
        pytest.param(1e9, id="large"),
        pytest.param(-1, id="negative"),
    ],
)
@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.Receiver, ACTS_ONCE, id="correct"),
        pytest.param(r.LooksUpBeforeItActs, (PASSED, FAILED), id="looks up"),
    ],
)
def test_an_effect_may_have_any_size(
    size: float, receiver: type[r.Receiver], expected: tuple[str, str]
) -> None:
    one = receiver()

    assert outcomes(one, lambda: len(one.effects) * size) == expected


def test_gaps_between_the_ids_of_rows_are_no_effects() -> None:
    receiver = later.NumbersItsRows()

    assert outcomes(receiver, lambda: list(receiver.rows.values())) == ACTS_ONCE


class ActsOnRepliesAlone(r.ActsOnEveryDelivery):
    def act(self, event: dict[str, str]) -> None:
        if event["eventType"] == "message.received":
            super().act(event)


def test_another_event_type_is_tried_if_the_first_has_no_effect() -> None:
    idempotent, concurrent_duplicate = findings(ActsOnRepliesAlone(), max_latency_seconds=0.2)

    assert idempotent.outcome == concurrent_duplicate.outcome == FAILED


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

    for finding in findings(one, lambda: probe(one), max_latency_seconds=0.1):
        assert finding.outcome == INCONCLUSIVE
        assert observed in finding.observed
        assert "Have the probe return the number of effects" in str(finding.fix)
