"""A visit: an examination under way, with what it has learnt so far."""

from dataclasses import dataclass, field, replace
from typing import Any

from mock_sendpilot.receiver_check.answers import Answer, acceptance
from mock_sendpilot.receiver_check.deliverer import Deliverer
from mock_sendpilot.receiver_check.findings import FAILED, INCONCLUSIVE, Finding
from mock_sendpilot.receiver_check.growth import Growth
from mock_sendpilot.receiver_check.target import Target
from mock_sendpilot.webhooks.signing import OutgoingRequest

SchemeSet = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an event was seen to do.

    Attributes:
        name: today's name of the event.
        draft: with which it was sent.
        growth: what it counts up in the probe; empty where only the probe as a whole changes.
        seconds: how long that took to show.
    """

    name: str
    draft: OutgoingRequest
    growth: Growth
    seconds: float


@dataclass(slots=True)
class Visit:
    """Whom it is paid to, how to deliver, and what is known.

    Attributes:
        unsigned: the answer to an event without a signature.
        schemes: what the receiver verifies: sets of schemes that are enough, each alone.
        unverified: those of them under which it took an altered event.
        verifies: whether it was seen to verify them.
        effect: what the probe has shown that an event does.
        pace_seconds: how long the effect of an event took to show while none else was waiting;
            None as long as no effect has shown.
        shown_first: what the probe showed before the first event.
    """

    target: Target
    deliverer: Deliverer
    unsigned: Answer | None = None
    schemes: tuple[SchemeSet, ...] = ()
    unverified: set[SchemeSet] = field(default_factory=set)
    verifies: bool = False
    effect: Effect | None = None
    pace_seconds: float | None = None
    shown_first: Any = None

    @property
    def verified(self) -> tuple[SchemeSet, ...]:
        """The schemes for whose signatures an acceptance says something."""
        return tuple(schemes for schemes in self.schemes if schemes not in self.unverified)

    def acceptance(self, draft: OutgoingRequest, *, plain: OutgoingRequest) -> Finding:
        """How the answer to a draft is to be judged, next to one that has nothing special.

        It is only judged as a refusal if the plain one is accepted: a receiver that refuses events
        of this type anyway tells nothing about the rest.
        """
        answer = self.deliverer.post(draft)
        found = acceptance(answer)
        if found.outcome != FAILED or answer.status_code is None:
            return found
        if self.deliverer.post(plain).is_accepted:
            return found
        return replace(
            found, outcome=INCONCLUSIVE, seen=f"{answer}; a plain one is refused, too", fix=None
        )


def in_words(schemes: SchemeSet) -> str:
    """A set of schemes, as in a sentence."""
    return " and ".join(schemes)
