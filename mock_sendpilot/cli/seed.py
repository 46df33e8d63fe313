"""`mock-sendpilot seed`: check fixtures files, load them into a server, and export its contents."""

import sys
from typing import TYPE_CHECKING, Any

import click

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import count_of, fail, print_json, show_progress
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import ID, client_options, contract_by_name, json_option
from mock_sendpilot.cli.workspaces import workspace_text

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract


@click.group(cls=Group)
def seed() -> None:
    """Check, load and export seeds."""


@seed.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot seed check world.json\n"
    "  mock-sendpilot seed check - < world.json"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--contract",
    default="documented",
    show_default=True,
    metavar="NAME",
    callback=contract_by_name,
    help="Contract of workspaces that name none. Example: --contract live",
)
@json_option
def check(file: str, contract: "Contract", as_json: bool) -> None:
    """Check FILE, and print every problem with its JSON path. A - is standard input."""
    from mock_sendpilot.cli.start import read_fixtures
    from mock_sendpilot.control.seed_loading import parse_seed
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.scheduling.clock import SystemClock

    problems: tuple[str, ...] = ()
    workspace_count = lead_count = 0
    try:
        seeds = parse_seed(
            read_fixtures(file),
            now=SystemClock().now(),
            default_contract=contract,
            watch=show_progress,
        )
        workspace_count, lead_count = len(seeds), sum(len(one.leads) for one in seeds)
    except InvalidInput as error:
        problems = error.problems
    except OSError as error:
        problems = (f"{file}: cannot be read: {error.strerror}",)
    if as_json:
        counts = {"workspaces": workspace_count, "leads": lead_count}
        print_json({"valid": not problems, **counts, "problems": problems})
    elif not problems:
        click.echo(
            f"valid: {count_of(workspace_count, 'workspace')}, {count_of(lead_count, 'lead')}"
        )
    else:
        for problem in problems:
            click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


@seed.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot seed load world.json\n"
    "  mock-sendpilot seed load more-leads.json --merge"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--merge",
    is_flag=True,
    help="Add the contents, or replace what has the same ids, instead of replacing everything. "
    "Example: --merge",
)
@click.option(
    "--workspace",
    "workspace_id",
    metavar="ID",
    type=ID,
    help="Workspace of FILE to load, if it has several. Example: --workspace ws_demo",
)
@json_option
@client_options
def load(file: str, merge: bool, workspace_id: str | None, as_json: bool, client: Client) -> None:
    """Load FILE into the workspace, which keeps its id and API keys.

    A - is standard input. All of it is checked first. Endpoints are kept unless the file has some.
    """
    contents = read_workspace(file, workspace_id)
    if merge:
        contents = {key: value for key, value in contents.items() if key not in _OF_WORKSPACE}
    body = {"mode": "merge" if merge else "replace", "seed": contents}
    reply = client.request("POST", "/seed", body)
    if as_json:
        print_json(reply)
    else:
        click.echo(workspace_text(reply))


@seed.command(epilog="Example: mock-sendpilot seed export > world.json")
@client_options
def export(client: Client) -> None:
    """Print the contents of the workspace as a seed. It has API keys and signing secrets."""
    import orjson

    click.echo(orjson.dumps(client.request("GET", "/seed"), option=orjson.OPT_INDENT_2))


_OF_WORKSPACE = ("id", "name", "apiKeys", "plan", "clock", "contract", "jobs")
"""The fields of a workspace that a merge leaves as they are."""


def read_workspace(file: str, workspace_id: str | None = None) -> dict[str, Any]:
    """Return a workspace of a fixtures file, or exit with the reason.

    Args:
        file: its path; `-` is standard input.
        workspace_id: which one; it may be left out if the file has only one.
    """
    from mock_sendpilot.cli.start import read_fixtures
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.json_text import as_utf8, parse_json

    try:
        value = parse_json(as_utf8(read_fixtures(file)))
    except InvalidInput as error:
        fail(f"{file}: $: {error}")
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    # Only as much as is needed to find a workspace: the server has the schema, and checks the rest.
    found = value.get("workspaces") if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        fail(f'{file}: expected a seed such as {{"workspaces": [{{"leads": []}}]}}')
    by_id: dict[Any, dict[str, Any]] = {one.get("id"): one for one in found}
    if workspace_id is None and len(found) == 1:
        return dict(found[0])
    if workspace_id not in by_id:
        fail(f"{file}: name a workspace with --workspace: {', '.join(map(str, by_id)) or 'none'}")
    return by_id[workspace_id]
