"""`mock-sendpilot clock`: show and turn the clock of a workspace."""

import sys
from http import HTTPStatus
from typing import Any

import click

from mock_sendpilot.cli.control import Server, ask, control_options, json_option, print_json
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.options import finite
from mock_sendpilot.cli.words import counted
from mock_sendpilot.scheduling.scheduler import ADVANCE_TIMEOUT_SECONDS, MAX_ADVANCE_SECONDS


@click.group(cls=Group)
def clock() -> None:
    """Show and turn the clock of a workspace."""


timeout_option = click.option(
    "--timeout",
    default=ADVANCE_TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(0, MAX_ADVANCE_SECONDS),
    metavar="SECONDS",
    callback=finite,
    help="How long it may take, in real time; what is left is then printed, and the exit code "
    "is 1. Example: --timeout 300",
)


def _turn(server: Server, turn: dict[str, Any], *, wants_json: bool) -> None:
    """Turn it; that takes as long as everything takes that falls due meanwhile."""
    answer = ask(server, "POST", "/clock", turn, accepted=(HTTPStatus.CONFLICT,), seconds=None)
    _print(answer, wants_json=wants_json)
    if answer["failure"] is not None:
        if not wants_json:
            click.echo(answer["failure"], err=True)
        sys.exit(1)


def _print(answer: dict[str, Any], *, wants_json: bool) -> None:
    if wants_json:
        print_json(answer)
        return
    state = "frozen" if answer["frozen"] else "running"
    when = " once the advance at work has ended" if answer.get("deferred") else ""
    click.echo(f"{answer['now']}, {state}{when}")
    passed = answer.get("elapsed")
    if passed and passed["tasks"]:
        attempts = ", ".join(f"{count} {name}" for name, count in passed["attempts"].items())
        click.echo(f"done: {counted(passed['tasks'], 'task')}; attempts: {attempts}")
        for name, count in passed["events"].items():
            click.echo(f"  {count} x {name}")
    click.echo(next_line(answer))


def next_line(answer: dict[str, Any]) -> str:
    """Return what still runs, and what is due next, of an answer that shows the clock."""
    due_at = answer["nextDueAt"]
    due = f"next: {due_at}, {answer['nextDue']}" if due_at else "next: nothing"
    return "; ".join([*(f"still running: {about}" for about in answer["running"]), due])


@clock.command(epilog="Example: mock-sendpilot clock show")
@json_option
@control_options
def show(wants_json: bool, server: Server) -> None:
    """Show the time, whether it is frozen, and what is due next."""
    _print(ask(server, "GET", "/clock"), wants_json=wants_json)


@clock.command(epilog="Example: mock-sendpilot clock freeze")
@json_option
@control_options
def freeze(wants_json: bool, server: Server) -> None:
    """Stand still: nothing more is done, not even a first attempt, until it is advanced."""
    _turn(server, {"freeze": True}, wants_json=wants_json)


@clock.command(epilog="Example: mock-sendpilot clock resume")
@json_option
@control_options
def resume(wants_json: bool, server: Server) -> None:
    """Run on from what it shows."""
    _turn(server, {"resume": True}, wants_json=wants_json)


@clock.command(epilog="Example: mock-sendpilot clock advance 1h30m")
@click.argument("duration")
@timeout_option
@json_option
@control_options
def advance(duration: str, timeout: float, wants_json: bool, server: Server) -> None:
    """Let DURATION (90s, 30m, 1h30m, 2d) pass at once, with all that falls due in it."""
    _turn(server, {"advance": duration, "timeoutSeconds": timeout}, wants_json=wants_json)


@clock.command("set", epilog="Example: mock-sendpilot clock set 2027-01-01T00:00:00Z")
@click.argument("moment")
@timeout_option
@json_option
@control_options
def set_to(moment: str, timeout: float, wants_json: bool, server: Server) -> None:
    """Let the time up to MOMENT pass, with all that falls due until then.

    It goes back only as long as nothing has happened in the workspace.
    """
    _turn(server, {"set": moment, "timeoutSeconds": timeout}, wants_json=wants_json)
