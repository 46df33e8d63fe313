"""The leads of a workspace, found by id, person, campaign and status, without looking at them all.

A lead of a campaign has a position that never changes: the number of leads that were added before
it. Each list that can be asked for has the positions of its leads, of four bytes each.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import compress

from mock_sendpilot.world.models import Lead

MAX_BLOCK_LENGTH = 2_048
IdOrIds = str | tuple[str, ...]
"""The id of a person's only lead, or the ids of all of them."""


class SortedPositions:
    """Distinct positions in ascending order, in blocks that are short enough to insert into."""

    __slots__ = ("_blocks", "_firsts", "_max_block_length", "count")

    def __init__(self, *, max_block_length: int = MAX_BLOCK_LENGTH) -> None:
        self.count = 0
        self._max_block_length = max_block_length
        self._blocks: list[array[int]] = []
        self._firsts: list[int] = []  # of each block, to search in

    def add(self, position: int) -> None:
        """Add a position that is not among them."""
        self.count += 1
        if self._blocks:
            last = self._blocks[-1]
            if position > last[-1] and len(last) < self._max_block_length:
                last.append(position)  # as most are added, in no time
                return
        index = max(bisect_right(self._firsts, position) - 1, 0)
        if not self._blocks:
            self._insert_block(0, array("I", [position]))
        elif len(self._blocks[index]) < self._max_block_length:
            insort(self._blocks[index], position)
            self._firsts[index] = self._blocks[index][0]
        elif position > self._blocks[-1][-1]:  # leads are added at the end
            self._insert_block(index + 1, array("I", [position]))
        else:
            block = self._blocks[index]
            insort(block, position)
            self._firsts[index] = block[0]
            self._insert_block(index + 1, block[len(block) // 2 :])
            del block[len(block) // 2 :]

    def remove(self, position: int) -> None:
        """Remove a position that is among them."""
        self.count -= 1
        index = bisect_right(self._firsts, position) - 1
        block = self._blocks[index]
        del block[bisect_left(block, position)]
        if block:
            self._firsts[index] = block[0]
        else:
            del self._blocks[index], self._firsts[index]

    def slice(self, start: int, stop: int) -> list[int]:
        """Return some of them; neither `start` nor `stop` is negative."""
        found: list[int] = []
        for block in self._blocks:
            if stop <= 0:
                break
            if start < len(block):
                found.extend(block[max(start, 0) : stop])
            start -= len(block)
            stop -= len(block)
        return found

    def _insert_block(self, index: int, block: "array[int]") -> None:
        self._blocks.insert(index, block)
        self._firsts.insert(index, block[0])


class LeadIndex:
    """The leads of a workspace. It takes no lock: the store has one.

    Leads are never removed. People of no campaign have an id and no position.
    """

    __slots__ = ("_contacted", "_ids_by_url", "_leads", "_lists", "_people", "_positions")

    def __init__(self) -> None:
        self._leads: list[Lead] = []
        self._positions: dict[str, int] = {}  # by id
        self._people: dict[str, Lead] = {}  # by id
        # The id of a lead, or all of a person's ids: most have one, and a tuple takes 64 bytes.
        self._ids_by_url: dict[str, IdOrIds] = {}
        self._contacted = bytearray()  # by position: 1 for a lead that was contacted
        # By campaign and status; None stands for all of them.
        self._lists: dict[tuple[str | None, str | None], SortedPositions]
        self._lists = defaultdict(SortedPositions)

    # --- reading -----------------------------------------------------------------------------

    def get(self, lead_id: str) -> Lead | None:
        """Return the lead or the person of that id, or None; it is safe without a lock, too."""
        position = self._positions.get(lead_id)
        return self._people.get(lead_id) if position is None else self._leads[position]

    def of_person(self, linkedin_url: str) -> list[Lead]:
        """Return the leads that are this person, oldest first."""
        return [lead for lead in map(self.get, self._ids_of(linkedin_url)) if lead is not None]

    def in_campaign(self, campaign_id: str | None, linkedin_url: str) -> Lead | None:
        """Return the lead of a campaign that is this person, or None."""
        for lead in self.of_person(linkedin_url):
            if lead.campaign_id == campaign_id:
                return lead
        return None

    def count(self, campaign_id: str | None = None, status: str | None = None) -> int:
        """Return the number of leads: of a campaign, of a status, of both, or of all."""
        found = self._lists.get((campaign_id, status))
        return 0 if found is None else found.count

    def slice(
        self, start: int, stop: int, campaign_id: str | None = None, status: str | None = None
    ) -> list[Lead]:
        """Return some of the leads that `count` counts, oldest first."""
        found = self._lists.get((campaign_id, status))
        return [] if found is None else [self._leads[one] for one in found.slice(start, stop)]

    def all(self, campaign_id: str | None = None, status: str | None = None) -> list[Lead]:
        """Return the leads that `count` counts, oldest first."""
        return self.slice(0, len(self._leads), campaign_id, status)

    # --- changing ----------------------------------------------------------------------------

    def insert(self, lead: Lead) -> None:
        """Add a lead with a new id to its campaign, which does not have that person."""
        self._append(lead)
        for status in (None, lead.status):
            self._lists[lead.campaign_id, status].add(self._positions[lead.id])
        # A lead of a campaign takes the place of the record that its sender had of the person.
        others = [
            one.id
            for one in self.of_person(lead.linkedin_url)
            if one.campaign_id is not None or lead.sender_id not in {None, one.sender_id}
        ]
        self._ids_by_url[lead.linkedin_url] = (*others, lead.id) if others else lead.id

    def insert_person(self, person: Lead) -> None:
        """Add the record of a person of no campaign."""
        self._people[person.id] = person
        others = self._ids_of(person.linkedin_url)
        self._ids_by_url[person.linkedin_url] = (*others, person.id) if others else person.id

    def replace(self, lead: Lead) -> None:
        """Put a lead or a person in place of the one of the same id, URL and campaign."""
        position = self._positions.get(lead.id)
        if position is None:
            self._people[lead.id] = lead
            return
        before = self._leads[position].status
        self._leads[position] = lead
        if before != lead.status:
            for campaign_id in (None, lead.campaign_id):
                self._lists[campaign_id, before].remove(position)
                self._lists[campaign_id, lead.status].add(position)

    def mark_contacted(self, lead_id: str) -> bool:
        """Mark a lead of a campaign as contacted; return whether it is the first time."""
        position = self._positions[lead_id]
        is_first = not self._contacted[position]
        self._contacted[position] = 1
        return is_first

    def _append(self, lead: Lead) -> None:
        """Give a lead a position, and add it to the lists of all campaigns."""
        position = len(self._leads)
        self._leads.append(lead)
        self._positions[lead.id] = position
        self._contacted.append(0)
        for status in (None, lead.status):
            self._lists[None, status].add(position)

    def _ids_of(self, linkedin_url: str) -> tuple[str, ...]:
        """Return the ids of a person, oldest first."""
        ids = self._ids_by_url.get(linkedin_url, ())
        return (ids,) if isinstance(ids, str) else ids

    # --- states ------------------------------------------------------------------------------

    def by_id(self) -> dict[str, Lead]:
        """Return all leads, oldest first, and then the people of no campaign."""
        return {**dict(zip(self._positions, self._leads, strict=True)), **self._people}

    def ids_by_url(self) -> dict[str, IdOrIds]:
        """Return the id of each person, or of one that has several all of them, oldest first."""
        return dict(self._ids_by_url)

    def contacted(self) -> frozenset[str]:
        """Return the ids of the leads that were contacted."""
        return frozenset(compress(self._positions, self._contacted))

    def load(
        self,
        leads: Mapping[str, Lead],
        ids_by_campaign: Mapping[str, tuple[str, ...]],
        ids_by_url: Mapping[str, IdOrIds],
        contacted: Iterable[str],
    ) -> None:
        """Take the leads of another index in place of those of this new one.

        Raises:
            LookupError: an id has no lead or is not that of its lead, or a lead is not listed once,
                in its own campaign.
        """
        for lead_id, lead in leads.items():
            if lead_id != lead.id:
                raise LookupError(f"lead {lead.id!r} has the key {lead_id!r}")
            if lead.campaign_id is None:
                self._people[lead.id] = lead
            else:
                self._append(lead)
        self._load_lists(ids_by_campaign)
        self._ids_by_url = dict(ids_by_url)
        for lead_id in contacted:
            self.mark_contacted(lead_id)

    def _load_lists(self, ids_by_campaign: Mapping[str, tuple[str, ...]]) -> None:
        is_listed = bytearray(len(self._leads))  # by position
        for campaign_id, ids in ids_by_campaign.items():
            for position in map(self._positions.__getitem__, ids):
                lead = self._leads[position]
                if is_listed[position] or lead.campaign_id != campaign_id:
                    reason = "is listed already, or of another campaign"
                    raise LookupError(f"campaign {campaign_id!r}: lead {lead.id!r} {reason}")
                is_listed[position] = 1
                for status in (None, lead.status):
                    self._lists[campaign_id, status].add(position)
        if 0 in is_listed:
            missing = self._leads[is_listed.index(0)]
            raise LookupError(f"campaign {missing.campaign_id!r} does not list {missing.id!r}")
