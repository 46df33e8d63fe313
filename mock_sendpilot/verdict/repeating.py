"""Whether a receiver stands the same event twice, twice at once, and events in another order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.verdict.answers import Answer, acceptance, printable
from mock_sendpilot.verdict.findings import FAILED, NOT_JUDGED, PASSED, Finding, gravest
from mock_sendpilot.verdict.probes import (
    ProbeFailed,
    growth,
    look,
    look_until_changed,
    look_until_settled,
    pause,
)
from mock_sendpilot.verdict.target import Probe
from mock_sendpilot.verdict.visit import Visit
from mock_sendpilot.webhooks.drafts import Draft

_EARLIER = timedelta(minutes=1)
_LEAST_PAUSE_SECONDS = 0.05
_SHOWN_BY_PROBES = (words.LEAD_UPDATED, words.REPLY_RECEIVED, words.MESSAGE_SENT)
_COUNT_EFFECTS = (
    "Have the probe show the effects of events (rows, messages sent, a counter of them), and use "
    "--lead-id if your app only acts on leads that it knows."
)


def is_idempotent(visit: Visit) -> Finding:
    """The same eventId again; a probe shows what that did, or the answers have to tell."""
    if visit.target.probe is None:
        return _by_answers(visit)
    try:
        return _by_probe(visit, visit.target.probe)
    except ProbeFailed as error:
        return Finding(NOT_JUDGED, str(error), _COUNT_EFFECTS)


def _by_answers(visit: Visit) -> Finding:
    """One that says "seen already" says so the third time, too; one that acts says new things."""
    drafts = visit.deliverer.again(visit.deliverer.draft(), times=2)
    answers = [visit.deliverer.post(draft) for draft in drafts]
    found = _all_accepted(answers, ("the first time", "the second time", "the third time"))
    if found.outcome != PASSED:
        return found
    first, second, third = map(_said, answers)
    if first == second:
        return Finding(PASSED, "the answers are alike; more would be seen with a probe")
    if second == third:
        return Finding(PASSED, "it answers repetitions otherwise; more would be seen with a probe")
    return Finding(
        FAILED,
        f"a new answer each time, as if to new events: {', '.join(map(_shown, answers))}",
        "Keep the eventIds that were done (with a unique constraint), and do nothing for one that "
        "is there. If only a time or an id of the request is new in the answers, give a --probe.",
    )


def _said(answer: Answer) -> tuple[int | None, bytes]:
    return answer.status_code, answer.body


def _shown(answer: Answer) -> str:
    return f"{answer.status_code} {printable(answer.body[:60].decode('utf-8', 'replace'))}"


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a probe showed before an event and after it, and how long that took to show."""

    name: str
    draft: Draft
    answer: Answer
    before: Any
    after: Any
    seconds: float

    @property
    def finding(self) -> Finding | None:
        """What is to be said when there was none."""
        if not self.answer.is_accepted:
            return acceptance(self.answer)
        if self.before == self.after:
            return Finding(NOT_JUDGED, "the probe does not show what events do", _COUNT_EFFECTS)
        return None


def _by_probe(visit: Visit, probe: Probe) -> Finding:
    effect = _first_effect(visit, probe)
    if effect.finding:
        return effect.finding
    again = visit.deliverer.post(visit.deliverer.again(effect.draft)[-1])
    if not again.is_accepted:
        return acceptance(again).about("the second time")
    if _look_after(probe, effect) != effect.after:
        return Finding(FAILED, "the probe shows that the second delivery had an effect, too")
    return Finding(PASSED, "the probe shows one effect")


def _first_effect(visit: Visit, probe: Probe) -> _Effect:
    """Of the first kind of event that the receiver seems to act upon."""
    limit = visit.target.prompt_seconds
    for name in _SHOWN_BY_PROBES:
        before = look_until_settled(probe, within_seconds=limit)
        draft = visit.deliverer.again(visit.deliverer.draft(name))[0]
        answer = visit.deliverer.post(draft)
        patience = limit if answer.is_accepted else 0.0
        after, seconds = look_until_changed(probe, before, within_seconds=patience)
        effect = _Effect(name, draft, answer, before, after, seconds)
        if effect.finding is None:
            return replace(effect, after=_look_after(probe, effect))
    return effect


def _look_after(probe: Probe, effect: _Effect) -> Any:  # noqa: ANN401
    """What it shows after twice the time that the first effect took to show."""
    pause(max(2 * effect.seconds, _LEAST_PAUSE_SECONDS))
    return look(probe)


def stands_simultaneous(visit: Visit) -> Finding:
    """The same event twice at the same time; of the effects a probe can show that there is one."""
    probe = visit.target.probe
    if probe is None:
        return _twice_at_once(visit, words.LEAD_UPDATED)
    try:
        effect = _first_effect(visit, probe)
        if effect.finding:
            return effect.finding
        finding = _twice_at_once(visit, effect.name)
        return finding if finding.outcome != PASSED else _of_effects(probe, effect)
    except ProbeFailed as error:
        return Finding(NOT_JUDGED, str(error), _COUNT_EFFECTS)


def _twice_at_once(visit: Visit, name: str) -> Finding:
    drafts = visit.deliverer.again(visit.deliverer.draft(name))
    return _all_accepted(visit.deliverer.post_together(drafts), ("one", "the other"))


def _of_effects(probe: Probe, effect: _Effect) -> Finding:
    """Whether the pair had the effect of one event, as far as it can be counted."""
    of_one = growth(effect.before, effect.after)
    of_the_pair = growth(effect.after, _look_after(probe, effect))
    if any(of_the_pair.get(key) == 2 * count for key, count in of_one.items()):
        return Finding(FAILED, "the probe shows two effects of one event")
    if any(of_the_pair.get(key) == count for key, count in of_one.items()):
        return Finding(PASSED, "the probe shows one effect")
    return Finding(PASSED, "the probe shows no number of effects, so one or two look alike")


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
