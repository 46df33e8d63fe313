"""Whether a receiver refuses what is forged, altered or out of date."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from mock_sendpilot.verdict.answers import refusal
from mock_sendpilot.verdict.findings import Finding, gravest
from mock_sendpilot.verdict.visit import Visit, in_words
from mock_sendpilot.webhooks.disruption import FORGED_SECRET, altered_body
from mock_sendpilot.webhooks.drafts import Draft

_HOUR = timedelta(hours=1)
_GARBAGE = "this is no signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Garbled(Draft):
    """A draft in whose signature headers there is garbage."""

    def headers(self) -> dict[str, str]:
        """The time and the id are as they should be."""
        return {
            name: _GARBAGE if name.lower().endswith("-signature") else value
            for name, value in Draft.headers(self).items()
        }


def refuses_unsigned(visit: Visit) -> Finding:
    """No signature headers at all."""
    answer = visit.unsigned or visit.deliverer.post(visit.deliverer.draft(schemes=()))
    return refusal(answer)


def refuses_wrong_secret(visit: Visit) -> Finding:
    """Signed with a secret that is not the receiver's."""
    return _refuses(visit, with_wrong_secret)


def refuses_altered(visit: Visit) -> Finding:
    """Altered after signing: another lead; and but for a blank the same."""
    return gravest(
        [
            _refuses(visit, lambda draft: replace(draft, sent_body=altered_body(draft.body))),
            _refuses(visit, _with_a_blank).about("but for a blank"),
        ]
    )


def refuses_stale(visit: Visit) -> Finding:
    """Rightly signed, an hour ago."""
    return _refuses(visit, lambda draft: replace(draft, signed_at=draft.signed_at - _HOUR))


def refuses_future(visit: Visit) -> Finding:
    """Rightly signed, with a time an hour from now."""
    return _refuses(visit, lambda draft: replace(draft, signed_at=draft.signed_at + _HOUR))


def refuses_garbled(visit: Visit) -> Finding:
    """What is in the header cannot be parsed."""
    return _refuses(visit, _garbled)


def with_wrong_secret(draft: Draft) -> Draft:
    """A draft as somebody would sign it who does not have the secret."""
    return replace(draft, secrets=(FORGED_SECRET,))


def _refuses(visit: Visit, spoilt: Callable[[Draft], Draft]) -> Finding:
    """The same forgery under each scheme that the receiver verifies."""
    found = []
    for schemes in visit.schemes:
        answer = visit.deliverer.post(spoilt(visit.deliverer.draft(schemes=schemes)))
        found.append(refusal(answer).about(in_words(schemes)))
    return gravest(found)


def _with_a_blank(draft: Draft) -> Draft:
    return replace(draft, sent_body=draft.body.replace(b":", b": ", 1))


def _garbled(draft: Draft) -> Draft:
    return _Garbled(**{field.name: getattr(draft, field.name) for field in fields(draft)})
