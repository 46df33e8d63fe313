"""A contract that tells which of its options are read, for those who ask what a run has met.

The code reads an option only where it matters, so that a read is news. Schemas are the exception:
they are made once for each app, and from a plain contract (see `api/operation.py`).
"""

from collections.abc import Callable
from dataclasses import fields

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.contracts.options import OPTIONS

_UNTOLD = frozenset({"name", "event_types"})
"""The names of events are looked up by everybody, long before there is an event."""


class WatchedContract(Contract):
    """A contract with the same values as another one; it is equal to it."""

    __slots__ = ("_note", "_plain", "_unread")
    _note: Callable[[str], object]
    _plain: Contract
    _unread: set[str]

    @property
    def plain(self) -> Contract:
        """The contract that is watched."""
        return self._plain

    def __getattribute__(self, name: str) -> object:
        """Return an attribute; if it is an option that is read for the first time, note it."""
        # Two threads may both note it: that costs less than a lock for each read.
        if name in OPTIONS and name in (unread := object.__getattribute__(self, "_unread")):
            unread.discard(name)
            object.__getattribute__(self, "_note")(name)
        value: object = object.__getattribute__(self, name)
        if name in OPTIONS:  # the contract that is watched may itself note what is read
            value = getattr(object.__getattribute__(self, "_plain"), name)
        return value

    def __eq__(self, other: object) -> bool:
        """Compare the names, which imply the values: to compare all of them would read them."""
        return isinstance(other, Contract) and self.name == other.name

    def __hash__(self) -> int:
        """Return the hash of the contract that is watched."""
        return hash(self.name)


def watched(contract: Contract, note: Callable[[str], object]) -> WatchedContract:
    """Return a contract that is equal to another one and tells of each option that is read.

    Args:
        contract: the contract.
        note: called with the name of an option when it is read for the first time. It is not
            called for `event_types`.
    """
    plain = contract.plain
    copy = object.__new__(WatchedContract)
    # Past what the contract may do when it is read: to copy its options is not to use them.
    values = {field.name: object.__getattribute__(plain, field.name) for field in fields(Contract)}
    values |= {"_note": note, "_plain": plain, "_unread": set(OPTIONS) - _UNTOLD}
    for name, value in values.items():
        object.__setattr__(copy, name, value)  # it is frozen from now on
    return copy
