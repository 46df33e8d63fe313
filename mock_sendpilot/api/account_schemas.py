"""The schemas of credits, quotas and `/me`.

The vendor tells what `/me` and the quotas are for and names nothing within them (sections (b) 6 and
7): the inner names are invented.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from mock_sendpilot.api.fields import Choice, ListOf, Timestamp
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.models import Sender
from mock_sendpilot.world.quotas import Quota


class _Balance(Schema):
    available = fields.Integer(required=True)
    subscription = fields.Integer(required=True)
    purchased = fields.Integer(required=True)
    used = fields.Integer(required=True)
    nextResetDate = Timestamp(attribute="next_reset_at", required=True, allow_none=True)  # noqa: N815


def balance(_contract: Contract) -> Schema:
    """The two-bucket shape of D4, SA and SB."""
    return _Balance()


class _Quota(Schema):
    limit = fields.Integer(required=True)
    used = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    resetsAt = Timestamp(attribute="resets_at", required=True)  # noqa: N815


class _SenderQuotas(Schema):
    connections = fields.Nested(_Quota, required=True)
    messages = fields.Nested(_Quota, required=True)
    likes = fields.Nested(_Quota, required=True)


class _Sender(Schema):
    id = fields.String(attribute="sender.id", required=True)
    name = fields.String(attribute="sender.name", required=True)
    quotas = fields.Nested(_SenderQuotas, required=True)


class _SenderList(Schema):
    senders = fields.List(fields.Nested(_Sender), required=True)
    total = fields.Integer(required=True)


@dataclass(frozen=True, slots=True)
class SenderWithQuotas:
    """A sender and how it stands today, by kind."""

    sender: Sender
    quotas: dict[str, Quota]


def sender_quotas(_contract: Contract) -> Schema:
    """Every sender with its three daily quotas."""
    return _SenderList()


class _RateLimit(Schema):
    requests = fields.Integer(required=True)
    windowSeconds = fields.Integer(attribute="window_seconds", required=True)  # noqa: N815


class _Key(Schema):
    name = fields.String(required=True)
    scopes = ListOf(Choice(words.SCOPES), required=True)
    expiresAt = Timestamp(attribute="expires_at", required=True, allow_none=True)  # noqa: N815
    rateLimit = fields.Nested(  # noqa: N815
        _RateLimit, attribute="rate_limit", required=True, allow_none=True
    )


class _Workspace(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class _Subscription(Schema):
    status = fields.String(required=True)
    plan = fields.String(required=True, allow_none=True)


class _Me(Schema):
    apiKey = fields.Nested(_Key, attribute="api_key", required=True)  # noqa: N815
    workspace = fields.Nested(_Workspace, required=True)
    subscription = fields.Nested(_Subscription, required=True)
    missingScopes = ListOf(  # noqa: N815
        Choice(words.SCOPES), attribute="missing_scopes", required=True
    )


def me(_contract: Contract) -> Schema:
    """The key, its workspace, the subscription, and the scopes that the key lacks."""
    return _Me()


def told_of_key(
    *, name: str, scopes: frozenset[str] | None, expires_at: datetime | None, rate_limit: object
) -> dict[str, Any]:
    """A key without its secret; a key that may do everything carries every scope."""
    carried = [scope for scope in words.SCOPES if scopes is None or scope in scopes]
    return {
        "name": name,
        "scopes": carried,
        "expires_at": expires_at,
        "rate_limit": rate_limit,
    }
