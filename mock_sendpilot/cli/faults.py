"""`mock-sendpilot faults`: the armed faults, and the requests they hit."""

from collections.abc import Iterator
from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import ID, client_options, json_option


@click.group(cls=Group)
def faults() -> None:
    """List and remove faults."""


@faults.command("list", epilog="Example: mock-sendpilot faults list")
@json_option
@client_options
def list_faults(as_json: bool, client: Client) -> None:
    """List all faults with the requests they hit, oldest first."""
    reply = client.request("GET", "/faults")
    if as_json:
        print_json(reply)
        return
    for fault in reply["faults"]:
        click.echo("; ".join(_parts(fault)))
        for match in fault["matches"]:
            effect = orjson.dumps(match["effect"]).decode()
            click.echo(f"  {match['at']}  {match['method']} {match['path']}: {effect}")
    if not reply["faults"]:
        click.echo("no faults", err=True)


@faults.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot faults remove fault_3k9v2q7xd0ab\n"
    "  mock-sendpilot faults remove --all"
)
@click.argument("resource_id", metavar="[ID]", required=False, type=ID)
@click.option("--all", "removes_all", is_flag=True, help="Remove all of them. Example: --all")
@json_option
@client_options
def remove(resource_id: str | None, removes_all: bool, as_json: bool, client: Client) -> None:
    """Disarm and forget the fault ID, or all of them."""
    if (resource_id is None) != removes_all:
        raise click.UsageError("expected the ID of a fault, or --all")
    if resource_id is None:
        removed = [fault["id"] for fault in client.request("GET", "/faults")["faults"]]
        client.delete("/faults")
    else:
        removed = [resource_id]
        client.delete(f"/faults/{quote_segment(resource_id)}")
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo("all removed" if resource_id is None else f"{resource_id}: removed")


def _parts(fault: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a fault's line: its effect and state, its pattern, its chance."""
    times = fault["times"]
    count = "always" if times is None else f"{fault['matchCount']} of {times}"
    effect = "chaos" if fault["chaos"] else orjson.dumps(fault["effect"]).decode()
    yield f"{fault['id']}: {effect}, {fault['state']}, {count}"
    if fault["pattern"]:
        yield f"for {orjson.dumps(fault['pattern']).decode()}"
    if fault["probability"] < 1:
        yield f"probability {fault['probability']:g}, random seed {fault['randomSeed']}"
    for name in ("from", "until"):
        if fault[name]:
            yield f"{name} {fault[name]}"
