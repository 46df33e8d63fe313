"""`mock-sendpilot contracts`: the contracts and their options."""

from typing import TYPE_CHECKING, Any

import click

from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import contract_by_name, json_option

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract


@click.group(cls=Group)
def contracts() -> None:
    """Show the contracts and their options.

    They are what the vendor's contradicting documents amount to.
    """


@contracts.command("list", epilog="Example: mock-sendpilot contracts list")
def list_contracts() -> None:
    """List the contracts and the options in which they differ."""
    from mock_sendpilot.contracts.contract import CONTRACTS
    from mock_sendpilot.contracts.options import OPTIONS

    click.echo("contracts: " + ", ".join(CONTRACTS))
    for key, option in OPTIONS.items():
        click.echo(f"{key}: {option.about}; values: {', '.join(option.values())}")


@contracts.command(epilog="Example: mock-sendpilot contracts show live")
@click.argument("contract", metavar="[NAME]", default="documented", callback=contract_by_name)
@json_option
def show(contract: "Contract", as_json: bool) -> None:
    """Show the value of each option in the contract NAME."""
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.contracts.options import OPTIONS, value_text

    default = named_contract("documented")
    values: dict[str, Any] = {key: getattr(contract, key) for key in OPTIONS}
    if as_json:
        print_json(values)
        return
    click.echo(f"contract: {contract.name}")
    for key, value in values.items():
        extras = ", ".join(OPTIONS[key].extra_values)
        extra = f" (can be set to: {extras})" if extras else ""
        difference = "" if value == getattr(default, key) else "  <- not as documented"
        click.echo(f"{key}: {value_text(value)}{extra}{difference}")
