"""Output of the commands: JSON for programs, and lines of text for people."""

import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urlencode

import click
import orjson

from mock_sendpilot.cli.client import Client, quote_segment

_MIN_WATCHED = 20_000  # fewer are checked in half a second
_HELP_WIDTH = 76  # click indents it by two


def print_json(value: object) -> None:
    """Print a line of JSON."""
    click.echo(orjson.dumps(value))  # bytes: UTF-8, whatever the encoding of the terminal


def show_progress(leads: Iterable[Any], count: int) -> Iterable[Any]:
    """Yield leads; if there are many, a terminal shows how far they have been checked."""
    if count < _MIN_WATCHED or sys.stderr is None or not sys.stderr.isatty():
        yield from leads
        return
    with click.progressbar(
        leads,
        length=count,
        label=f"Checking {count:,} leads",
        file=sys.stderr,
        update_min_steps=count // 100,
    ) as bar:
        yield from bar


def print_list(
    client: Client,
    name: str,
    filters: Mapping[str, str | None],
    *,
    limit: int,
    as_json: bool,
    line: Callable[[dict[str, Any]], str],
) -> None:
    """Print the resources that match the filters, one a line, or that there are none.

    Args:
        client: of the server that has them.
        name: of the resources, such as `events`; also their path and their key in the response.
        filters: query parameters; None leaves one out.
        limit: the maximum number of resources.
        as_json: print the response itself.
        line: returns the line of a resource.
    """
    query = {key: value for key, value in filters.items() if value is not None}
    # Arguments that are no UTF-8 reach Python as lone surrogates, which cannot be encoded.
    path = f"/{name}?{urlencode({**query, 'limit': limit}, errors='replace')}"
    reply = client.request("GET", path)
    if as_json:
        print_json(reply)
        return
    for row in reply[name]:
        click.echo(line(row))
    if not reply[name]:
        click.echo(f"no {name} match" if query else f"no {name}", err=True)


def remove_armed(
    client: Client, name: str, resource_id: str | None, *, removes_all: bool, as_json: bool
) -> None:
    """Remove one of the armed resources or all of them, and print which.

    Args:
        client: of the server that has them.
        name: of the resources, such as `faults`; also their path and their key in the response.
        resource_id: the one to remove; None for all.
        removes_all: the user wants all of them to be removed.
        as_json: print the ids as JSON.
    """
    if (resource_id is None) != removes_all:
        raise click.UsageError(f"expected the ID of a {name.removesuffix('s')}, or --all")
    if resource_id is None:
        # Asked for before: the response to the removal of all is a 204.
        removed = [one["id"] for one in client.request("GET", f"/{name}")[name]]
        client.delete(f"/{name}")
    else:
        removed = [resource_id]
        client.delete(f"/{name}/{quote_segment(resource_id)}")
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo("all removed" if resource_id is None else f"{resource_id}: removed")


def fail(*problems: str) -> NoReturn:
    """Exit with 1 and the reasons."""
    for problem in problems:
        click.echo(f"mock-sendpilot: {problem}", err=True)
    sys.exit(1)


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def uses_color() -> bool:
    """Return whether standard output is a terminal and NO_COLOR is not set."""
    return not os.environ.get("NO_COLOR") and is_terminal()


def count_of(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 lead` or `2 leads`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shorten(text: str, max_length: int) -> str:
    """Return a text, cut short with an ellipsis if it is too long."""
    return text if len(text) <= max_length else f"{text[:max_length]}…"


def help_table(rows: Mapping[str, str]) -> str:
    """Return a table of two columns for a help text, which click does not wrap."""
    width = max(map(len, rows)) + 4
    lines = ["\b"]
    for name, about in rows.items():
        lines += textwrap.wrap(
            about,
            _HELP_WIDTH,
            initial_indent=f"  {name}".ljust(width),
            subsequent_indent=" " * width,
        )
    return "\n".join(lines)


class TableCommand(click.Command):
    """A command whose help has a table, made only when the help is printed.

    So the other uses of the command do not import what the rows are made of.

    Args:
        table: returns the rows that take the place of `{table}` in the help.
        options: click's own.
    """

    def __init__(self, *, table: Callable[[], Mapping[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self._table = table

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help with its table."""
        # Here rather than in the constructor, which every use of the command calls.
        self.help = (self.help or "").replace("{table}", help_table(self._table()))
        super().format_help_text(ctx, formatter)


def delivery_status(delivery: dict[str, Any]) -> str:
    """Return the state of a delivery, its last outcome, and when the next attempt is due."""
    parts = [delivery["state"], f"attempts: {delivery['attemptCount']}"]
    if delivery["lastOutcome"] is not None:
        parts.append(f"last: {delivery['lastOutcome']}")
    if delivery["disruption"]:
        parts.append(f"disrupted: {delivery['disruption']['kind']}")
    if delivery["nextAttemptAt"]:
        parts.append(f"next at {delivery['nextAttemptAt']}")
    if delivery["reason"]:
        parts.append(delivery["reason"])
    return ", ".join(parts)


def attempt_name(attempt: dict[str, Any]) -> str:
    """Return `attempt 1`, or the trigger of an attempt outside the schedule."""
    names = {"duplicate": "duplicate", "resend": "resent"}
    return names.get(attempt["trigger"], f"attempt {attempt['number']}")


def attempt_outcome(attempt: dict[str, Any]) -> str:
    """Return the status of an attempt's response with its phrase, or the error."""
    if attempt["response"] is None:
        return str(attempt["error"])
    status = attempt["response"]["status"]
    phrases = [one.phrase for one in HTTPStatus if one == status]
    return " ".join([str(status), *phrases])


def due_text(reply: dict[str, Any]) -> str:
    """Return the running tasks and the next one of a reply with the state of a clock."""
    due_at = reply["nextDueAt"]
    due = f"next: {due_at}, {reply['nextDue']}" if due_at else "next: nothing"
    return "; ".join([*(f"still running: {about}" for about in reply["running"]), due])
