"""The workspace itself: `GET /me`, `GET /credits`, `GET /senders/quotas`.

The vendor describes the purpose of `/me` and of the quotas and names nothing within them: the inner
names are invented.
"""

from typing import Any

from marshmallow import fields

from mock_sendpilot.api.authorization import access_of
from mock_sendpilot.api.exchange import CURRENT_EXCHANGE
from mock_sendpilot.api.fields import CamelCaseSchema, Choice, ListOf, Timestamp
from mock_sendpilot.api.operation import (
    NEWEST_SPECIFICATION,
    OLDER_SPECIFICATION,
    PAGES,
    Operation,
    serves,
)
from mock_sendpilot.api.resource import Resource
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.limits import QUOTA_KINDS
from mock_sendpilot.world.workspace import Workspace

account = Resource("account")


class _RateLimit(CamelCaseSchema):
    requests = fields.Integer(required=True)
    window_seconds = fields.Integer(required=True)


class _ApiKey(CamelCaseSchema):
    name = fields.String(required=True)
    scopes = ListOf(Choice(words.SCOPES), required=True)
    expires_at = Timestamp(required=True, allow_none=True)
    rate_limit = fields.Nested(_RateLimit, required=True, allow_none=True)


class _Workspace(CamelCaseSchema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class _Subscription(CamelCaseSchema):
    status = fields.String(required=True)
    plan = fields.String(required=True, allow_none=True)


class _Me(CamelCaseSchema):
    api_key = fields.Nested(_ApiKey, required=True)
    workspace = fields.Nested(_Workspace, required=True)
    subscription = fields.Nested(_Subscription, required=True)
    missing_scopes = ListOf(Choice(words.SCOPES), required=True)


@account.get("/me")
@serves(
    Operation(
        id="workspace.me",
        scope=words.WORKSPACE_READ,
        sources=(NEWEST_SPECIFICATION,),
        response=_Me,
        errors=(403,),
        invented=(
            "that it is served under older contracts, too",
            "every name within apiKey, workspace and subscription",
        ),
    )
)
def get_me(workspace: Workspace) -> dict[str, Any]:
    """Get the API key with its scopes, and its workspace."""
    # Looked up again: a view gets the workspace alone.
    key = access_of(CURRENT_EXCHANGE.get()).api_key
    return {
        "api_key": {
            "name": key.name,
            "scopes": [scope for scope in words.SCOPES if key.allows(scope)],
            "expires_at": key.expires_at,
            "rate_limit": key.rate_limit,
        },
        "workspace": workspace,
        "subscription": {"status": "active" if workspace.plan else "none", "plan": workspace.plan},
        "missing_scopes": [scope for scope in words.SCOPES if not key.allows(scope)],
    }


class _Balance(CamelCaseSchema):
    """The two buckets of the newest documents; an older page has one for each product."""

    available = fields.Integer(required=True)
    subscription = fields.Integer(required=True)
    purchased = fields.Integer(required=True)
    used = fields.Integer(required=True)
    # Null without a plan: then nothing is ever refilled.
    next_reset_date = Timestamp(attribute="next_reset_at", required=True, allow_none=True)


@account.get("/credits")
@serves(
    Operation(
        id="credits.get",
        scope=None,
        sources=(NEWEST_SPECIFICATION, OLDER_SPECIFICATION, PAGES),
        response=_Balance,
        invented=("the subscription is spent first", "a month's refill at nextResetDate"),
    )
)
def get_credits(workspace: Workspace) -> Balance:
    """Get the credits left for searches and extractions."""
    return workspace.credits.balance()


class _Quota(CamelCaseSchema):
    limit = fields.Integer(required=True)
    used = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    resets_at = Timestamp(required=True)


class _Quotas(CamelCaseSchema):
    connections = fields.Nested(_Quota, required=True)
    messages = fields.Nested(_Quota, required=True)
    likes = fields.Nested(_Quota, required=True)


class _SenderQuotas(CamelCaseSchema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    quotas = fields.Nested(_Quotas, required=True)


class _SenderQuotasList(CamelCaseSchema):
    senders = fields.List(fields.Nested(_SenderQuotas), required=True)
    total = fields.Integer(required=True)


@account.get("/senders/quotas")
@serves(
    Operation(
        id="senders.quotas",
        scope=words.SENDERS_READ,
        sources=(NEWEST_SPECIFICATION,),
        response=_SenderQuotasList,
        errors=(403,),
        invented=(
            "that it is served under older contracts, too",
            "every name within a sender",
            "the limits",
            "a day begins at midnight UTC",
        ),
    )
)
def list_quotas(workspace: Workspace) -> dict[str, Any]:
    """List the daily quotas of each sender, and their use today."""
    quota = workspace.quotas.quota
    senders = [
        {
            "id": sender.id,
            "name": sender.name,
            "quotas": {kind: quota(sender, kind) for kind in QUOTA_KINDS},
        }
        for sender in workspace.store.senders()
    ]
    return {"senders": senders, "total": len(senders)}
