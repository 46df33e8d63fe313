"""Effects: what a probe shows that events do, one, repeated, or two at once."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.receiver_check.answers import acceptance
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, Finding
from mock_sendpilot.receiver_check.growth import Growth, growth, is_length, multiples
from mock_sendpilot.receiver_check.probes import (
    STILL_SECONDS,
    ProbeFailed,
    look,
    look_until,
    look_until_still,
    pause,
)
from mock_sendpilot.receiver_check.target import Probe
from mock_sendpilot.receiver_check.visit import Effect, Visit
from mock_sendpilot.scheduling.clock import SystemClock

_LEAST_PAUSE_SECONDS = 0.05
_LONGER = 1.5  # than anything took so far
_CLOCK_SECONDS = 1.1  # in which what counts seconds has moved
_SHOWN_BY_PROBES = (words.LEAD_UPDATED, words.REPLY_RECEIVED, words.MESSAGE_SENT)
_BY_ITSELF = "what the probe shows changes by itself"
COUNT_EFFECTS = (
    "Have the probe show the effects of events (rows, messages sent, a counter of them), and use "
    "--lead-id if your app only acts on leads that it knows."
)
UNSEEN = Finding(INCONCLUSIVE, "the probe does not show what events do", COUNT_EFFECTS)


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at a probe, from before an event is sent.

    Attributes:
        probe: what is looked at.
        limit_seconds: how long an effect may take to show.
        before: what was shown at first.
        began: when that was, by the running seconds.
    """

    probe: Probe
    limit_seconds: float
    before: Any
    began: float

    @classmethod
    def begin(cls, visit: Visit, probe: Probe) -> "Watch":
        """Begin when nothing is to come any more of what was sent before.

        A worker that does one event after the other shows one effect at each pace, and so does one
        that looks into its queue now and then.
        """
        limit, pace = visit.target.max_latency_seconds, visit.pace_seconds or 0.0
        before = look_until_still(
            probe,
            within_seconds=limit + _LONGER * pace * len(visit.deliverer.accepted),
            still_seconds=_LONGER * pace + STILL_SECONDS,
        )
        return cls(probe, limit, before, SystemClock.running_seconds())

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return SystemClock.running_seconds() - self.began

    def has_changed(self, *, within_seconds: float | None = None) -> bool:
        """Wait until something has changed, by default for the limit, and say whether it has."""
        seconds = self.limit_seconds if within_seconds is None else within_seconds
        shown = look_until(self.probe, lambda one: one != self.before, within_seconds=seconds)
        return bool(shown != self.before)

    def growth_like(self, effect: Effect) -> Growth:
        """How much there is of an effect, or of several that come one after the other."""
        look_until(
            self.probe,
            lambda shown: growth(self.before, shown).keys() & effect.growth.keys(),
            within_seconds=self.limit_seconds,
        )
        return self.settled_growth(effect.seconds)

    def settled_growth(self, usual_seconds: float = 0) -> Growth:
        """What it is in the end: another effect may take twice the time of the one that shows."""
        longest = max(self.seconds, usual_seconds)
        pause(min(max(2 * longest, _LEAST_PAUSE_SECONDS), self.limit_seconds))
        return growth(self.before, look(self.probe))

    def moves_by_itself(
        self, differs: Callable[[Any, Any], object], *, least_seconds: float
    ) -> bool:
        """Whether it does so when it is looked at for as long again, without an event."""
        before = look_until_still(self.probe, within_seconds=self.limit_seconds)
        seconds = max(min(self.seconds, self.limit_seconds), least_seconds)
        shown = look_until(self.probe, lambda shown: differs(before, shown), within_seconds=seconds)
        return bool(differs(before, shown))


def learn_pace(visit: Visit) -> None:
    """Learn how long an effect takes to show, from the first event and from one right after it.

    Nothing else is waiting then. The second one takes a whole round of a worker that looks into its
    queue now and then. Where nothing shows in time the pace is left open.
    """
    probe, before = visit.target.probe, visit.shown_first
    if probe is None:
        return
    try:
        for draft in (None, visit.deliverer.draft()):
            began = visit.deliverer.accepted_at
            if draft is not None:
                began = SystemClock.running_seconds()
                visit.deliverer.post(draft)
            watch = Watch(probe, visit.target.max_latency_seconds, before, began)
            if not watch.has_changed():
                return
            before = look(probe)
            visit.pace_seconds = max(visit.pace_seconds or 0.0, watch.seconds)
    except ProbeFailed:  # the checks that need it will tell
        return


