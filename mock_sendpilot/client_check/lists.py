"""Checks of the lists that a client reads: all pages, no more, and by the token."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any

from mock_sendpilot.client_check.runs import Lab, Run, key_of
from mock_sendpilot.client_check.sync import counted
from mock_sendpilot.client_check.world import BY_OPERATION, CONVERSATIONS, MESSAGES
from mock_sendpilot.traffic.journal import JournalEntry
from mock_sendpilot.verdicts.findings import (
    FAILED,
    INCONCLUSIVE,
    PASSED,
    WARNED,
    Finding,
    Outcome,
    best,
    worst,
)

_PAGING = frozenset({"page", "limit", "continuationToken"})
_TOKEN = "continuationToken"
_MAX_IN_A_ROW = 5  # an app may look a few times whether something has come
Reading = Sequence[JournalEntry]
"""The requests that read one list, with the same filters, in order."""


def reads_all_pages(lab: Lab) -> Finding:
    """Look for lists of which the last page was not read."""
    return _judge(lab, _completeness)


def reads_no_further(lab: Lab) -> Finding:
    """Look for requests beyond the last page, and for pages that were read twice."""
    return _judge(lab, _excess, of_each=worst)


def follows_token(lab: Lab) -> Finding:
    """Look at how the pages of the inbox were asked for."""
    return _judge(lab, _token_use, (CONVERSATIONS.operation, MESSAGES.operation))


def _judge(
    lab: Lab,
    judge: Callable[[Run, Reading], Finding],
    operations: Collection[str | None] = tuple(BY_OPERATION),
    *,
    of_each: Callable[[Sequence[Finding]], Finding] = best,
) -> Finding:
    """Judge the lists that have pages.

    Args:
        lab: it has the run.
        judge: judges the requests for one list with the same filters.
        operations: the operations of the lists.
        of_each: which finding counts of those for the same operation. By default the best: who
            reads all conversations may look at the first ones again before each message.
    """
    run = lab.paged
    findings: dict[str, list[Finding]] = defaultdict(list)
    for reading in _readings(run):
        operation = str(reading[0].operation)
        if operation in operations and _page_count(reading) > 1:
            findings[operation].append(judge(run, reading).about(operation))
    if findings:
        return worst([of_each(one) for one in findings.values()])
    if run.error and any(one.operation in operations for one in lab.undisturbed.entries):
        return Finding(FAILED, f"with several pages the sync ended with an error: {run.error}")
    names = ", ".join(map(str, operations))
    return Finding(INCONCLUSIVE, f"the sync reads no list with pages ({names})")


def _readings(run: Run) -> list[Reading]:
    readings: dict[Any, list[JournalEntry]] = defaultdict(list)
    for entry in run.entries:
        if entry.operation in BY_OPERATION:
            filters = {name: one for name, one in entry.query.items() if name not in _PAGING}
            readings[entry.path, str(sorted(filters.items()))].append(entry)
    return list(readings.values())


def _pagination(entry: JournalEntry) -> dict[str, Any]:
    body = entry.response_json
    found = (body.get("pagination") or body.get("meta")) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _page_count(reading: Reading) -> int:
    """Return the number of pages of a list: for tokens 2 if there is more than one."""
    counts = [_pagination(one).get("totalPages") for one in reading]
    known = [count for count in counts if isinstance(count, int)]
    if known:
        return max(known)
    return 2 if any(_pagination(one).get("hasMore") for one in reading) else 1


def _page(entry: JournalEntry) -> int:
    text = str(entry.query.get("page", "1"))
    return int(text) if text.isascii() and text.isdigit() else 1


def _has_tokens(reading: Reading) -> bool:
    return any("hasMore" in _pagination(one) and "page" not in one.query for one in reading)


def _completeness(run: Run, reading: Reading) -> Finding:
    count = _page_count(reading)
    if _has_tokens(reading):
        if any(_pagination(one).get("hasMore") is False for one in reading):
            return Finding(PASSED, counted(len(_distinct(reading)), "page"))
        observed = f"stopped after page {len(_distinct(reading))}, with more to come"
    else:
        missing = sorted({*range(1, count + 1)} - {_page(one) for one in reading})
        if not missing:
            return Finding(PASSED, counted(count, "page"))
        observed = f"page {missing[0]} of {count} was not read"
    if run.error is not None:
        return Finding(FAILED, f"{observed}; the sync ended with an error: {run.error}")
    following = run.after(reading[-1])[:1]
    if reading[0].operation == CONVERSATIONS.operation and any(
        one.method == "POST" for one in following
    ):
        fix = "Nothing, if it only looked before it sent a message; else read on while hasMore."
        return Finding(WARNED, f"{observed}, before a POST", fix)
    return Finding(FAILED, observed)


def _distinct(reading: Reading) -> set[object]:
    return {one.query.get(_TOKEN) for one in reading}


def _excess(run: Run, reading: Reading) -> Finding:
    count = _page_count(reading)
    if not _has_tokens(reading):
        beyond = sorted({page for page in map(_page, reading) if page > count})
        if beyond:
            # One empty page is a way to see the end, and costs one request.
            is_cheap = len(beyond) == 1 and reading[0].operation != CONVERSATIONS.operation
            outcome: Outcome = WARNED if is_cheap else FAILED
            pages = ", ".join(map(str, beyond[:3]))
            return Finding(outcome, f"asked for page {pages} of {count}")
    in_a_row = _most_in_a_row(run, reading)
    if in_a_row >= _MAX_IN_A_ROW:
        return Finding(FAILED, f"asked for the same page {in_a_row} times in a row")
    return Finding(PASSED, counted(len(reading), "request"))


def _most_in_a_row(run: Run, reading: Reading) -> int:
    """Return how often at most the same page was asked for without another request in between."""
    keys = [key_of(one) for one in run.entries]
    wanted = {str(key_of(one)) for one in reading}
    return max(len(list(same)) for key, same in groupby(keys) if str(key) in wanted)


def _token_use(_run: Run, reading: Reading) -> Finding:
    known = {_pagination(one).get(_TOKEN) for one in reading}
    made_up = [one for one in reading if _TOKEN in one.query and one.query[_TOKEN] not in known]
    if made_up:
        fix = "Send the token as it came, encoded as a parameter of a query."
        return Finding(FAILED, f"sent a token that no page had: {made_up[0].summary()}", fix)
    if any("page" in one.query for one in reading):
        return Finding(WARNED, "asked for pages by number")
    if not any(_TOKEN in one.query for one in reading):
        return Finding(FAILED, "no request sent the token of the page before")
    return Finding(PASSED, f"{counted(len(_distinct(reading)) - 1, 'token')} followed")
