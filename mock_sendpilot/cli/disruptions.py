"""`mock-sendpilot disruptions`: what is armed, and what it has done."""

import click

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
)


@click.group()
def disruptions() -> None:
    """List and remove disruptions."""


@disruptions.command("list", epilog="Example: mock-sendpilot disruptions list")
@json_option
@control_options
def list_all(wants_json: bool, server: Server) -> None:
    """List all disruptions, oldest first, with what they have done."""
    answer = ask(server, "GET", "/disruptions")
    if wants_json:
        print_json(answer)
        return
    for one in answer["disruptions"]:
        times = "always" if one["times"] is None else f"{one['matchCount']} of {one['times']}"
        click.echo(f"{one['id']}: {one['kind']}, {one['state']}, {times}")
        for match in one["matches"]:
            click.echo(f"  {match['kind']}: {match['eventId']}, {match['deliveryId']}")


@disruptions.command(
    epilog="Examples: mock-sendpilot disruptions remove dis_3k9v2q7xd0ab | "
    "mock-sendpilot disruptions remove --all"
)
@click.argument("target", metavar="[ID]", required=False)
@click.option("--all", "wants_all", is_flag=True, help="All of them.")
@control_options
def remove(target: str | None, wants_all: bool, server: Server) -> None:
    """Disarm and forget the disruption ID, or all of them."""
    if (target is None) != wants_all:
        raise click.UsageError("give the ID of a disruption, or --all")
    ask(server, "DELETE", "/disruptions" if target is None else f"/disruptions/{segment(target)}")
    click.echo("all removed" if target is None else f"{target}: removed")
