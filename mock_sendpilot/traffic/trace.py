"""Traces: what led to what, from a request to its webhooks and the requests that they led to.

A trace is a tree. A request led to events, an event to deliveries and, over tasks on the clock, to
further events, a delivery to attempts, and an attempt to the requests that its receiver made.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from mock_sendpilot.errors import NotFound
from mock_sendpilot.redaction import redacted, redacted_url
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.traffic.journal import JournalEntry, RequestJournal
from mock_sendpilot.traffic.trace_index import AttemptOfDelivery, TraceIndex, subjects
from mock_sendpilot.traffic.trace_tree import NodeKind, Trace, TraceNode
from mock_sendpilot.webhooks.deliveries import CANCELLED, DROPPED, EXHAUSTED, Attempt, Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.workspace import Workspace

MAX_NODES = 1000
MAX_LEVELS = 60
"""The levels of a tree, within the limits of parsers of JSON and of Python's stack."""
_MAX_LEVELS_ABOVE = 30
_MAX_SUMMARY_LENGTH = 160
_MAX_RESPONSE_LENGTH = 60
_MAX_CANDIDATES = 2000  # for the nearest id
_FAILURE = 400
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_FAILED_STATES = frozenset({EXHAUSTED, CANCELLED, DROPPED})
_CAUSES: Mapping[str, str] = {
    "step": "by a campaign step",
    "response": "by the response of a recipient",
    "job": "by the end of a job",
    "simulate": "simulated",
    "trigger": "triggered",
    "test": "as a test",
}
_CHANGES = (("previousStatus", "newStatus"), ("previousTag", "newTag"))


def trace(
    an_id: str,
    workspace: Workspace,
    outbox: Outbox,
    journal: RequestJournal,
    *,
    unknown: RequestJournal,
) -> Trace:
    """Return the trees with what an id stands for, from the first cause to the last effect.

    Args:
        an_id: the id of a request, an event, a delivery or an attempt (`dlv_a1:2`); an
            `X-Request-Id`, a message id of Svix or the trace id of a `traceparent`; or the id of a
            lead, a campaign or a job.
        workspace: the workspace.
        outbox: its outbox.
        journal: its request journal.
        unknown: the journal of the requests without a known API key: a receiver may have made one.

    Raises:
        NotFound: nothing in the logs and nothing in the workspace has that id.
    """
    index = TraceIndex(outbox, (unknown, journal))
    matches = index.ids_of(an_id)
    if not matches and not _has(workspace, an_id):
        raise NotFound("Trace not found", hint=_not_found(an_id, workspace, index, journal))
    return _TraceBuilder(index, outbox, matches).trace(an_id)


def trace_of_failures(
    outbox: Outbox, journal: RequestJournal, *, unknown: RequestJournal, max_count: int
) -> Trace:
    """Return the trees with the latest attempts, and requests of receivers, that have failed."""
    index = TraceIndex(outbox, (unknown, journal))
    attempts = {
        one.id: one.attempt.sent_at for one in index.attempts.values() if not one.attempt.is_success
    }
    requests = {
        entry_id: index.requests[entry_id].received_at
        for entry_id in index.joins
        if _has_failed(index.requests[entry_id])
    }
    failures = {**attempts, **requests}
    latest = sorted(failures, key=lambda one: failures[one])[-max_count:]
    return _TraceBuilder(index, outbox, latest).trace("failures")


