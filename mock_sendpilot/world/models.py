"""The things of the world, each frozen: a change replaces the object in the store.

Times are aware UTC datetimes; ids are opaque strings; URLs are in the normal form of `linkedin.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_sendpilot.world.sequences import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many requests a key may make in a window of time."""

    requests: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workspace. `scopes` is None for a key that may do everything."""

    key: str = field(repr=False)
    name: str = ""
    scopes: frozenset[str] | None = None
    is_revoked: bool = False
    expires_at: datetime | None = None
    rate_limit: RateLimit | None = None

    def allows(self, scope: str) -> bool:
        """Whether the key carries this scope."""
        return self.scopes is None or scope in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimits:
    """What a sender may do in a day. The numbers are invented: the vendor tells none."""

    connections: int = 25
    messages: int = 100
    likes: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A LinkedIn account that a campaign sends from."""

    id: str
    name: str
    linkedin_url: str
    status: str
    is_premium: bool = False
    daily_limits: DailyLimits = DailyLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What a campaign has done so far."""

    leads_contacted: int = 0
    connections_sent: int = 0
    connections_accepted: int = 0
    messages_sent: int = 0
    replies_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An outreach campaign.

    `sequence` is what it does with each lead while it is started; `enrolls` says with which: `all`,
    `added` (those that are added later) or `none`.
    """

    id: str
    name: str
    status: str
    sender_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    type: str = "outreach"
    description: str | None = None
    counters: Counters = Counters()
    sequence: tuple[Step, ...] = ()
    enrolls: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One person in one campaign. `custom_fields` must not be changed in place.

    Without a `campaign_id` it is the record of a person whom no campaign knows, and whom a sender
    has asked to connect.
    """

    id: str
    linkedin_url: str
    status: str
    campaign_id: str | None
    created_at: datetime
    updated_at: datetime
    sender_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: str | None = None
    email: str | None = None
    custom_lead_status: str | None = None
    about: str | None = None
    connection_count: int | None = None
    follower_count: int | None = None
    industry: str | None = None
    is_open_profile: bool | None = None
    is_premium: bool | None = None
    location: str | None = None
    profile_picture_url: str | None = None
    website: str | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    """The note of the last status change. The vendor takes one and shows it nowhere."""

    @property
    def full_name(self) -> str:
        """First and last name as far as they are known; empty when neither is."""
        return " ".join(name for name in (self.first_name, self.last_name) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A sender and a person; the person's lead and campaign where they are known."""

    sender_id: str
    linkedin_url: str
    lead: Lead | None = None
    campaign_id: str | None = None
