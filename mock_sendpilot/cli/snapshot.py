"""`mock-sendpilot snapshot`: save a workspace as it is, and go on from there again."""

from typing import Any

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import count_of, print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import client_options, id_argument, json_option
from mock_sendpilot.cli.workspaces import workspace_text


@click.group(cls=Group)
def snapshot() -> None:
    """Save and restore snapshots of a workspace."""


@snapshot.command(epilog='Example: mock-sendpilot snapshot save --name "before the import"')
@click.option("--name", help='Name for people. Example: --name "before the import"')
@json_option
@client_options
def save(name: str | None, as_json: bool, client: Client) -> None:
    """Save the workspace as it is: contents, events, deliveries, clock and ids."""
    reply = client.request("POST", "/snapshots", {} if name is None else {"name": name})
    if as_json:
        print_json(reply)
    else:
        click.echo(_snapshot_text(reply))


@snapshot.command(epilog="Example: mock-sendpilot snapshot restore snap_1")
@id_argument
@json_option
@client_options
def restore(resource_id: str, as_json: bool, client: Client) -> None:
    """Go on from the snapshot ID, as the workspace would have gone on then."""
    reply = client.request("POST", f"/snapshots/{quote_segment(resource_id)}/restore")
    if as_json:
        print_json(reply)
    else:
        click.echo(workspace_text(reply))


@snapshot.command("list", epilog="Example: mock-sendpilot snapshot list")
@json_option
@client_options
def list_snapshots(as_json: bool, client: Client) -> None:
    """List the snapshots of the workspace, oldest first."""
    reply = client.request("GET", "/snapshots")
    if as_json:
        print_json(reply)
        return
    for one in reply["snapshots"]:
        click.echo(_snapshot_text(one))
    if not reply["snapshots"]:
        click.echo("no snapshots", err=True)


@snapshot.command(epilog="Example: mock-sendpilot snapshot remove snap_1")
@id_argument
@json_option
@client_options
def remove(resource_id: str, as_json: bool, client: Client) -> None:
    """Remove the snapshot ID."""
    client.delete(f"/snapshots/{quote_segment(resource_id)}")
    if as_json:
        print_json({"removed": [resource_id]})
    else:
        click.echo(f"{resource_id}: removed")


def _snapshot_text(snapshot_: dict[str, Any]) -> str:
    parts = [
        *([snapshot_["name"]] if snapshot_["name"] else []),
        snapshot_["takenAt"],
        count_of(snapshot_["leads"], "lead"),
        count_of(snapshot_["events"], "event"),
    ]
    return f"{snapshot_['id']}: {'; '.join(parts)}"
