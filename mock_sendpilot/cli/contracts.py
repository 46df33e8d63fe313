"""`mock-sendpilot contracts`: what each contract says, point by point."""

from typing import TYPE_CHECKING, Any

import click

from mock_sendpilot.cli import values
from mock_sendpilot.cli.control import json_option, print_json
from mock_sendpilot.cli.lazy_group import Group

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract


@click.group(cls=Group)
def contracts() -> None:
    """Show the contracts: readings of the vendor's contradicting documents."""


@contracts.command("list", epilog="Example: mock-sendpilot contracts list")
def list_contracts() -> None:
    """Name the contracts and the points on which they differ."""
    from mock_sendpilot.contracts.contract import CONTRACTS
    from mock_sendpilot.contracts.options import POINTS

    click.echo("contracts: " + ", ".join(CONTRACTS))
    for key, point in POINTS.items():
        click.echo(f"{key}: {point.about}; choices: {', '.join(point.choices())}")


@contracts.command(epilog="Example: mock-sendpilot contracts show live")
@click.argument("contract", metavar="[NAME]", default="documented", callback=values.contract)
@json_option
def show(contract: "Contract", wants_json: bool) -> None:
    """Show what the contract NAME says on each point."""
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.contracts.options import POINTS

    default = named_contract("documented")
    readings: dict[str, Any] = {key: getattr(contract, key) for key in POINTS}
    if wants_json:
        print_json(readings)
        return
    click.echo(f"contract: {contract.name}")
    for key, value in readings.items():
        others = ", ".join(POINTS[key].extras)
        switch = f" (can be set to: {others})" if others else ""
        differs = "" if value == getattr(default, key) else "  <- not as documented"
        click.echo(f"{key}: {reading(value)}{switch}{differs}")


def reading(value: object) -> str:
    """What a contract says on a point, in words."""
    from mock_sendpilot.contracts.options import (
        EventTexts,
        LeadEvents,
        PatchBody,
    )

    if isinstance(value, PatchBody):
        return f"{reading(value.fields)} (at least one of: {reading(value.any_of)})"
    if isinstance(value, LeadEvents):
        tags = reading(value.tag_fields) if value.tag_fields else "no such event"
        return f"status event: {reading(value.status_fields)}; tag event: {tags}"
    if isinstance(value, EventTexts):
        most = value.most_characters
        amount = "in full" if most is None else f"the first {most} characters"
        return f"{value.message_key}, {value.reply_key}: {amount}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
