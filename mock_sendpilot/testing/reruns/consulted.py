"""A contract that notes which of its options somebody has read."""

from dataclasses import fields
from typing import Any

from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.contracts.options import OPTIONS


class ConsultedContract(Contract):
    """A contract that notes which of its options are read.

    It is equal to a contract with the same values, and its hash is its own: schemas are cached by
    contract, and one that is made already would read no option.

    Attributes:
        consulted: the options that were read.
    """

    __slots__ = ("consulted",)
    consulted: set[str]

    @classmethod
    def of(cls, contract: Contract) -> "ConsultedContract":
        """Return a contract with the same name and values, of which no option was read."""
        made = cls(**{one.name: getattr(contract, one.name) for one in fields(contract)})
        object.__setattr__(made, "consulted", set())
        return made

    def __getattribute__(self, name: str) -> Any:
        if name in OPTIONS:
            object.__getattribute__(self, "consulted").add(name)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ConsultedContract):
            return self is other
        return isinstance(other, Contract) and _plain(self) == other

    def __hash__(self) -> int:
        return id(self)


def _plain(contract: Contract) -> Contract:
    name, options = contract.parts
    return named_contract(name, options.items())


def with_value(contract: Contract, option: str, value: str) -> Contract:
    """Return a contract with one option set to another of its values."""
    name, options = contract.parts
    return named_contract(name, {**options, option: value}.items())


def other_values(contract: Contract, option: str) -> dict[str, Any]:
    """Return the values of an option that differ from that of a contract, by their shortest names.

    A value that several contracts share is named once.
    """
    known = OPTIONS[option]
    current = getattr(contract, option)
    found: dict[str, Any] = {}
    # A name of the option's own says more than that of a contract: `on`, and not `strict`.
    for name, value in {**known.extra_values, **known.by_contract}.items():
        if value != current and value not in found.values():
            found[name] = value
    return found
