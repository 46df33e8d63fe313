"""`mock-sendpilot contracts`: what each contract says, point by point."""

import sys
from typing import Any

import click
import orjson


@click.group()
def contracts() -> None:
    """Show the contracts: readings of the vendor's contradicting documents."""


@contracts.command("list", epilog="Example: mock-sendpilot contracts list")
def list_contracts() -> None:
    """Name the contracts and the points on which they differ."""
    from mock_sendpilot.domain.contracts import CONTRACTS, POINTS  # noqa: PLC0415

    click.echo("contracts: " + ", ".join(CONTRACTS))
    for key, point in POINTS.items():
        click.echo(f"{key}: {point.about} [{point.source}]; choices: {', '.join(point.choices())}")


@contracts.command(epilog="Example: mock-sendpilot contracts show live")
@click.argument("name", default="documented")
@click.option("--json", "wants_json", is_flag=True, help="Print it as JSON.")
def show(name: str, wants_json: bool) -> None:
    """Show what the contract NAME says on each point."""
    from mock_sendpilot.domain.contracts import POINTS, named_contract  # noqa: PLC0415
    from mock_sendpilot.domain.errors import InvalidInput  # noqa: PLC0415

    try:
        contract = named_contract(name)
    except InvalidInput as error:
        click.echo(f"mock-sendpilot: {error}", err=True)
        sys.exit(1)
    values: dict[str, Any] = {key: getattr(contract, key) for key in POINTS}
    if wants_json:
        click.echo(orjson.dumps(values).decode())
        return
    for key, value in values.items():
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        click.echo(f"{click.style(key, bold=True)}: {shown}")
