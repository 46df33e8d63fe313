"""`mock-sendpilot disruptions`: the armed disruptions, and the deliveries they matched."""

from collections.abc import Iterator
from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import ID, client_options, json_option


@click.group(cls=Group)
def disruptions() -> None:
    """List and remove disruptions."""


@disruptions.command("list", epilog="Example: mock-sendpilot disruptions list")
@json_option
@client_options
def list_disruptions(as_json: bool, client: Client) -> None:
    """List all disruptions with the deliveries they matched, oldest first."""
    reply = client.request("GET", "/disruptions")
    if as_json:
        print_json(reply)
        return
    for disruption in reply["disruptions"]:
        click.echo("; ".join(_parts(disruption)))
        for match in disruption["matches"]:
            click.echo(f"  {match['kind']}: {match['eventId']}, {match['deliveryId']}")
    if not reply["disruptions"]:
        click.echo("no disruptions", err=True)


@disruptions.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disruptions remove dis_3k9v2q7xd0ab\n"
    "  mock-sendpilot disruptions remove --all"
)
@click.argument("resource_id", metavar="[ID]", required=False, type=ID)
@click.option("--all", "removes_all", is_flag=True, help="Remove all of them. Example: --all")
@json_option
@client_options
def remove(resource_id: str | None, removes_all: bool, as_json: bool, client: Client) -> None:
    """Disarm and forget the disruption ID, or all of them."""
    if (resource_id is None) != removes_all:
        raise click.UsageError("expected the ID of a disruption, or --all")
    if resource_id is None:
        armed = client.request("GET", "/disruptions")["disruptions"]
        removed = [disruption["id"] for disruption in armed]
        client.delete("/disruptions")
    else:
        removed = [resource_id]
        client.delete(f"/disruptions/{quote_segment(resource_id)}")
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo("all removed" if resource_id is None else f"{resource_id}: removed")


def _parts(disruption: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a disruption's line: its kind and state, its filters, its options."""
    times = disruption["times"]
    count = "always" if times is None else f"{disruption['matchCount']} of {times}"
    yield f"{disruption['id']}: {disruption['kind']}, {disruption['state']}, {count}"
    if disruption["endpointId"]:
        yield f"to {disruption['endpointId']}"
    if disruption["eventType"]:
        yield f"of {disruption['eventType']}"
    if disruption["match"]:
        pairs = [f"{key}={orjson.dumps(v).decode()}" for key, v in disruption["match"].items()]
        yield f"where {', '.join(pairs)}"
    if disruption["options"]:
        yield ", ".join(f"{key}={number:.15g}" for key, number in disruption["options"].items())
    if disruption["randomSeed"] is not None:
        yield f"random seed {disruption['randomSeed']}"
    if disruption["kinds"]:
        yield f"kinds: {', '.join(disruption['kinds'])}"