class _TraceBuilder:
    """The building of a trace.

    Its trees have the matches, all that led to them, and all that they led to; but not what else
    their causes led to, which is only counted.
    """

    def __init__(self, index: TraceIndex, outbox: Outbox, matches: Iterable[str]) -> None:
        self._index = index
        self._outbox = outbox
        self._matches = dict.fromkeys(matches)
        self._roots: dict[str, str] = {}  # by id, of the matches and all on the way to them
        self._built: set[str] = set()
        self._began_at: datetime | None = None

    def trace(self, an_id: str) -> Trace:
        roots = list(dict.fromkeys(self._root_of(one) for one in self._matches))
        times = {one: self._index.time_of(one) for one in roots}
        self._began_at = min((at for at in times.values() if at is not None), default=None)
        # What has no time is a request without a known key, or no longer in the logs.
        roots.sort(key=lambda one: times[one] or _LONG_AGO)
        nodes = [
            self._node(one, is_below=False, level=1)
            for one in reversed(roots)  # the latest, if there are too many
            if one not in self._built and len(self._built) < MAX_NODES
        ]
        earlier = [self._index.cause_of(node.id) for node in nodes]
        return Trace(
            id=an_id,
            roots=tuple(reversed(nodes)),
            earlier_ids=tuple(one for one in earlier if one),
            omitted_count=sum(one not in self._built for one in roots),
        )

    def _root_of(self, one_id: str) -> str:
        """Return the first cause of something, and note it for all that is on the way."""
        way = [one_id]
        while way[-1] not in self._roots and len(way) <= _MAX_LEVELS_ABOVE:
            cause_id = self._index.cause_of(way[-1])
            if cause_id is None:
                break
            way.append(cause_id)
        root_id = self._roots.get(way[-1], way[-1])
        self._roots.update(dict.fromkeys(way, root_id))
        return root_id

    def _node(self, one_id: str, *, is_below: bool, level: int) -> TraceNode:
        self._built.add(one_id)
        is_match = one_id in self._matches
        is_below = is_below or is_match
        effects = [one for one in self._index.effects_of(one_id) if one not in self._built]
        children = []
        for effect in effects:
            is_wanted = is_below or effect in self._roots
            # A tree that is cut off further down may have it by now.
            is_possible = len(self._built) < MAX_NODES and level < MAX_LEVELS
            if is_wanted and is_possible and effect not in self._built:
                children.append(self._node(effect, is_below=is_below, level=level + 1))
        facts = self._facts(one_id)
        at = facts.at
        # Not below zero: an event has whole milliseconds, and may seem older than its request.
        began_at = self._began_at
        offset = None if at is None or began_at is None else max(at - began_at, timedelta())
        return replace(
            facts,
            offset_seconds=None if offset is None else offset.total_seconds(),
            is_match=is_match,
            omitted_count=sum(effect not in self._built for effect in effects),
            children=tuple(children),
        )

    # --- facts --------------------------------------------------------------------------------

    def _facts(self, one_id: str) -> TraceNode:
        """Return a node without what depends on its place in a tree."""
        index = self._index
        if one_id in index.requests:
            return self._request(index.requests[one_id])
        if one_id in index.events:
            return self._event(index.events[one_id])
        if one_id in index.deliveries:
            return self._delivery(index.deliveries[one_id])
        if one_id in index.attempts:
            return _attempt(index.attempts[one_id])
        is_event = one_id.startswith("evt_")
        kind: NodeKind = "event" if is_event else "request"
        summary = f"no longer in the {'event log' if is_event else 'request journal'}"
        return TraceNode(kind=kind, id=one_id, summary=summary, is_missing=True)

    def _request(self, entry: JournalEntry) -> TraceNode:
        join = self._index.joins.get(entry.id)
        return TraceNode(
            kind="request",
            id=entry.id,
            summary=_line(entry.summary()),
            at=self._index.time_of(entry.id),
            real_at=entry.received_at,
            duration_seconds=entry.duration_seconds,
            cause="attempt" if join else None,
            joined_by=join.by if join else None,
            has_failed=_has_failed(entry),
        )

    def _event(self, event: SentWebhook) -> TraceNode:
        kind = event.cause.kind if event.cause else None
        about = subjects(event)[:1]
        change = self._change(event)
        how = _CAUSES.get(kind or "")
        lost_count = event.endpoint_count - len(self._index.deliveries_of(event.event_id))
        text = " ".join((event.event_type, *about))
        text += f": {change}" if change else ""
        text += f", {how}" if how else ""
        text += ", no endpoint wanted it" if not event.endpoint_count else ""
        text += f", {lost_count} deliveries no longer in the log" if lost_count > 0 else ""
        return TraceNode(
            kind="event", id=event.event_id, summary=_line(text), at=event.occurred_at, cause=kind
        )

    def _change(self, event: SentWebhook) -> str | None:
        """Return the status or the tag before and after an event, or its text."""
        if event.job_id is not None:  # its body has all its leads
            return None
        try:
            data = self._outbox.events.get(event.event_id).data
        except NotFound:  # dropped since the index was made
            return None
        for before, after in _CHANGES:
            if after in data:
                return f"{data.get(before)} -> {data[after]}"
        return None

    def _delivery(self, delivery: Delivery) -> TraceNode:
        endpoint = self._outbox.endpoints.find(delivery.endpoint_id)
        url = delivery.attempts[-1].url if delivery.attempts else endpoint and endpoint.url
        text = f"to {redacted_url(url.partition('?')[0]) if url else delivery.endpoint_id}"
        text += f": {delivery.state}"
        text += f", {delivery.reason}" if delivery.reason else ""
        if delivery.disruption is not None:
            text += f", disrupted: {delivery.disruption.kind}"
        if delivery.next_attempt_at is not None:
            text += f", next attempt at {iso_milliseconds(delivery.next_attempt_at)}"
        return TraceNode(
            kind="delivery",
            id=delivery.id,
            summary=_line(text),
            at=delivery.created_at,
            has_failed=delivery.state in _FAILED_STATES,
        )


