"""Whether a receiver acknowledges what is right, how soon, and which signature it looks at."""

import json
from dataclasses import replace

import orjson

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.receiver_check.answers import acceptance
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, PASSED, Finding, gravest
from mock_sendpilot.receiver_check.refusing import with_wrong_secret
from mock_sendpilot.receiver_check.target import SCHEMES
from mock_sendpilot.receiver_check.visit import SchemeSet, Visit, in_words

_NO_ROUTE = (404, 405)
_ABOUT_LEADS = (
    words.REPLY_RECEIVED,
    words.MESSAGE_SENT,
    words.CONNECTION_REQUEST_ACCEPTED,
    words.CONNECTION_REQUEST_SENT,
)
"""What else a receiver may be interested in: each has a `linkedinUrl`, and is in every contract."""


def acknowledges(visit: Visit) -> Finding:
    """A valid event, signed under all schemes of the contract."""
    answer = visit.deliverer.post(visit.deliverer.draft())
    finding = acceptance(answer)
    if finding.outcome == PASSED or finding.fix:
        return finding
    if answer.status_code in _NO_ROUTE:
        return replace(finding, fix=f"See that {visit.target.url} is the route and takes POST.")
    return _of_another_event(visit) or replace(finding, fix=_fix_of_a_refusal(visit))


def _of_another_event(visit: Visit) -> Finding | None:
    """It may refuse this type of event alone; what it acknowledges is then used for the rest."""
    contract = visit.target.contract
    for name in _ABOUT_LEADS:
        answer = visit.deliverer.post(visit.deliverer.draft(name))
        if answer.is_accepted:
            visit.deliverer.name = name
            return acceptance(answer).about(contract.event_type(name))
    return None


def _fix_of_a_refusal(visit: Visit) -> str:
    """Perhaps it verifies a scheme that was not sent."""
    sent = visit.target.candidates
    for scheme in SCHEMES:
        draft = visit.deliverer.draft(schemes=(scheme,))
        if scheme not in sent and visit.deliverer.post(draft).is_accepted:
            return (
                f"It verifies {scheme}, while {in_words(sent)} was sent. Check it with --scheme "
                f"{scheme} (or another contract), or have it verify {in_words(sent)}."
            )
    return (
        "See its log; and that it has the same secret, whsec_ included, verifies the raw bytes of "
        f"the body, and verifies {in_words(sent)}."
    )


def finds_scheme(visit: Visit) -> Finding:
    """Each scheme alone; if unsigned events are taken, those of which forgeries are refused."""
    candidates = visit.target.candidates
    visit.unsigned = visit.deliverer.post(visit.deliverer.draft(schemes=()))
    accepted = [scheme for scheme in candidates if _is_accepted(visit, scheme)]
    verified = accepted
    if visit.unsigned.is_accepted:
        verified = [scheme for scheme in accepted if _is_forgery_refused(visit, scheme)]
    visit.verifies = bool(verified) or not visit.unsigned.is_accepted
    visit.schemes = tuple((scheme,) for scheme in verified or accepted) or (candidates,)
    if not visit.verifies:
        fix = "Verify every request before anything else is done with it."
        return Finding(FAILED, "none: it takes unsigned and forged events", fix)
    if not accepted:
        return Finding(PASSED, f"{in_words(candidates)}, only if both are there")
    return Finding(PASSED, " or ".join(map(in_words, visit.schemes)))


def _is_accepted(visit: Visit, scheme: str) -> bool:
    return visit.deliverer.post(visit.deliverer.draft(schemes=(scheme,))).is_accepted


def _is_forgery_refused(visit: Visit, scheme: str) -> bool:
    forged = with_wrong_secret(visit.deliverer.draft(schemes=(scheme,)))
    return not visit.deliverer.post(forged).is_accepted


def verifies_raw_body(visit: Visit) -> Finding:
    """Bytes that come out otherwise when they are parsed and written again."""
    if not visit.verified:
        return Finding(INCONCLUSIVE, "it takes altered events, so this cannot be seen")
    found = []
    for schemes in visit.verified:
        found.append(_with_letters(visit, schemes).about(f"{in_words(schemes)}, other letters"))
        found.append(_with_blanks(visit, schemes).about(f"{in_words(schemes)}, blanks"))
    return gravest(found)


def _with_letters(visit: Visit, schemes: SchemeSet) -> Finding:
    """Letters beyond ASCII, next to the same ones escaped."""
    draft = visit.deliverer.draft(schemes=schemes)
    event = orjson.loads(draft.body)
    event["data"]["linkedinUrl"] += "-grüße-你好-👋"
    escaped = json.dumps(event, separators=(",", ":")).encode()
    unusual = replace(draft, body=orjson.dumps(event))
    return visit.acceptance(unusual, plain=replace(draft, body=escaped))


def _with_blanks(visit: Visit, schemes: SchemeSet) -> Finding:
    draft = visit.deliverer.draft(schemes=schemes)
    spaced = draft.body.replace(b'":', b'" : ', 3) + b"\n"
    return visit.acceptance(replace(draft, body=spaced), plain=draft)


def acknowledges_each(visit: Visit, name: str) -> Finding:
    """An event of today's `name`."""
    return acceptance(visit.deliverer.post(visit.deliverer.draft(name)))


def is_prompt(visit: Visit) -> Finding:
    """All answers that were accepted, by the clock; one that was slow to wake up is forgiven."""
    limit = visit.target.max_latency_seconds
    accepted = visit.deliverer.accepted
    name, slowest = max(accepted, key=lambda one: one[1].seconds)
    late = sum(answer.seconds > limit for _, answer in accepted)
    if not late:
        return Finding(PASSED, f"within {_shown(slowest.seconds)}")
    if late == 1 and slowest is accepted[0][1] and len(accepted) > 1:
        rest = max(answer.seconds for _, answer in accepted[1:])
        return Finding(
            PASSED, f"the first in {_shown(slowest.seconds)}, the others within {_shown(rest)}"
        )
    return Finding(
        FAILED,
        f"{name} in {_shown(slowest.seconds)}; {late} of {len(accepted)} answers in more than "
        f"{limit:g} s",
    )


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2g} s"
