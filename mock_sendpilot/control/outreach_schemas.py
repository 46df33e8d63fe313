"""Sequences, behaviors and conversations, as a seed or the control API tells them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, post_load

from mock_sendpilot.api.envelope import sentences
from mock_sendpilot.api.fields import (
    AnyField,
    Boolean,
    Choice,
    Number,
    Text,
    Timestamp,
)
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import Duration, ProfileUrl, count, list_of
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import plain_json
from mock_sendpilot.world.inbox import RECEIVED, SENT
from mock_sendpilot.world.models import STEP_KINDS, Behavior, Step

_READ_STATUSES = ("read", "unread", "unknown")
_RANGE = 2


def _shortest_and_longest(durations: list[timedelta]) -> None:
    if len(durations) != _RANGE or durations[0] > durations[1]:
        raise ValidationError('must be the shortest and the longest time, such as ["2h", "2d"]')


def _at_least_one(answers: list[str]) -> None:
    if not answers:
        raise ValidationError("must hold at least one text")


class StepSchema(Strict):
    """One step of a sequence."""

    step = Choice(STEP_KINDS, required=True, attribute="kind")
    after = Duration()
    text = Text(may_be_empty=True)
    response_rate = Number(0, 1)
    responds_after = list_of(Duration(), validate=_shortest_and_longest, load_default=None)
    answers = list_of(Text(), validate=_at_least_one, load_default=None)
    expires_after = Duration()
    done_after = Duration()

    @post_load
    def _made(self, given: Mapping[str, Any], **_: object) -> Step:
        known: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        for key in known.keys() & {"responds_after", "answers"}:
            known[key] = tuple(known[key])
        return Step(**known)


def steps_of(sequence: Iterable[Step | Mapping[str, Any]]) -> tuple[Step, ...]:
    """Steps as they are, or written as in a seed.

    Raises:
        InvalidInput: a step is not right; it says which and why.
    """
    return tuple(_step(number, step) for number, step in enumerate(sequence))


def _step(number: int, given: Step | Mapping[str, Any]) -> Step:
    where = f"sequence[{number}]"
    if isinstance(given, Step):
        plain_json((given.text, *given.answers), where)
        return given
    try:
        step: Step = StepSchema().load(plain_json(given, where))
    except ValidationError as error:
        problems = sentences(error, where)
        raise InvalidInput(*(f"{path}: {text}" for path, text in problems)) from error
    return step


class BehaviorSchema(Strict):
    """What a lead is going to do; what is left out is left to the odds."""

    accepts = Boolean(allow_none=True)
    accepts_after = Duration(allow_none=True)
    replies = Boolean(allow_none=True)
    replies_after = Duration(allow_none=True)
    reply = Text(allow_none=True)
    unreachable = Boolean(attribute="is_unreachable")

    @post_load
    def _made(self, given: Mapping[str, Any], **_: object) -> Behavior:
        return Behavior(**given)


class MessageSchema(Strict):
    """A message of a seeded conversation."""

    id = Text()
    content = Text(required=True)
    direction = Choice((SENT, RECEIVED), required=True)
    sent_at = Timestamp(required=True)
    read_status = Choice(_READ_STATUSES, load_default="read")
    content_type = Text(load_default="TEXT")


class ConversationSchema(Strict):
    """A conversation of a sender with a person, who is thereby its connection."""

    id = Text(required=True)
    sender_id = Text(required=True)
    linkedin_url = ProfileUrl(required=True)
    name = Text()
    profile_picture_url = Text(allow_none=True)
    unread_count = count(load_default=0)
    messages = list_of(MessageSchema, required=True, validate=_at_least_one)


class PersonSchema(Strict):
    """Somebody in the lead database; the keys are those of the vendor's search results."""

    id = Text(required=True)
    first_name = Text(required=True)
    last_name = Text(required=True)
    full_name = Text()
    email = Text(allow_none=True, load_default=None)
    phone = Text(allow_none=True, load_default=None)
    linkedin_url = ProfileUrl(required=True)
    job_title = Text(required=True)
    company = Text(required=True)
    location = Text(required=True)
    country = Text(required=True)
    industry = Text(required=True)
    seniority = Text(required=True)
    company_linkedin_url = Text(allow_none=True, load_default=None)
    website = Text(allow_none=True, load_default=None)
    employees = Text(required=True)

    def on_bind_field(self, field_name: str, field_obj: AnyField) -> None:
        """Leave the keys in snake_case, as in the vendor's search results."""


PARTS: tuple[type[Strict], ...] = (
    StepSchema,
    BehaviorSchema,
    MessageSchema,
    ConversationSchema,
    PersonSchema,
)
"""For the document of the seed format, which has to name every field."""
