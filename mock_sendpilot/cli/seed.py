"""`mock-sendpilot seed check`: whether a fixtures file can be loaded, and if not, why."""

import sys
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli import values
from mock_sendpilot.cli.control import json_option, print_json
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.words import counted

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract


@click.group(cls=Group)
def seed() -> None:
    """Work with fixtures files."""


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
    callback=values.contract,
    help="Of workspaces that name none: which events there are. Example: --contract live",
)
@json_option
def check(file: str, contract: "Contract", wants_json: bool) -> None:
    """Check FILE (- for standard input): every fault with its JSON path."""
    from mock_sendpilot.cli.start import read_fixtures
    from mock_sendpilot.control.seed_file import parse_seed
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.scheduling.clock import SystemClock

    problems: tuple[str, ...] = ()
    counts = (0, 0)
    try:
        found = parse_seed(read_fixtures(file), now=SystemClock().now(), default_contract=contract)
        counts = len(found), sum(len(workspace.leads) for workspace in found)
    except InvalidInput as error:
        problems = error.problems
    except OSError as error:
        problems = (f"{file}: cannot be read: {error.strerror}",)
    _report(problems, counts, wants_json=wants_json)
    sys.exit(1 if problems else 0)


def _report(problems: tuple[str, ...], counts: tuple[int, int], *, wants_json: bool) -> None:
    if wants_json:
        facts = {"valid": not problems, "workspaces": counts[0], "leads": counts[1]}
        print_json({**facts, "problems": problems})
    elif problems:
        for problem in problems:
            click.echo(problem, err=True)
    else:
        click.echo(f"valid: {counted(counts[0], 'workspace')}, {counted(counts[1], 'lead')}")
