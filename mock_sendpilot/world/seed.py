"""A seed: what the workspaces of an emulator start with, already checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.world.credits import DEFAULT_BALANCE, Balance
from mock_sendpilot.world.endpoint_settings import DEFAULT_SETTINGS, EndpointSettings
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.jobs import DEFAULT_PACE, FoundLead, Pace
from mock_sendpilot.world.models import ApiKey, Campaign, Lead, Sender
from mock_sendpilot.world.sequences import Behavior


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSeed:
    """A webhook endpoint. No secret: one is made. No event types: all of them."""

    url: str
    secret: str | None = field(default=None, repr=False)
    event_types: tuple[str, ...] | None = None
    is_enabled: bool = True
    settings: EndpointSettings = DEFAULT_SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSeed:
    """One workspace. Without a contract it has the one that the emulator was started with.

    `connections` are the people, as LinkedIn URLs, that each sender is connected with besides its
    leads; `behaviors` are by lead id; `people` are in the lead database before made-up ones.
    """

    id: str
    name: str
    api_keys: tuple[ApiKey, ...]
    contract: Contract | None = None
    random_seed: str | None = None
    """What chance is drawn from; by default the id."""
    plan: str | None = None
    starts_at: datetime | None = None
    is_frozen: bool = False
    credits: Balance = DEFAULT_BALANCE
    pace: Pace = DEFAULT_PACE
    senders: tuple[Sender, ...] = ()
    connections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    leads: tuple[Lead, ...] = ()
    behaviors: Mapping[str, Behavior] = field(default_factory=dict)
    conversations: tuple[tuple[Conversation, tuple[Message, ...]], ...] = ()
    people: tuple[FoundLead, ...] = ()
    endpoints: tuple[EndpointSeed, ...] = field(default=())
