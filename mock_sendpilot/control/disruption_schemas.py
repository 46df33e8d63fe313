"""The schemas of disruptions."""

import secrets
from typing import Any

from marshmallow import fields, post_load

from mock_sendpilot.api.fields import (
    CamelCaseSchema,
    Choice,
    JsonObject,
    Number,
    Text,
    Timestamp,
    WholeNumber,
    excerpt,
)
from mock_sendpilot.control.schemas import Strict
from mock_sendpilot.control.seed_fields import list_of
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import EventPattern, camel_case
from mock_sendpilot.scheduling.clock import iso_milliseconds
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, DEFAULT_RATE, KINDS, OPTIONS
from mock_sendpilot.webhooks.disruptions import (
    CHAOS_KINDS,
    MAX_TIMES,
    Disruption,
    Disruptions,
)

_OF_CHAOS = ("rate", "random_seed", "kinds")
_SEED_BYTES = 4


class NewDisruption(Strict):
    """The body of POST /_emulate/disruptions: a kind, what it is for, how often, and its options.

    `times` null is for ever; `chaos` alone takes `rate`, `randomSeed` and `kinds`.
    """

    kind = Choice((*KINDS, CHAOS), required=True)
    endpoint_id = Text(allow_none=True)
    event_type = Text(allow_none=True)
    match = JsonObject()
    times = WholeNumber(1, MAX_TIMES, allow_none=True)
    attempts = Number(*OPTIONS["attempts"])
    copies = Number(*OPTIONS["copies"])
    seconds = Number(*OPTIONS["seconds"])
    bytes = Number(*OPTIONS["bytes"])
    rate = Number(0, 1)
    randomSeed = Text(attribute="random_seed", max_length=200)  # noqa: N815
    kinds = list_of(Choice(tuple(KINDS)), required=False, load_default=None, allow_none=True)

    @post_load
    def _with_pattern(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        pattern = EventPattern(data.pop("event_type", None), data.pop("match", {}))
        return {**data, "pattern": pattern}


def arm(disruptions: Disruptions, wanted: dict[str, Any]) -> Disruption:
    """Arm what a loaded `NewDisruption` says.

    Raises:
        InvalidInput: an option that the kind does not take, or beyond its limits.
    """
    kind, kinds = wanted.pop("kind"), wanted.pop("kinds")
    where = {key: wanted[key] for key in ("endpoint_id", "pattern", "times") if key in wanted}
    options = {key: value for key, value in wanted.items() if key in OPTIONS}
    mix = {key: wanted[key] for key in _OF_CHAOS if key in wanted}
    if kind != CHAOS:
        for name, value in {**mix, **({"kinds": kinds} if kinds else {})}.items():
            raise InvalidInput(f"{camel_case(name)} is for chaos alone; it was {excerpt(value)}")
        return disruptions.arm(kind, options=options, **where)
    for name in options:
        raise InvalidInput(f"{name} is no option of chaos; each kind has its own default")
    return disruptions.arm_chaos(
        mix.get("random_seed") or secrets.token_hex(_SEED_BYTES),
        rate=mix.get("rate", DEFAULT_RATE),
        kinds=tuple(kinds or CHAOS_KINDS),
        **where,
    )


def _matches(disruption: Disruption) -> list[dict[str, str]]:
    return [
        {
            "deliveryId": match.delivery_id,
            "eventId": match.event_id,
            "kind": match.kind,
            "at": iso_milliseconds(match.at),
        }
        for match in disruption.matches
    ]


class DisruptionReply(CamelCaseSchema):
    """A disruption, and what it has done: the latest 1000 deliveries."""

    id = fields.String()
    kind = fields.String()
    state = fields.String()
    endpoint_id = fields.String()
    event_type = fields.String(attribute="pattern.event_type")
    match = fields.Raw(attribute="pattern.values")
    times = fields.Raw()
    options = fields.Raw()
    randomSeed = fields.Raw(attribute="random_seed")  # noqa: N815
    kinds = fields.Function(lambda one: list(one.chaos.kinds) if one.chaos else None)
    armed_at = Timestamp()
    match_count = fields.Integer()
    matches = fields.Function(_matches)
