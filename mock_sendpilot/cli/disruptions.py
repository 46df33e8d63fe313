"""`mock-sendpilot disruptions`: what is armed, and what it has done."""

from collections.abc import Iterator
from typing import Any

import click
import orjson

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
    tell,
)
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.values import ID


@click.group(cls=Group)
def disruptions() -> None:
    """List and remove disruptions."""


@disruptions.command("list", epilog="Example: mock-sendpilot disruptions list")
@json_option
@control_options
def list_all(wants_json: bool, server: Server) -> None:
    """List all disruptions, oldest first: what they are for, and what they have done."""
    answer = ask(server, "GET", "/disruptions")
    if wants_json:
        print_json(answer)
        return
    for one in answer["disruptions"]:
        times = "always" if one["times"] is None else f"{one['matchCount']} of {one['times']}"
        click.echo(
            "; ".join([f"{one['id']}: {one['kind']}, {one['state']}, {times}", *_terms(one)])
        )
        for match in one["matches"]:
            click.echo(f"  {match['kind']}: {match['eventId']}, {match['deliveryId']}")
    if not answer["disruptions"]:
        click.echo("no disruptions", err=True)


@disruptions.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disruptions remove dis_3k9v2q7xd0ab\n"
    "  mock-sendpilot disruptions remove --all"
)
@click.argument("target", metavar="[ID]", required=False, type=ID)
@click.option("--all", "wants_all", is_flag=True, help="All of them. Example: --all")
@json_option
@control_options
def remove(target: str | None, wants_all: bool, wants_json: bool, server: Server) -> None:
    """Disarm and forget the disruption ID, or all of them."""
    if (target is None) != wants_all:
        raise click.UsageError("give the ID of a disruption, or --all")
    if target is None:
        removed = [one["id"] for one in ask(server, "GET", "/disruptions")["disruptions"]]
        tell(server, "DELETE", "/disruptions")
    else:
        removed = [target]
        tell(server, "DELETE", f"/disruptions/{segment(target)}")
    if wants_json:
        print_json({"removed": removed})
    else:
        click.echo("all removed" if target is None else f"{target}: removed")


def _terms(disruption: dict[str, Any]) -> Iterator[str]:
    """What it is for, and how it is done."""
    if disruption["endpointId"]:
        yield f"to {disruption['endpointId']}"
    if disruption["eventType"]:
        yield f"of {disruption['eventType']}"
    if disruption["match"]:
        match = disruption["match"].items()
        yield f"where {', '.join(f'{key}={orjson.dumps(one).decode()}' for key, one in match)}"
    if disruption["options"]:
        yield ", ".join(f"{key}={one:.15g}" for key, one in disruption["options"].items())
    if disruption["randomSeed"] is not None:
        yield f"random seed {disruption['randomSeed']}"
    if disruption["kinds"]:
        yield f"kinds: {', '.join(disruption['kinds'])}"
