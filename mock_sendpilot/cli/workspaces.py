"""`mock-sendpilot workspaces`, `reset`, `snapshot`: workspaces as a whole."""

from dataclasses import replace
from typing import Any

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import count_of, print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import client_options, id_argument, json_option, parse_pairs


@click.group(cls=Group)
def workspaces() -> None:
    """List, add and remove workspaces."""


@workspaces.command("list", epilog="Example: mock-sendpilot workspaces list")
@json_option
@client_options
def list_workspaces(as_json: bool, client: Client) -> None:
    """List all workspaces, oldest first."""
    reply = client.request("GET", "/workspaces")
    if as_json:
        print_json(reply)
        return
    for workspace in reply["workspaces"]:
        click.echo(workspace_text(workspace))
    if not reply["workspaces"]:
        click.echo("no workspaces", err=True)


@workspaces.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot workspaces add\n"
    "  mock-sendpilot workspaces add --seed world.json --contract live --frozen\n"
    "  mock-sendpilot workspaces add --new-key sp_test_of_pull_request_7"
)
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="PATH|-",
    help="Seed with one workspace; without one the workspace is empty. Example: --seed world.json",
)
@click.option("--contract", metavar="NAME", help="Its contract. Example: --contract live")
@click.option(
    "--starts-at",
    metavar="TIME",
    help="Start of its clock. Example: --starts-at 2030-01-31T09:00:00Z",
)
@click.option("--frozen", is_flag=True, help="Start with a frozen clock. Example: --frozen")
@click.option(
    "--random-seed",
    metavar="SEED",
    help="Seed of all chance; by default the id. Example: --random-seed 7",
)
@click.option(
    "--new-key",
    metavar="KEY",
    help="Its API key; by default one is made. It is also sent as X-API-Key, so that a load "
    "balancer finds the right emulator. Example: --new-key sp_test_of_pull_request_7",
)
@json_option
@client_options
def add(
    *,
    seed: str | None,
    contract: str | None,
    starts_at: str | None,
    frozen: bool,
    random_seed: str | None,
    new_key: str | None,
    as_json: bool,
    client: Client,
) -> None:
    """Add a workspace, and print its API key."""
    body: dict[str, Any] = {}
    if new_key is not None:
        body["apiKey"] = new_key
        client = replace(client, api_key=new_key)
    if seed is not None:
        from mock_sendpilot.cli.seed import read_workspace

        body["seed"] = read_workspace(seed)
    if contract is not None:
        body["contract"] = contract
    if frozen or starts_at is not None:
        body["clock"] = {"startsAt": starts_at, "frozen": frozen}
    if random_seed is not None:
        body["randomSeed"] = random_seed
    reply = client.request("POST", "/workspaces", body)
    if as_json:
        print_json(reply)
        return
    click.echo(workspace_text(reply))
    click.echo(f"API key: {reply['apiKey']}")


@workspaces.command("remove", epilog="Example: mock-sendpilot workspaces remove ws_demo")
@id_argument
@json_option
@client_options
def remove_workspace(resource_id: str, as_json: bool, client: Client) -> None:
    """Remove the workspace ID with all that it has. Its API keys open nothing any more."""
    client.delete(f"/workspaces/{quote_segment(resource_id)}")
    if as_json:
        print_json({"removed": [resource_id]})
    else:
        click.echo(f"{resource_id}: removed")


# --- reset ----------------------------------------------------------------------------------------


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot reset\n"
    "  mock-sendpilot reset --contract live --contract-option retry_after=off\n"
    "  mock-sendpilot reset --drop-endpoints --api-key YOUR_OTHER_API_KEY"
)
@click.option(
    "--drop-endpoints",
    is_flag=True,
    help="Remove endpoints that are not in the seed; by default all endpoints stay, with their "
    "secrets. Example: --drop-endpoints",
)
@click.option(
    "--contract",
    metavar="NAME",
    help="Contract from now on; by default it stays. Example: --contract live",
)
@click.option(
    "--contract-option",
    "contract_options",
    multiple=True,
    metavar="OPTION=VALUE",
    callback=parse_pairs,
    help="Set one option of --contract to another value; may be repeated. "
    "Example: --contract-option patch_reply=schema",
)
@json_option
@client_options
def reset(
    *,
    drop_endpoints: bool,
    contract: str | None,
    contract_options: dict[str, Any],
    as_json: bool,
    client: Client,
) -> None:
    """Reset the workspace to its seed.

    That goes for its contents, events, deliveries, clock and ids.
    """
    body: dict[str, Any] = {"keepEndpoints": not drop_endpoints}
    if contract is not None:
        body["contract"] = {"name": contract, "options": contract_options}
    elif contract_options:
        raise click.UsageError("--contract-option needs --contract")
    reply = client.request("POST", "/reset", body)
    if as_json:
        print_json(reply)
    else:
        click.echo(workspace_text(reply))


# --- snapshot -------------------------------------------------------------------------------------


@click.group(cls=Group)
def snapshot() -> None:
    """Save and restore snapshots of a workspace."""


@snapshot.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot snapshot save\n"
    '  mock-sendpilot snapshot save "before the import"'
)
@click.argument("name", required=False)
@click.option(
    "--name", "name_option", help="The same as NAME, a name for people. Example: --name before"
)
@json_option
@client_options
def save(name: str | None, name_option: str | None, as_json: bool, client: Client) -> None:
    """Save the workspace with its events, deliveries, clock and ids."""
    if name is not None and name_option is not None:
        raise click.UsageError("NAME and --name exclude each other")
    name = name_option if name is None else name
    reply = client.request("POST", "/snapshots", {} if name is None else {"name": name})
    if as_json:
        print_json(reply)
    else:
        click.echo(_snapshot_text(reply))


@snapshot.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot snapshot restore snap_1\n"
    '  mock-sendpilot snapshot restore "before the import"'
)
@id_argument
@json_option
@client_options
def restore(resource_id: str, as_json: bool, client: Client) -> None:
    """Go on from the snapshot ID, as the workspace would have then.

    ID may be its name, if no other snapshot has it.
    """
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


@snapshot.command("remove", epilog="Example: mock-sendpilot snapshot remove snap_1")
@id_argument
@json_option
@client_options
def remove_snapshot(resource_id: str, as_json: bool, client: Client) -> None:
    """Remove the snapshot ID.

    ID may be its name, if no other snapshot has it.
    """
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


# --- workspaces as text ---------------------------------------------------------------------------


def workspace_text(workspace: dict[str, Any]) -> str:
    """Return the line of a workspace."""
    clock = workspace["clock"]
    parts = [
        f"contract {workspace['contract']}",
        count_of(workspace["campaigns"], "campaign"),
        count_of(workspace["leads"], "lead"),
        count_of(workspace["endpoints"], "endpoint"),
        f"clock {clock['now']}, {'frozen' if clock['frozen'] else 'running'}",
    ]
    return f"{workspace['id']}: {'; '.join(parts)}"
