"""Whether a receiver refuses what is forged, altered or out of date."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import partial

from mock_sendpilot.receiver_check.answers import refusal
from mock_sendpilot.receiver_check.findings import Finding, gravest
from mock_sendpilot.receiver_check.visit import SchemeSet, Visit, in_words
from mock_sendpilot.webhooks.disruption import FORGED_SECRET, altered_body
from mock_sendpilot.webhooks.signing import OutgoingRequest

_HOUR = timedelta(hours=1)
_GARBAGE = "garbage"
_DOCUMENTED = "Webhook-Signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Garbled(OutgoingRequest):
    """A draft with something else in one of its signature headers; with None it lacks it."""

    header: str
    becomes: Callable[[str], str | None]

    def headers(self) -> dict[str, str]:
        """The others are as they should be."""
        headers = OutgoingRequest.headers(self)
        value = self.becomes(headers.pop(self.header))
        return headers if value is None else {**headers, self.header: value}


def refuses_unsigned(visit: Visit) -> Finding:
    """No signature headers at all."""
    answer = visit.unsigned or visit.deliverer.post(visit.deliverer.draft(schemes=()))
    return refusal(answer)


def refuses_wrong_secret(visit: Visit) -> Finding:
    """Signed with a secret that is not the receiver's."""
    return _refuses(visit, with_wrong_secret)


def refuses_altered(visit: Visit) -> Finding:
    """Altered after signing: another lead; and a blank more."""
    found = []
    for schemes in visit.schemes:
        draft = visit.deliverer.draft(schemes=schemes)
        answer = visit.deliverer.post(replace(draft, sent_body=altered_body(draft.body)))
        if answer.is_accepted:
            visit.unverified.add(schemes)
        found.append(refusal(answer).about(f"{in_words(schemes)}, a letter more"))
    return gravest([*found, _refuses(visit, _with_a_blank, "a blank more")])


def refuses_stale(visit: Visit) -> Finding:
    """Rightly signed, an hour ago."""
    return _refuses(visit, lambda draft: replace(draft, signed_at=draft.signed_at - _HOUR))


def refuses_future(visit: Visit) -> Finding:
    """Rightly signed, with a time an hour from now."""
    return _refuses(visit, lambda draft: replace(draft, signed_at=draft.signed_at + _HOUR))


def refuses_garbled(visit: Visit) -> Finding:
    """Garbage in one of the headers, or one of them missing."""
    found = []
    for schemes in visit.schemes:
        for header in _signature_headers(visit.deliverer.draft(schemes=schemes)):
            for how, becomes in _ways_to_garble(header, is_alone=schemes == ("documented",)):
                spoilt = partial(_garbled, header=header, becomes=becomes)
                found.append(_refuses_under(visit, schemes, spoilt, how))
    return gravest(found)


def _signature_headers(draft: OutgoingRequest) -> list[str]:
    unsigned = replace(draft, schemes=()).headers()
    return [name for name in draft.headers() if name not in unsigned]


def _ways_to_garble(
    header: str, *, is_alone: bool
) -> list[tuple[str, Callable[[str], str | None]]]:
    """What a header may become, in words and as functions; alone it was missed before."""
    ways: list[tuple[str, Callable[[str], str | None]]] = [
        (f"garbage in {header}", lambda _: _GARBAGE)
    ]
    if not is_alone:
        ways.append((f"without {header}", lambda _: None))
    if header == _DOCUMENTED:
        ways += [
            ("garbage for the time", lambda value: f"t={_GARBAGE},{value.partition(',')[2]}"),
            ("a time and no signature", lambda value: value.partition(",")[0]),
        ]
    return ways


def with_wrong_secret(draft: OutgoingRequest) -> OutgoingRequest:
    """A draft as somebody would sign it who does not have the secret."""
    return replace(draft, secrets=(FORGED_SECRET,))


def _refuses(
    visit: Visit, spoilt: Callable[[OutgoingRequest], OutgoingRequest], how: str = ""
) -> Finding:
    """The same forgery under each scheme that the receiver verifies."""
    return gravest([_refuses_under(visit, schemes, spoilt, how) for schemes in visit.schemes])


def _refuses_under(
    visit: Visit, schemes: SchemeSet, spoilt: Callable[[OutgoingRequest], OutgoingRequest], how: str
) -> Finding:
    answer = visit.deliverer.post(spoilt(visit.deliverer.draft(schemes=schemes)))
    return refusal(answer).about(f"{in_words(schemes)}, {how}" if how else in_words(schemes))


def _with_a_blank(draft: OutgoingRequest) -> OutgoingRequest:
    return replace(draft, sent_body=draft.body.replace(b":", b": ", 1))


def _garbled(
    draft: OutgoingRequest, *, header: str, becomes: Callable[[str], str | None]
) -> OutgoingRequest:
    plain = {field.name: getattr(draft, field.name) for field in fields(draft)}
    return _Garbled(**plain, header=header, becomes=becomes)