def first_effect(visit: Visit, probe: Probe) -> Effect | Finding:
    """The effect of the first kind of event that the receiver acts upon, or why there is none."""
    usual = visit.deliverer.name
    if visit.pace_seconds is None and look(probe) != visit.shown_first:
        limit = visit.target.max_latency_seconds
        seen = f"effects show later than {limit:g} s: see --max-latency"
        return Finding(INCONCLUSIVE, seen, COUNT_EFFECTS)
    for name in dict.fromkeys((usual, *_SHOWN_BY_PROBES)):
        watch = Watch.begin(visit, probe)
        answer = visit.deliverer.post(visit.deliverer.draft(name))
        if name == usual and not answer.is_accepted:
            return acceptance(answer)
        if answer.is_accepted and watch.has_changed():
            visit.pace_seconds = max(visit.pace_seconds or 0.0, watch.seconds)
            return _effect(visit, probe, name)
    return UNSEEN


def _effect(visit: Visit, probe: Probe, name: str) -> Effect | Finding:
    watch = Watch.begin(visit, probe)
    draft = visit.deliverer.again(visit.deliverer.draft(name))[0]
    answer = visit.deliverer.post(draft)
    if not answer.is_accepted:
        return acceptance(answer)
    if not watch.has_changed():
        return UNSEEN
    seconds = watch.seconds
    return Effect(name=name, draft=draft, growth=watch.settled_growth(), seconds=seconds)


def of_repetition(visit: Visit, probe: Probe, effect: Effect) -> Finding:
    """Whether the event has an effect when it comes again."""
    found = _counted_with_another(visit, probe, effect) if effect.growth else None
    return found or _of_any_change(visit, probe, effect)


def _counted_with_another(visit: Visit, probe: Probe, effect: Effect) -> Finding | None:
    """The event again, and at once another: when the effect of that shows, so does a second one.

    Nobody could tell how long to wait for something not to happen, such as in a worker that looks
    into its queue now and then.
    """
    watch = Watch.begin(visit, probe)
    again = _post_again(visit, effect)
    if again.outcome != PASSED:
        return again
    another = visit.deliverer.post(visit.deliverer.draft(effect.name))
    if not another.is_accepted:
        return acceptance(another).about("another event")
    return _judged(watch, effect, watch.growth_like(effect))


def _of_any_change(visit: Visit, probe: Probe, effect: Effect) -> Finding:
    """Where effects cannot be counted, nothing is to change any more."""
    watch = Watch.begin(visit, probe)
    again = _post_again(visit, effect)
    if again.outcome != PASSED:
        return again
    seconds = min(max(2 * effect.seconds, _LEAST_PAUSE_SECONDS), watch.limit_seconds)
    if not watch.has_changed(within_seconds=seconds):
        return Finding(PASSED, "the probe shows no second effect")
    if watch.moves_by_itself(operator.ne, least_seconds=_CLOCK_SECONDS):
        return Finding(INCONCLUSIVE, _BY_ITSELF, COUNT_EFFECTS)
    return Finding(FAILED, "the probe shows that the second delivery had an effect, too")


def _post_again(visit: Visit, effect: Effect) -> Finding:
    draft = visit.deliverer.again(effect.draft)[-1]
    return acceptance(visit.deliverer.post(draft)).about("the second time")


def of_pair(watch: Watch, effect: Effect) -> Finding:
    """Whether a pair of deliveries, made after the watch began, had the effect of one event."""
    total = watch.growth_like(effect) if effect.growth else {}
    if not (total.keys() & effect.growth.keys() or watch.has_changed()):
        return Finding(INCONCLUSIVE, "the probe does not show what the two did", COUNT_EFFECTS)
    unknown = "the probe shows no number of effects, so one or two look alike"
    return _judged(watch, effect, total) or Finding(PASSED, f"both accepted; {unknown}")


def _judged(watch: Watch, effect: Effect, total: Growth) -> Finding | None:
    """Whether that is one effect, or several; None if it cannot be told."""
    counts = multiples(effect.growth, total)
    if not counts or max(counts.values()) == 1:
        return Finding(PASSED, "the probe shows one effect") if counts else None
    several = {path for path, count in counts.items() if count > 1}
    least = 0.0 if any(map(is_length, several)) else _CLOCK_SECONDS
    if watch.moves_by_itself(
        lambda before, shown: growth(before, shown).keys() & several, least_seconds=least
    ):
        return Finding(INCONCLUSIVE, _BY_ITSELF, COUNT_EFFECTS)
    return Finding(FAILED, f"the probe shows {max(counts.values())} effects of one event")
