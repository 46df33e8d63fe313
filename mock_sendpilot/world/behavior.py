"""Behaviors: what recipients are going to do, set for a lead or by its LinkedIn slug.

The magic slugs are this emulator's, and so is everything else here.
"""

import re

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.world.models import Contact
from mock_sendpilot.world.sequences import Behavior

INTERESTED = "Yes, I am interested. Call me Tuesday."
NOT_INTERESTED = "Thank you, but we are not interested."

_SLUGS = (
    ("accepts-after-", Behavior(accepts=True)),
    ("replies-interested", Behavior(accepts=True, replies=True, reply=INTERESTED)),
    ("replies-not-interested", Behavior(accepts=True, replies=True, reply=NOT_INTERESTED)),
    ("never-accepts", Behavior(accepts=False)),
    ("unreachable", Behavior(is_unreachable=True)),
)
_WAIT = re.compile(r"accepts-after-((?:[0-9]+[wdhms])+)")


class Behaviors:
    """The behaviors of a workspace's leads."""

    def __init__(self) -> None:
        self._by_lead: dict[str, Behavior] = {}

    def set(self, lead_id: str, behavior: Behavior) -> None:
        """Say what a lead is going to do; it counts for what is sent from now on."""
        self._by_lead[lead_id] = behavior

    def of(self, contact: Contact) -> Behavior:
        """Return the behavior set for a lead, else that of its slug, else the default."""
        of_lead = self._by_lead.get(contact.lead.id) if contact.lead else None
        return of_lead or behavior_of_slug(contact.linkedin_url) or Behavior()


def behavior_of_slug(linkedin_url: str) -> Behavior | None:
    """The behavior that a magic slug tells, alone or before a hyphen: `…/in/never-accepts-7`."""
    slug = linkedin_url.rpartition("/")[2]
    for beginning, behavior in _SLUGS:
        if slug == beginning or slug.startswith(beginning.rstrip("-") + "-"):
            return _waiting(slug) if beginning.startswith("accepts-after") else behavior
    return None


def _waiting(slug: str) -> Behavior | None:
    found = _WAIT.match(slug)
    if found is None or not (found.end() == len(slug) or slug[found.end()] == "-"):
        return None
    try:
        return Behavior(accepts=True, accepts_after=parse_duration(found[1]))
    except InvalidInput:
        return None
