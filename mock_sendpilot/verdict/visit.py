"""A visit: an examination under way, with what it has learnt so far."""

from dataclasses import dataclass

from mock_sendpilot.verdict.answers import Answer
from mock_sendpilot.verdict.deliverer import Deliverer
from mock_sendpilot.verdict.target import Target

SchemeSet = tuple[str, ...]


@dataclass(slots=True)
class Visit:
    """Whom it is paid to, how to deliver, and what is known.

    Attributes:
        first: the answer to the first event, which was rightly signed.
        unsigned: the answer to an event without a signature.
        schemes: what the receiver verifies: sets of schemes that are enough, each alone.
        verifies: whether it was seen to verify them.
    """

    target: Target
    deliverer: Deliverer
    first: Answer | None = None
    unsigned: Answer | None = None
    schemes: tuple[SchemeSet, ...] = ()
    verifies: bool = False


def in_words(schemes: SchemeSet) -> str:
    """A set of schemes, as in a sentence."""
    return " and ".join(schemes)
