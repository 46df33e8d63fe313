"""Behaviors: what recipients do, set for a lead or by the slug of its LinkedIn URL.

Behaviors and magic slugs are this emulator's own.
"""

import re
from collections.abc import Mapping

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.world.models import Behavior, Contact

INTERESTED = "Yes, I am interested. Call me Tuesday."
NOT_INTERESTED = "Thank you, but we are not interested."

_SLUGS = (
    ("replies-interested", Behavior(accepts=True, replies=True, reply=INTERESTED)),
    ("replies-not-interested", Behavior(accepts=True, replies=True, reply=NOT_INTERESTED)),
    ("never-accepts", Behavior(accepts=False)),
    ("unreachable", Behavior(is_unreachable=True)),
)
_ACCEPTS_AFTER = re.compile(r"accepts-after-((?:[0-9]+[wdhms])+)(?:-.*)?")


class Behaviors:
    """The behaviors of a workspace's leads."""

    def __init__(self) -> None:
        self._by_lead: dict[str, Behavior] = {}

    def set(self, lead_id: str, behavior: Behavior) -> None:
        """Set the behavior of a lead, for everything that is sent from now on."""
        self._by_lead[lead_id] = behavior

    def by_lead(self) -> dict[str, Behavior]:
        """Return the behaviors that are set, by the id of the lead."""
        return dict(self._by_lead)

    def load(self, behaviors: Mapping[str, Behavior]) -> None:
        """Take other behaviors in place of these."""
        self._by_lead = dict(behaviors)

    def of(self, contact: Contact) -> Behavior:
        """Return the behavior set for a lead, or else that of its slug, or else the default."""
        of_lead = self._by_lead.get(contact.lead.id) if contact.lead else None
        return of_lead or behavior_of_slug(contact.linkedin_url) or Behavior()


def behavior_of_slug(linkedin_url: str) -> Behavior | None:
    """Return the behavior of a magic slug, alone or before a hyphen: `…/in/never-accepts-7`."""
    slug = linkedin_url.rpartition("/")[2]
    for magic_slug, behavior in _SLUGS:
        if slug == magic_slug or slug.startswith(f"{magic_slug}-"):
            return behavior
    match = _ACCEPTS_AFTER.fullmatch(slug)
    if match is None:
        return None
    try:
        return Behavior(accepts=True, accepts_after=parse_duration(match[1]))
    except InvalidInput:  # longer than a hundred years
        return None
