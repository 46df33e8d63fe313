"""The contract: the options on which the documents disagree, the values in force, and others."""

from collections.abc import Mapping
from functools import cached_property

from flask import Blueprint, Response

from mock_sendpilot.contracts.contract import CONTRACTS
from mock_sendpilot.contracts.options import ABOUT, DOCUMENTED, LIVE, OPTIONS, value_text
from mock_sendpilot.dashboard.rendering import Page, render, with_workspace
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.world.workspace import Workspace

contract = Blueprint("contract", __name__)


@dataclass(frozen=True, slots=True)
class OptionRow:
    """An option: its value in force in words, and each value with the names that stand for it.

    `chosen` is the name of the value if the option is set alone. `is_common` is true if every
    contract has the value in force.
    """

    name: str
    about: str
    source: str
    value: str
    names: tuple[str, ...]
    chosen: str | None
    others: Mapping[str, tuple[str, ...]]
    choices: tuple[str, ...]

    @property
    def is_common(self) -> bool:
        """True if all named contracts agree, so that another value has to be set alone."""
        return set(CONTRACTS) <= set(self.names)


class ContractPage(Page):
    """The contract of a workspace."""

    template = "contract.html"
    section = "contract"
    title = "Contract"
    contracts = ABOUT

    @cached_property
    def parts(self) -> tuple[str, Mapping[str, str]]:
        """The name of the contract, and the options that are set alone."""
        return self.workspace.contract.parts

    @property
    def rows(self) -> list[OptionRow]:
        """All options; those that are set alone, and those on which contracts differ, first."""
        rows = [self._row(name) for name in OPTIONS]
        return sorted(rows, key=lambda row: (row.chosen is None, row.is_common))

    @property
    def command(self) -> str:
        """A command that switches to the contract that this workspace does not have."""
        name, options = self.parts
        if not options:
            name = LIVE if name != LIVE else DOCUMENTED
        parts = [f"--contract-option {key}={value}" for key, value in options.items()]
        return " \\\n  ".join([f"mock-sendpilot reset --contract {name}", *parts])

    def _row(self, name: str) -> OptionRow:
        option = OPTIONS[name]
        in_force = value_text(getattr(self.workspace.contract, name))
        names: dict[str, tuple[str, ...]] = {}
        for value_name, value in option.values().items():
            text = value_text(value)
            names[text] = (*names.get(text, ()), value_name)
        return OptionRow(
            name=name,
            about=option.about,
            source=option.source,
            value=in_force,
            names=names.pop(in_force),
            chosen=self.parts[1].get(name),
            others=names,
            choices=tuple(option.values()),
        )


@contract.get("/<opaque:workspace_id>/contract")
@with_workspace
def show_contract(workspace: Workspace) -> Response:
    """Show the contract."""
    return render(ContractPage(workspace))
