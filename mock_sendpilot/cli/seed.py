"""`mock-sendpilot seed`: check fixtures files."""

import sys
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli.formatting import count_of, print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import contract_by_name, json_option

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract


@click.group(cls=Group)
def seed() -> None:
    """Check fixtures files."""


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
    """Check FILE (- for standard input), and print every problem with its JSON path."""
    from mock_sendpilot.cli.start import read_fixtures
    from mock_sendpilot.control.seed_loading import parse_seed
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.scheduling.clock import SystemClock

    problems: tuple[str, ...] = ()
    workspace_count = lead_count = 0
    try:
        seeds = parse_seed(read_fixtures(file), now=SystemClock().now(), default_contract=contract)
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