def _has_failed(entry: JournalEntry) -> bool:
    return entry.status is None or entry.status >= _FAILURE


def _attempt(one: AttemptOfDelivery) -> TraceNode:
    attempt = one.attempt
    name = f"attempt {attempt.number}"
    if attempt.trigger != "schedule":
        name += f", a {attempt.trigger}"
    disrupted = f", disrupted: {attempt.disruption}" if attempt.disruption else ""
    return TraceNode(
        kind="attempt",
        id=one.id,
        summary=_line(f"{name} -> {_outcome(attempt)}{disrupted}"),
        at=attempt.started_at,
        real_at=attempt.sent_at,
        duration_seconds=attempt.duration_seconds,
        has_failed=not attempt.is_success,
    )


def _outcome(attempt: Attempt) -> str:
    if attempt.response is None:
        return attempt.error or "no response"
    body = attempt.response.body.decode("utf-8", "replace")
    text = " ".join(body.split())[:_MAX_RESPONSE_LENGTH]
    return f"{attempt.response.status_code}{f' {text!r}' if text else ''}"


def _line(text: str) -> str:
    """Return a text on one line, shortened and without secrets."""
    line = redacted(" ".join(text.split()))
    return line if len(line) <= _MAX_SUMMARY_LENGTH else f"{line[:_MAX_SUMMARY_LENGTH]}…"


# --- ids that lead nowhere ----------------------------------------------------------------------


def _has(workspace: Workspace, an_id: str) -> bool:
    """Return whether a workspace has such a lead, campaign or job, of which no log knows."""
    for find in (workspace.store.lead, workspace.store.campaign, workspace.job_runner):
        with suppress(NotFound):
            find(an_id)
            return True
    return False


def _not_found(an_id: str, workspace: Workspace, index: TraceIndex, journal: RequestJournal) -> str:
    """Return why nothing has an id, with the nearest one."""
    if journal.has_dropped(an_id):
        return f"the journal has dropped request {an_id!r}: it keeps the latest ones"
    leads = [lead.id for lead in workspace.store.leads()]
    campaigns = [campaign.id for campaign in workspace.store.campaigns()]
    known = [*index.requests, *index.events, *index.deliveries, *leads, *campaigns]
    # Of other kinds no id is meant, and to compare all of them takes long.
    prefix = an_id.partition("_")[0]
    near = [one for one in known if one.partition("_")[0] == prefix][-_MAX_CANDIDATES:]
    guess = did_you_mean(an_id, near or known[-_MAX_CANDIDATES:])
    return (
        "no request, event, delivery or attempt in the logs of this workspace has the id "
        f"{an_id[:80]!r}, and no lead, campaign or job; {guess}".rstrip("; ")
    )
