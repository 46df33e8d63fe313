"""Checks of POSTs whose answer is lost: what was done must not be done twice, nor left undone."""

from collections.abc import Callable

from mock_sendpilot.client_check.runs import Lab, Run, Trouble
from mock_sendpilot.matching import RequestPattern
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, Finding, worst

_SAFE_TO_REPEAT = "leads.add"  # it skips the leads that the campaign has
_OK = range(200, 300)


def does_once(lab: Lab, effect: Effect) -> Finding:
    """Do what each kind of POST asks for, and lose its response."""
    posts = [one for one in _posts(lab) if one.operation != _SAFE_TO_REPEAT]
    return _worst_of(lab, posts, effect, _judge_once)


def leaves_nothing_undone(lab: Lab) -> Finding:
    """Answer 503 to a POST of each kind, without doing what it asks for."""
    return _worst_of(lab, _posts(lab), Effect(status=503), _judge_undone)


def _posts(lab: Lab) -> list[JournalEntry]:
    """Return the first accepted POST of each operation."""
    first: dict[str | None, JournalEntry] = {}
    for entry in lab.undisturbed.entries:
        if entry.method == "POST" and entry.status in _OK:
            first.setdefault(entry.operation, entry)
    return list(first.values())


def _worst_of(
    lab: Lab,
    posts: list[JournalEntry],
    effect: Effect,
    judge: Callable[[Run, Run], Finding],
) -> Finding:
    findings = []
    for post in posts:
        run = lab.run(Trouble(effect, RequestPattern(operation=post.operation)))
        findings.append(judge(run, lab.undisturbed).about(str(post.operation)))
    if not findings:
        return Finding(INCONCLUSIVE, "the sync makes no such POST")
    return worst(findings)


def _judge_once(run: Run, undisturbed: Run) -> Finding:
    if not run.hits:
        return Finding(INCONCLUSIVE, "was not called this time")
    hit = run.hits[0]
    again = [one for one in run.repeats(hit) if one.status in _OK]
    # One that is not quite the same, for example with another time in its text.
    done = [one for one in run.entries if one.operation == hit.operation and one.status in _OK]
    usual = [one for one in undisturbed.entries if one.operation == hit.operation]
    if not again and len(done) + (hit not in done) > len(usual):
        again = done[-1:]
    looked = any(one.method == "GET" for one in run.after(hit))
    if again:
        between = run.entries[run.entries.index(hit) : run.entries.index(again[0])]
        looked_first = any(one.method == "GET" for one in between)
        note = ", although it had looked" if looked_first else ""
        return Finding(FAILED, f"was done twice{note}: {again[0].summary()}")
    if run.was_ended:
        return Finding(FAILED, f"the sync had not ended after {run.seconds:.1f} s")
    if looked:
        return Finding(PASSED, "looked, and did not repeat it")
    return Finding(PASSED, "not repeated")


def _judge_undone(run: Run, _undisturbed: Run) -> Finding:
    if not run.hits:
        return Finding(INCONCLUSIVE, "was not called this time")
    if any(one.status in _OK for one in run.repeats(run.hits[0])):
        return Finding(PASSED, "repeated")
    if run.was_ended:
        return Finding(FAILED, f"the sync had not ended after {run.seconds:.1f} s")
    if run.error is None:
        return Finding(FAILED, "was never done, and the sync ended as if all was well")
    return Finding(PASSED, "not repeated; the sync ended with an error")
