"""Sequences: what a campaign does with a lead, and how people take it.

The vendor's sequences are made in its dashboard and are in none of its documents: the steps, their
pace and their odds are this emulator's, and data.
"""

import random
import re
from dataclasses import dataclass
from datetime import timedelta

CONNECT, MESSAGE = "connect", "message"
STEP_KINDS = (CONNECT, MESSAGE)
ENROLLS = ("all", "added", "none")
DEFAULT_REPLY = "Thanks for reaching out. Let us talk next week."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a connection request or a message, and how likely and how fast people answer it.

    Attributes:
        kind: `connect` or `message`.
        after: how long after the step before it (the first: after the lead was added).
        text: the note or the message; `{{firstName}}` and `{{lastName}}` are filled in.
        response_rate: the share of people who accept or reply, 0 to 1.
        responds_after: the shortest and the longest time until they do.
        answers: what they reply, one of these.
        expires_after: how long an unanswered step waits: a request is then withdrawn, and a
            sequence that ends with a message is over.
        done_after: how long a lead whose sequence is over waits before it is DONE. The service
            was seen to do it at once.
    """

    kind: str
    after: timedelta = timedelta(hours=1)
    text: str = ""
    response_rate: float = 0.5
    responds_after: tuple[timedelta, timedelta] = (timedelta(hours=2), timedelta(days=2))
    answers: tuple[str, ...] = (DEFAULT_REPLY,)
    expires_after: timedelta = timedelta(days=14)
    done_after: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """What a person is going to do. None leaves it to the odds of the step."""

    accepts: bool | None = None
    accepts_after: timedelta | None = None
    replies: bool | None = None
    replies_after: timedelta | None = None
    reply: str | None = None
    is_unreachable: bool = False


ONE_OFF = Step(kind=CONNECT, response_rate=1.0, responds_after=(timedelta(hours=4),) * 2)
"""How people take a connection request that no campaign has sent: accepted after four hours."""

_VARIABLE = re.compile(r"\{\{\s*(firstName|lastName)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a person takes a step: when, and in which words. None of it when they do not answer."""

    after: timedelta
    text: str


def answer_to(step: Step, behavior: Behavior, chance: random.Random) -> Answer | None:
    """What a person answers to a step, or None. The same chance gives the same answer."""
    drawn, share, chosen = chance.random(), chance.random(), chance.choice(step.answers or ("",))
    is_request = step.kind == CONNECT
    told = behavior.accepts if is_request else behavior.replies
    told_after = behavior.accepts_after if is_request else behavior.replies_after
    if told is False or (told is None and drawn >= step.response_rate):
        return None
    shortest, longest = step.responds_after
    after = shortest + (longest - shortest) * share if told_after is None else told_after
    return Answer(after, behavior.reply or chosen)


def filled(text: str, *, first_name: str | None, last_name: str | None) -> str:
    """A text with `{{firstName}}` and `{{lastName}}` filled in; unknown names leave nothing."""
    values = {"firstName": first_name or "", "lastName": last_name or ""}
    return _VARIABLE.sub(lambda found: values[found[1]], text)
