"""Whether a receiver stands the same event twice, twice at once, and events in another order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from mock_sendpilot.receiver_check.answers import Answer, acceptance
from mock_sendpilot.receiver_check.effects import (
    COUNT_EFFECTS,
    UNSEEN,
    Watch,
    first_effect,
    of_pair,
    of_repetition,
)
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, Finding, gravest
from mock_sendpilot.receiver_check.likeness import of_answers
from mock_sendpilot.receiver_check.probes import NeverStill, ProbeFailed
from mock_sendpilot.receiver_check.target import Probe
from mock_sendpilot.receiver_check.visit import Visit

_EARLIER = timedelta(minutes=1)
_UNSEEN_EFFECTS = "both accepted; a probe would show whether it acts twice"
_KEEP_PROBE = "See that the probe answers all the time: what it is to show could not be seen."


def is_idempotent(visit: Visit) -> Finding:
    """The same eventId again; a probe shows what that did, or the answers have to tell."""
    probe = visit.target.probe
    if probe is None:
        return _by_answers(visit)
    return _while_the_probe_works(partial(_by_probe, visit, probe))


def _by_answers(visit: Visit) -> Finding:
    drafts = visit.deliverer.again(visit.deliverer.draft(), times=2)
    answers = [visit.deliverer.post(draft) for draft in drafts]
    found = _all_accepted(answers, ("the first time", "the second time", "the third time"))
    if found.outcome != PASSED:
        return found
    another = visit.deliverer.post(visit.deliverer.draft())
    return of_answers(answers, another) if another.is_accepted else acceptance(another)


def _by_probe(visit: Visit, probe: Probe) -> Finding:
    found = first_effect(visit, probe)
    if isinstance(found, Finding):
        return found
    visit.effect = found
    return of_repetition(visit, probe, found)


def _while_the_probe_works(run: Callable[[], Finding]) -> Finding:
    try:
        return run()
    except NeverStill as error:
        return Finding(INCONCLUSIVE, str(error), COUNT_EFFECTS)
    except ProbeFailed as error:
        return Finding(FAILED, f"{error}, unlike before", _KEEP_PROBE)


def stands_simultaneous(visit: Visit) -> Finding:
    """The same event twice at the same time; of the effects a probe can show that there is one."""
    probe = visit.target.probe
    if probe is None:
        finding = _twice_at_once(visit)
        return finding if finding.outcome != PASSED else replace(finding, seen=_UNSEEN_EFFECTS)
    return _while_the_probe_works(partial(_twice_before_probe, visit, probe))


def _twice_before_probe(visit: Visit, probe: Probe) -> Finding:
    watch = Watch.begin(visit, probe)
    finding = _twice_at_once(visit)
    if finding.outcome != PASSED:
        return finding
    return UNSEEN if visit.effect is None else of_pair(watch, visit.effect)


def _twice_at_once(visit: Visit) -> Finding:
    name = visit.effect.name if visit.effect else None
    drafts = visit.deliverer.again(visit.deliverer.draft(name))
    return _all_accepted(visit.deliverer.post_together(drafts), ("one", "the other"))


def stands_reordering(visit: Visit) -> Finding:
    """A lead's newer event, and then the older one."""
    now = visit.deliverer.now()
    older = visit.deliverer.draft(at=now - _EARLIER)
    newer = visit.deliverer.draft(at=now)
    answers = [visit.deliverer.post(newer), visit.deliverer.post(older)]
    return _all_accepted(answers, ("the newer one", "the older one"))


def _all_accepted(answers: Sequence[Answer], names: Sequence[str]) -> Finding:
    found = [acceptance(one).about(name) for one, name in zip(answers, names, strict=True)]
    return gravest(found)
