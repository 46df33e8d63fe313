"""The workspace itself: `GET /me`, `GET /credits`, `GET /senders/quotas`."""

from typing import Any

from flask import Blueprint

from mock_sendpilot.api import account_schemas as shapes
from mock_sendpilot.api.access import access_of_request
from mock_sendpilot.api.operation import Operation, serves
from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.world.credits import Balance
from mock_sendpilot.world.quotas import KINDS
from mock_sendpilot.world.workspace import Workspace

account = Blueprint("account", __name__)


@account.get("/me")
@serves(
    Operation(
        id="workspace.me",
        scope=words.WORKSPACE_READ,
        source="(b) 7; SB alone",
        reply=shapes.me,
        errors=(403,),
        invented=(
            "that it is served under older contracts, too",
            "every name within apiKey, workspace and subscription",
        ),
    )
)
def get_me(workspace: Workspace) -> dict[str, Any]:
    """What the key is and may do, and whose it is."""
    key = access_of_request().api_key
    told = shapes.told_of_key(
        name=key.name, scopes=key.scopes, expires_at=key.expires_at, rate_limit=key.rate_limit
    )
    return {
        "api_key": told,
        "workspace": workspace,
        "subscription": {"status": "active" if workspace.plan else "none", "plan": workspace.plan},
        "missing_scopes": [scope for scope in words.SCOPES if not key.allows(scope)],
    }


@account.get("/credits")
@serves(
    Operation(
        id="credits.get",
        scope=None,
        source="(b) 4; D4, SA, SB",
        reply=shapes.balance,
        invented=("the subscription is spent first", "a month's refill at nextResetDate"),
    )
)
def get_credits(workspace: Workspace) -> Balance:
    """What is left for searches and extractions."""
    return workspace.credits.balance()


@account.get("/senders/quotas")
@serves(
    Operation(
        id="senders.quotas",
        scope=words.SENDERS_READ,
        source="(b) 6; SB alone",
        reply=shapes.sender_quotas,
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
    """What each sender may still do today."""
    found = [
        shapes.SenderWithQuotas(one, {kind: workspace.quotas.quota(one, kind) for kind in KINDS})
        for one in workspace.store.senders()
    ]
    return {"senders": found, "total": len(found)}
