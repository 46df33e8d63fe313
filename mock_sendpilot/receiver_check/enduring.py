"""Whether a receiver stands what will come one day: other events and fields, rotation, trouble."""

from collections.abc import Callable
from dataclasses import replace

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.receiver_check.answers import acceptance
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, Finding, gravest
from mock_sendpilot.receiver_check.probes import pause
from mock_sendpilot.receiver_check.target import SEVERAL_SIGNATURES
from mock_sendpilot.receiver_check.visit import Visit, in_words
from mock_sendpilot.webhooks.disruption import (
    FORGED_SECRET,
    with_extra_fields,
    with_unknown_type,
    without_optional_fields,
)
from mock_sendpilot.webhooks.signing import OutgoingRequest
from mock_sendpilot.world.events import SearchCompleted
from mock_sendpilot.world.samples import SAMPLE_SEARCH

_LARGE_LEADS = 2700  # 1 MB
_NOTICE_SECONDS = 0.05  # what a receiver may need to find that the connection is gone
_WITH_OPTIONAL_FIELDS = (words.MESSAGE_SENT, words.CONNECTION_REQUEST_SENT)


def stands_unknown_event(visit: Visit) -> Finding:
    """An event type that no contract knows."""
    return _stands(visit, with_unknown_type)


def stands_extra_fields(visit: Visit) -> Finding:
    """A field more in the envelope, and one in the data."""
    return _stands(visit, with_extra_fields)


def _stands(visit: Visit, otherwise: Callable[[bytes], bytes]) -> Finding:
    draft = visit.deliverer.draft()
    return acceptance(visit.deliverer.post(replace(draft, body=otherwise(draft.body))))


def stands_missing_fields(visit: Visit) -> Finding:
    """What clients have seen missing is not there."""
    names = dict.fromkeys((visit.deliverer.name, *_WITH_OPTIONAL_FIELDS))
    return gravest([_stands_missing(visit, name) for name in names])


def _stands_missing(visit: Visit, name: str) -> Finding:
    draft = visit.deliverer.draft(name)
    short = replace(draft, body=without_optional_fields(draft.body))
    found = visit.acceptance(short, plain=visit.deliverer.draft(name))
    return found.about(visit.target.contract.event_type(name))


def accepts_first_signature(visit: Visit) -> Finding:
    """Two signatures, of which the receiver can verify the first."""
    return _rotated(visit, (visit.target.secret, FORGED_SECRET))


def accepts_second_signature(visit: Visit) -> Finding:
    """Two signatures, of which the receiver can verify the second."""
    return _rotated(visit, (FORGED_SECRET, visit.target.secret))


def _rotated(visit: Visit, secrets: tuple[str, str]) -> Finding:
    if not visit.verified:
        return Finding(INCONCLUSIVE, "it takes altered events, so this cannot be seen")
    able = [schemes for schemes in visit.verified if SEVERAL_SIGNATURES.issuperset(schemes)]
    if not able:
        return Finding(INCONCLUSIVE, "the documented header cannot carry two signatures")
    found = []
    for schemes in able:
        draft = replace(visit.deliverer.draft(schemes=schemes), secrets=secrets)
        found.append(acceptance(visit.deliverer.post(draft)).about(in_words(schemes)))
    return gravest(found)


def stands_large_event(visit: Visit) -> Finding:
    """A search that found many people; where searches are refused, a lead's event and blanks."""
    (found,) = SAMPLE_SEARCH.leads
    leads = tuple(replace(found, id=f"ldb_{number}") for number in range(_LARGE_LEADS))
    change = SearchCompleted(replace(SAMPLE_SEARCH, limit=_LARGE_LEADS, leads=leads))
    draft = visit.deliverer.draft(words.SEARCH_COMPLETED, change=change)
    plain = visit.deliverer.draft(words.SEARCH_COMPLETED)
    finding = visit.acceptance(draft, plain=plain)
    if finding.outcome == INCONCLUSIVE:
        draft = _with_blanks(visit.deliverer.draft(), len(draft.body))
        finding = visit.acceptance(draft, plain=_with_blanks(visit.deliverer.draft(), 1))
    return finding.about(f"{len(draft.body) / 1_000_000:.1f} MB")


def _with_blanks(draft: OutgoingRequest, count: int) -> OutgoingRequest:
    return replace(draft, body=draft.body + b" " * count)


def survives_broken_connection(visit: Visit) -> Finding:
    """A connection that breaks off in the middle of the body, and then a valid event."""
    visit.deliverer.post(replace(visit.deliverer.draft(), breaks_off=True))
    pause(_NOTICE_SECONDS)
    answer = visit.deliverer.post(visit.deliverer.draft())
    finding = acceptance(answer)
    return finding.about("the event after it") if finding.outcome == FAILED else finding
