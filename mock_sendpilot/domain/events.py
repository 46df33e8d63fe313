"""Events: something that happened in a workspace and that the vendor tells its customers of.

An event holds domain facts. Its name and body on the wire are made under a contract, in
`webhooks/payloads.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from mock_sendpilot.domain.models import Lead


@dataclass(frozen=True, slots=True)
class LeadStatusChanged:
    """A lead has another status; `lead` is the lead after the change."""

    lead: Lead
    previous_status: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class LeadTagChanged:
    """A lead has another custom status ("tag" in the vendor's event)."""

    lead: Lead
    previous_tag: str | None


Change = LeadStatusChanged | LeadTagChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change, numbered in the order in which changes happened in its workspace."""

    id: str
    message_id: str
    """What Svix calls the message id: like `id` it stays the same for every attempt."""
    sequence: int
    occurred_at: datetime
    workspace_id: str
    change: Change

    @property
    def lead_id(self) -> str:
        """The id of the lead concerned."""
        return self.change.lead.id
