"""`mock-sendpilot clock`: show and change the clock of a workspace."""

import sys
from http import HTTPStatus
from typing import Any

import click

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import count_of, due_text, print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import client_options, json_option, require_finite
from mock_sendpilot.scheduling.scheduler import ADVANCE_TIMEOUT_SECONDS, MAX_ADVANCE_SECONDS

timeout_option = click.option(
    "--timeout",
    default=ADVANCE_TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(0, MAX_ADVANCE_SECONDS),
    metavar="SECONDS",
    callback=require_finite,
    help="Maximum duration in real time; if tasks are left then, they are printed and the exit "
    "code is 1. Example: --timeout 300",
)


@click.group(cls=Group)
def clock() -> None:
    """Show and change the clock of a workspace."""


@clock.command(epilog="Example: mock-sendpilot clock show")
@json_option
@client_options
def show(as_json: bool, client: Client) -> None:
    """Show the time, whether the clock is frozen, and what is due next."""
    _print_clock(client.request("GET", "/clock"), as_json=as_json)


@clock.command(epilog="Example: mock-sendpilot clock freeze")
@json_option
@client_options
def freeze(as_json: bool, client: Client) -> None:
    """Freeze the clock: nothing happens until it is advanced."""
    _change_clock(client, {"freeze": True}, as_json=as_json)


@clock.command(epilog="Example: mock-sendpilot clock resume")
@json_option
@client_options
def resume(as_json: bool, client: Client) -> None:
    """Resume the clock from the time it shows."""
    _change_clock(client, {"resume": True}, as_json=as_json)


@clock.command(epilog="Example: mock-sendpilot clock advance 1h30m")
@click.argument("duration")
@timeout_option
@json_option
@client_options
def advance(duration: str, timeout: float, as_json: bool, client: Client) -> None:
    """Advance the clock by DURATION, and run everything due in it.

    Durations are such as 90s, 30m, 1h30m or 2d.
    """
    _change_clock(client, {"advance": duration, "timeoutSeconds": timeout}, as_json=as_json)


@clock.command("set", epilog="Example: mock-sendpilot clock set 2027-01-01T00:00:00Z")
@click.argument("time")
@timeout_option
@json_option
@client_options
def set_time(time: str, timeout: float, as_json: bool, client: Client) -> None:
    """Advance the clock to TIME, and run everything due until then.

    The clock goes back only as long as nothing has happened in the workspace.
    """
    _change_clock(client, {"set": time, "timeoutSeconds": timeout}, as_json=as_json)


def _change_clock(client: Client, change: dict[str, Any], *, as_json: bool) -> None:
    # An advance takes as long as the tasks that it runs, hence no timeout of its own.
    reply = client.request(
        "POST", "/clock", change, accepted_statuses=(HTTPStatus.CONFLICT,), timeout_seconds=None
    )
    _print_clock(reply, as_json=as_json)
    if reply["failure"] is not None:
        if not as_json:
            click.echo(reply["failure"], err=True)
        sys.exit(1)


def _print_clock(reply: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(reply)
        return
    state = "frozen" if reply["frozen"] else "running"
    when = " once the running advance has ended" if reply.get("deferred") else ""
    click.echo(f"{reply['now']}, {state}{when}")
    elapsed = reply.get("elapsed")
    if elapsed and elapsed["tasks"]:
        attempts = ", ".join(f"{count} {name}" for name, count in elapsed["attempts"].items())
        click.echo(f"done: {count_of(elapsed['tasks'], 'task')}; attempts: {attempts}")
        for name, count in elapsed["events"].items():
            click.echo(f"  {count} x {name}")
    click.echo(due_text(reply))
