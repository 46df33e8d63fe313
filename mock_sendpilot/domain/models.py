"""The things of the world, each frozen: a change replaces the object in the store.

Times are aware UTC datetimes; ids are opaque strings; URLs are in the normal form of `linkedin.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workspace. `scopes` is None for a key that may do everything."""

    key: str
    name: str = ""
    scopes: frozenset[str] | None = None
    is_revoked: bool = False

    def allows(self, scope: str) -> bool:
        """Whether the key carries this scope."""
        return self.scopes is None or scope in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A LinkedIn account that a campaign sends from."""

    id: str
    name: str
    linkedin_url: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An outreach campaign."""

    id: str
    name: str
    status: str
    sender_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One person in one campaign. `custom_fields` must not be changed in place."""

    id: str
    linkedin_url: str
    status: str
    campaign_id: str
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
