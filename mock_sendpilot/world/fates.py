"""Fates: what people are going to do, told of a lead or by its LinkedIn slug.

The magic slugs are this emulator's, and so is everything else here.
"""

import re

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.scheduling.durations import parse_duration
from mock_sendpilot.world.models import Contact
from mock_sendpilot.world.sequences import Fate

INTERESTED = "Yes, I am interested. Call me Tuesday."
NOT_INTERESTED = "Thank you, but we are not interested."


_SLUGS = (
    ("accepts-after-", Fate(accepts=True)),
    ("replies-interested", Fate(accepts=True, replies=True, reply=INTERESTED)),
    ("replies-not-interested", Fate(accepts=True, replies=True, reply=NOT_INTERESTED)),
    ("never-accepts", Fate(accepts=False)),
    ("unreachable", Fate(is_unreachable=True)),
)
_WAIT = re.compile(r"accepts-after-((?:[0-9]+[wdhms])+)")


class Fates:
    """The fates of a workspace's leads."""

    def __init__(self) -> None:
        self._told: dict[str, Fate] = {}

    def tell(self, lead_id: str, fate: Fate) -> None:
        """Say what a lead is going to do; it counts for what is sent from now on."""
        self._told[lead_id] = fate

    def of(self, contact: Contact) -> Fate:
        """What is told of a lead, or else by its slug, or else nothing."""
        told = self._told.get(contact.lead.id) if contact.lead else None
        return told or fate_of_slug(contact.linkedin_url) or Fate()


def fate_of_slug(linkedin_url: str) -> Fate | None:
    """The fate that a magic slug tells, alone or before a hyphen: `…/in/never-accepts-7`."""
    slug = linkedin_url.rpartition("/")[2]
    for beginning, fate in _SLUGS:
        if slug == beginning or slug.startswith(beginning.rstrip("-") + "-"):
            return _waiting(slug) if beginning.startswith("accepts-after") else fate
    return None


def _waiting(slug: str) -> Fate | None:
    found = _WAIT.match(slug)
    if found is None or not (found.end() == len(slug) or slug[found.end()] == "-"):
        return None
    try:
        return Fate(accepts=True, accepts_after=parse_duration(found[1]))
    except InvalidInput:
        return None
