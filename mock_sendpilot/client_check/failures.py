"""Checks of what a client does when requests fail: it waits, repeats, gives up, or stops."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mock_sendpilot.client_check.runs import Lab, Run, Trouble, arrived, key_of
from mock_sendpilot.client_check.sync import counted
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, WARNED, Finding

_MAX_TRIES = 10
_MAX_OUTAGE_REQUESTS = 50
_MIN_MEAN_PAUSE = 0.1  # seconds
_MIN_GROWTH = 1.3  # of the longest pause over the shortest: below it they are all the same
_RETRY_AFTER_SHARE = 0.95  # a timer may be early
_REFUSAL_SECONDS = 0.2  # so that what was sent at the same time is on its way before it
_OK = range(200, 300)
_NOTHING_SAFE = "the sync makes no request that is safe to repeat (GET or PATCH)"
_AS_IF_WELL = "and the sync ended as if all was well"
_REPORT = "End with an error, so that somebody or something notices."


def completes(lab: Lab) -> Finding:
    """Run the sync without any fault."""
    run = lab.undisturbed
    if run.stranger is not None and not run.entries:
        fix = "Give the client SENDPILOT_API_KEY, or the api_key that the function gets."
        return Finding(FAILED, f"came without the API key of this check: {run.stranger}", fix)
    if run.was_ended:
        return _endless(run)
    if not run.entries:
        fix = (
            "Give the client SENDPILOT_BASE_URL, or the base_url that the function gets, and a "
            "sync that has something to do."
        )
        after = f"; it ended with an error: {run.error}" if run.error else ""
        return Finding(FAILED, f"made no request{after}", fix)
    if run.error is not None:
        return Finding(FAILED, f"ended with an error: {run.error}")
    if run.refused:
        first = run.refused[0].summary()
        return Finding(WARNED, f"{counted(len(run.refused), 'request')} refused, such as {first}")
    return Finding(PASSED, f"{counted(len(run.entries), 'request')} in {run.seconds:.1f} s")


def obeys_retry_after(lab: Lab) -> Finding:
    """Answer 429 with a Retry-After once."""
    seconds = lab.limits.retry_after_seconds
    effect = Effect(status=429, retry_after=seconds, latency_seconds=_REFUSAL_SECONDS)
    run = _recovery_run(lab, effect)
    if run is None:
        return Finding(INCONCLUSIVE, _NOTHING_SAFE)
    if not run.hits:
        return _not_met()
    answered = arrived(run.hits[0]) + _REFUSAL_SECONDS
    # What was sent at the same time as the request does not know the answer.
    later = [one for one in run.entries if arrived(one) > answered]
    if later:
        pause = arrived(later[0]) - answered
        if pause < seconds * _RETRY_AFTER_SHARE:
            observed = f"the next request came {pause:.1f} s after the 429, not {seconds} s"
            return Finding(FAILED, observed)
    return _recovery(run)


def survives_bare_rate_limit(lab: Lab) -> Finding:
    """Answer 429 without a Retry-After once."""
    contract = replace(lab.contract, retry_after=False)
    run = _recovery_run(lab, Effect(status=429), contract=contract)
    return Finding(INCONCLUSIVE, _NOTHING_SAFE) if run is None else _recovery(run)


def survives(lab: Lab, effect: Effect, times: int = 1) -> Finding:
    """Let the first request that reads fail, and see whether it is repeated."""
    run = _recovery_run(lab, effect, times)
    return Finding(INCONCLUSIVE, _NOTHING_SAFE) if run is None else _recovery(run)


def gives_up(lab: Lab) -> Finding:
    """Answer 503 to everything."""
    run = lab.outage
    if run.was_ended:
        return _endless(run)
    tries = max(1 + len(run.repeats(one)) for one in run.entries) if run.entries else 0
    if tries > _MAX_TRIES:
        return Finding(FAILED, f"{tries} tries of the same request in {run.seconds:.1f} s")
    if len(run.entries) > _MAX_OUTAGE_REQUESTS:
        observed = f"{len(run.entries)} requests in {run.seconds:.1f} s, all answered 503"
        return Finding(WARNED, observed, "Stop the sync once a request has failed for good.")
    if not tries:
        return _not_met()
    observed = f"{counted(tries, 'try')} in {run.seconds:.1f} s"
    if run.error is None:
        return Finding(WARNED, f"{observed}, {_AS_IF_WELL}", _REPORT)
    return Finding(PASSED, observed)


def backs_off(lab: Lab) -> Finding:
    """Look at the pauses between the tries of the first request while all are answered 503."""
    run = lab.outage
    if not run.entries:
        return _not_met()
    tries = [arrived(one) for one in (run.entries[0], *run.repeats(run.entries[0]))]
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    if not pauses:
        return Finding(INCONCLUSIVE, "the sync does not repeat a request that failed")
    first_pauses = ", ".join(f"{pause:.2f}" for pause in pauses[:6])
    observed = f"pauses of {first_pauses}{', …' if pauses[6:] else ''} s"
    if sum(pauses) / len(pauses) < _MIN_MEAN_PAUSE:
        return Finding(FAILED, observed)
    if len(pauses) > 1 and max(pauses) < _MIN_GROWTH * min(pauses):
        return Finding(WARNED, f"{observed}: all the same")
    return Finding(PASSED, observed)


def has_timeout(lab: Lab) -> Finding:
    """Leave a request without a response."""
    target = lab.first_read or (lab.undisturbed.entries[0] if lab.undisturbed.entries else None)
    if target is None:
        return _not_met()
    limit = lab.limits.max_hang_seconds
    clock = lab.clock

    def has_waited_long(entries: Sequence[JournalEntry]) -> bool:
        return any(one.fault for one in entries) and (
            clock.seconds() - max(map(arrived, entries)) > limit
        )

    trouble = Trouble(Effect(hang=True), RequestPattern(operation=target.operation))
    run = lab.run(trouble, has_enough=has_waited_long)
    if not run.hits:
        return _not_met()
    hung = arrived(run.hits[0])
    repeats = [arrived(one) for one in run.repeats(run.hits[0])]
    if run.was_ended and not repeats:
        return Finding(FAILED, f"still waited for a response after {limit:g} s")
    waited = (repeats[0] if repeats else run.ended) - hung
    observed = f"gave up waiting after {waited:.1f} s"
    if run.error is None and target is lab.first_read:
        return _recovery(run).about(observed)
    return Finding(PASSED, observed)


def stops_when_unauthorized(lab: Lab) -> Finding:
    """Answer 401 to everything, a moment after each request."""
    effect = Effect(status=401, latency_seconds=_REFUSAL_SECONDS)
    run = lab.run(Trouble(effect, times=None))
    if not run.entries:
        return _not_met()
    answered = arrived(run.entries[0]) + _REFUSAL_SECONDS * _RETRY_AFTER_SHARE
    later = [one for one in run.entries if arrived(one) > answered]
    if later:
        repeats = run.repeats(run.entries[0])
        what = f"{len(repeats)} of them the same" if repeats else "none of them the same"
        return Finding(FAILED, f"{counted(len(later), 'more request')} after the first 401, {what}")
    if run.was_ended:
        return _endless(run)
    if run.error is None:
        return Finding(WARNED, f"no more requests, {_AS_IF_WELL}", _REPORT)
    return Finding(PASSED, "no more requests after the first 401")


def repeats_no_refused_request(lab: Lab) -> Finding:
    """Answer 400 to the first request, as often as it comes."""
    if not lab.undisturbed.entries:
        return _not_met()
    target = lab.undisturbed.entries[0]
    pattern = RequestPattern(operation=target.operation)
    run = lab.run(Trouble(Effect(status=400), pattern, times=None))
    if not run.hits:
        return _not_met()
    usual = sum(key_of(one) == key_of(run.hits[0]) for one in lab.undisturbed.entries)
    repeats = 1 + len(run.repeats(run.hits[0])) - usual
    if repeats > 0 or run.was_ended:
        return Finding(FAILED, f"{run.hits[0].summary()}: repeated {counted(repeats, 'time')}")
    return Finding(PASSED, "not repeated")


def _recovery_run(
    lab: Lab, effect: Effect, times: int = 1, *, contract: Contract | None = None
) -> Run | None:
    """Return a run in which the first request that reads fails; None if there is none."""
    target = lab.first_read
    if target is None:
        return None
    trouble = Trouble(effect, RequestPattern(operation=target.operation), times)
    return lab.run(trouble, contract=contract)


def _recovery(run: Run) -> Finding:
    """Judge the end of a run in which a request that is safe to repeat has failed."""
    if not run.hits:
        return _not_met()
    if run.was_ended:
        return _endless(run)
    hit = run.hits[0]
    again = [one for one in run.repeats(hit) if one.status in _OK]
    if again and run.error is None:
        pause = arrived(again[0]) - arrived(hit)
        return Finding(PASSED, f"repeated after {pause:.1f} s, and completed")
    if again:
        return Finding(FAILED, f"repeated, and ended with an error nevertheless: {run.error}")
    if run.error is None:
        observed = f"{hit.operation} was not repeated, {_AS_IF_WELL}"
        return Finding(FAILED, observed, "Repeat it, or end with an error: its data is missing.")
    return Finding(WARNED, f"gave up at once: {run.error}")


def _endless(run: Run) -> Finding:
    observed = f"had not ended after {run.seconds:.1f} s and {counted(len(run.entries), 'request')}"
    return Finding(FAILED, observed)


def _not_met() -> Finding:
    return Finding(INCONCLUSIVE, "the sync did not make the request that was to fail")
