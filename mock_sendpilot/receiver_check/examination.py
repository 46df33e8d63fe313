"""An examination: every check in order, as long as it makes sense to go on."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.receiver_check.checks import Check, checks_under
from mock_sendpilot.receiver_check.deliverer import Deliverer
from mock_sendpilot.receiver_check.effects import learn_pace
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, Finding
from mock_sendpilot.receiver_check.probes import ProbeFailed, look
from mock_sendpilot.receiver_check.report import Report, Result
from mock_sendpilot.receiver_check.target import Target
from mock_sendpilot.receiver_check.visit import Visit, in_words
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.webhooks.http_sender import HttpSender

_MOST_HUNG = 2


def examine(
    target: Target,
    *,
    on_result: Callable[[Result], None] | None = None,
    clock: SystemClock | None = None,
) -> Report:
    """Deliver a graded series of events to a receiver, and report what it made of them.

    Args:
        target: the receiver.
        on_result: is told each result as soon as it is there.
        clock: what the receiver compares signatures with; by default real time.

    Raises:
        InvalidInput: its probe shows nothing; no event was sent.
    """
    shown_first = _first_look(target)
    results: list[Result] = []
    timeout = target.timeout_seconds
    with closing(HttpSender(timeout_seconds=timeout, wall_clock=clock)) as http_sender:
        visit = Visit(target, Deliverer(target, http_sender), shown_first=shown_first)
        obstacle: str | None = None
        for check in checks_under(target.contract):
            result = _result(check, visit, obstacle)
            results.append(result)
            if on_result is not None:
                on_result(result)
            obstacle = obstacle or _obstacle(check, result, visit)
            if check.is_gate and obstacle is None:
                learn_pace(visit)
    schemes = tuple(map(in_words, visit.schemes)) if visit.verifies else ()
    return Report(
        url=target.url, contract=target.contract.name, schemes=schemes, results=tuple(results)
    )


def _first_look(target: Target) -> Any:
    """What was asked for and cannot be had must not look as if it had not been asked for."""
    try:
        return None if target.probe is None else look(target.probe)
    except ProbeFailed as error:
        raise InvalidInput(f"{error}; no event was sent") from error


def _result(check: Check, visit: Visit, obstacle: str | None) -> Result:
    began = SystemClock.running_seconds()
    found = Finding(INCONCLUSIVE, obstacle) if obstacle else check.run(visit).at_most(check.level)
    return Result(
        id=check.id,
        title=check.title,
        outcome=found.outcome,
        seen=found.seen,
        why=check.why,
        fix=found.fix or check.fix,
        duration_seconds=SystemClock.running_seconds() - began,
        is_tried=obstacle is None,
    )


def _obstacle(check: Check, result: Result, visit: Visit) -> str | None:
    """Why to go no further."""
    if check.is_gate and result.outcome == FAILED:
        return "not tried, since not even a valid event was acknowledged"
    if visit.deliverer.hung_count >= _MOST_HUNG:
        limit = visit.target.timeout_seconds
        return f"not tried, since two requests had no whole answer within {limit:g} s"
    return None
