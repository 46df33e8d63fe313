"""Whether a receiver acknowledges what is right, how soon, and which signature it looks at."""

from dataclasses import replace

from mock_sendpilot.domain import vocabulary as words
from mock_sendpilot.domain.events import ReplyReceived
from mock_sendpilot.verdict.answers import acceptance
from mock_sendpilot.verdict.findings import FAILED, NOT_JUDGED, PASSED, Finding, gravest
from mock_sendpilot.verdict.refusing import with_wrong_secret
from mock_sendpilot.verdict.target import SCHEMES
from mock_sendpilot.verdict.visit import SchemeSet, Visit, in_words

_NO_ROUTE = (404, 405)


def acknowledges(visit: Visit) -> Finding:
    """A valid event, signed under all schemes of the contract."""
    visit.first = visit.deliverer.post(visit.deliverer.draft())
    finding = acceptance(visit.first)
    if visit.first.status_code in _NO_ROUTE:
        return replace(finding, fix=f"See that {visit.target.url} is the route and takes POST.")
    if finding.fix is None and not visit.first.is_accepted:
        return replace(finding, fix=_fix_of_a_refusal(visit))
    return finding


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


def is_prompt(visit: Visit) -> Finding:
    """The same answer, by the clock."""
    limit = visit.target.prompt_seconds
    if visit.first is None:
        return Finding(NOT_JUDGED, "there was no answer to measure")
    took = visit.first.posted.duration_seconds
    if took <= limit:
        return Finding(PASSED, f"in {took * 1000:.0f} ms")
    return Finding(FAILED, f"in {took:.2g} s, more than {limit:g} s")


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
    return gravest([_unusual(visit, schemes) for schemes in visit.schemes])


def _unusual(visit: Visit, schemes: SchemeSet) -> Finding:
    change = visit.deliverer.change(words.REPLY_RECEIVED)
    if isinstance(change, ReplyReceived):
        change = replace(change, text="Grüße aus Århus / 你好 👋 <b>&amp;</b>")
    draft = visit.deliverer.draft(words.REPLY_RECEIVED, schemes=schemes, change=change)
    spaced = draft.body.replace(b'":', b'" : ', 3) + b"\n"
    answer = visit.deliverer.post(replace(draft, body=spaced))
    return acceptance(answer).about(in_words(schemes))


def acknowledges_each(visit: Visit, name: str) -> Finding:
    """An event of today's `name`."""
    return acceptance(visit.deliverer.post(visit.deliverer.draft(name)))
