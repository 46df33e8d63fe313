"""Checks of what a client does with replies that change: new fields, new values, nulls."""

from collections import Counter
from collections.abc import Callable

from mock_sendpilot.client_check.runs import Lab, Trouble
from mock_sendpilot.client_check.sync import counted
from mock_sendpilot.traffic.effects import UNKNOWN_VALUE, Effect
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, PASSED, WARNED, Finding

_NEW_FIELD = "aNewField"
_LEADS = frozenset({"leads.list", "leads.get"})
ENUMERATIONS = (
    "status",
    "type",
    "customLeadStatus",
    "leads.status",
    "leads.customLeadStatus",
    "campaigns.status",
    "data.status",
    "conversations.lastMessage.direction",
    "messages.readStatus",
    "messages.contentType",
    "senders.status",
)
"""The places of replies that have one of few values."""
_NAMES = tuple(
    f"{parent}{name}"
    for parent in ("", "leads.")
    for name in ("firstName", "lastName", "title", "company")
)


def survives_new_fields(lab: Lab) -> Finding:
    """Add a field to each reply."""
    effect = Effect(change={"extra": {_NEW_FIELD: {"nested": [1, None]}}})
    return _survives(lab, effect, _has(_NEW_FIELD), is_same=True)


def survives_unknown_values(lab: Lab) -> Finding:
    """Replace the values of enumerations in each reply by an unknown one."""
    effect = Effect(change={"unknown": list(ENUMERATIONS)})
    return _survives(lab, effect, _has(UNKNOWN_VALUE), is_same=False)


def survives_null_names(lab: Lab) -> Finding:
    """Make the names, titles and companies of leads null."""
    effect = Effect(change={"null": list(_NAMES)})
    return _survives(lab, effect, lambda entry: entry.operation in _LEADS, is_same=True)


def _has(text: str) -> Callable[[JournalEntry], bool]:
    return lambda entry: text.encode() in entry.response_body


def _survives(
    lab: Lab, effect: Effect, is_affected: Callable[[JournalEntry], bool], *, is_same: bool
) -> Finding:
    run = lab.run(Trouble(effect, times=None))
    affected = [one for one in run.entries if is_affected(one)]
    if not affected:
        return Finding(INCONCLUSIVE, "the sync reads nothing that has such a field")
    observed = f"in {counted(len(affected), 'reply')}"
    if run.was_ended:
        return Finding(FAILED, f"{observed}; it had not ended after {run.seconds:.1f} s")
    if run.error is not None:
        return Finding(FAILED, f"{observed}; it ended with an error: {run.error}")
    usual = Counter(one.operation for one in lab.undisturbed.entries)
    missing = usual - Counter(one.operation for one in run.entries)
    if is_same and missing:
        names = ", ".join(f"{count} {name}" for name, count in missing.items())
        return Finding(WARNED, f"{observed}; requests that it did not make: {names}")
    return Finding(PASSED, observed)
