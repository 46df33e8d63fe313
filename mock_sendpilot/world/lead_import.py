"""Leads on their way in: as a caller gives them, and how it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_sendpilot.world.models import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDraft:
    """A lead as a caller gives it: the URL, and the other fields of `Lead` by name."""

    linkedin_url: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Import:
    """How the adding of leads went. `rejected` pairs an index of the list with the reason."""

    added: list[Lead] = field(default_factory=list)
    duplicate_count: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
