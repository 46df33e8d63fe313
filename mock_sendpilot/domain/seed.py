"""A seed: what the workspaces of an emulator start with, already checked."""

from dataclasses import dataclass, field

from mock_sendpilot.domain.contracts import Contract
from mock_sendpilot.domain.models import ApiKey, Campaign, Lead, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSeed:
    """A webhook endpoint. No secret: one is made. No event types: all of them."""

    url: str
    secret: str | None = None
    event_types: tuple[str, ...] | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSeed:
    """One workspace. Without a contract it has the one that the emulator was started with."""

    id: str
    name: str
    api_keys: tuple[ApiKey, ...]
    contract: Contract | None = None
    senders: tuple[Sender, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    leads: tuple[Lead, ...] = ()
    endpoints: tuple[EndpointSeed, ...] = field(default=())
