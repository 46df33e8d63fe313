"""Seeds: the initial contents of workspaces, already checked."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.credits import DEFAULT_BALANCE, Balance
from mock_sendpilot.world.endpoint_settings import DEFAULT_SETTINGS, EndpointSettings
from mock_sendpilot.world.inbox import Conversation, Message
from mock_sendpilot.world.models import (
    DEFAULT_JOB_TIMING,
    ApiKey,
    Behavior,
    Campaign,
    FoundLead,
    JobTiming,
    Lead,
    Sender,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSeed:
    """A webhook endpoint. Without a secret one is made; without event types it gets all."""

    url: str
    secret: str | None = field(default=None, repr=False)
    event_types: tuple[str, ...] | None = None
    is_enabled: bool = True
    settings: EndpointSettings = DEFAULT_SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSeed:
    """A workspace. Without a contract it has the one of the emulator.

    `connections` are LinkedIn URLs by sender id, of people other than its leads; `behaviors` are by
    lead id; `people` come before the made-up ones of the lead database.
    """

    id: str
    name: str
    api_keys: tuple[ApiKey, ...]
    contract: Contract | None = None
    random_seed: str | None = None
    """The seed of all chance; by default the id."""
    plan: str | None = None
    starts_at: datetime | None = None
    is_frozen: bool = False
    credits: Balance = DEFAULT_BALANCE
    job_timing: JobTiming = DEFAULT_JOB_TIMING
    senders: tuple[Sender, ...] = ()
    connections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    leads: tuple[Lead, ...] = ()
    behaviors: Mapping[str, Behavior] = field(default_factory=dict)
    conversations: tuple[tuple[Conversation, tuple[Message, ...]], ...] = ()
    people: tuple[FoundLead, ...] = ()
    endpoints: tuple[EndpointSeed, ...] = field(default=())

    def under(self, contract: Contract) -> "WorkspaceSeed":
        """Return the same seed under a contract.

        Endpoints get the contract's names for their event types; those it does not have are left
        out.
        """
        endpoints = tuple(
            replace(
                one,
                event_types=one.event_types and contract.own_event_types(one.event_types),
            )
            for one in self.endpoints
        )
        return replace(self, contract=contract, endpoints=endpoints)

    def without_contents(self) -> "WorkspaceSeed":
        """Return the seed of an empty workspace that is otherwise the same, also by chance.

        It keeps its keys, contract, clock, credits and endpoints.
        """
        return replace(
            self,
            random_seed=self.random_seed or self.id,
            senders=(),
            connections={},
            campaigns=(),
            leads=(),
            behaviors={},
            conversations=(),
            people=(),
        )
