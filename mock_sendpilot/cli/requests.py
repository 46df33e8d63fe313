"""`mock-sendpilot requests`: the requests of API clients, and the responses to them."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import click
import orjson

from mock_sendpilot.cli.client import Client, parse_object, quote_segment
from mock_sendpilot.cli.formatting import print_json, print_list, shorten
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    client_options,
    id_argument,
    json_option,
    limit_option,
    request_options,
)

_CHANGES = "changes"  # a route of its own, in the place of an id
_WAIT_SECONDS = 25  # the server allows 30
_MAX_BODY_LENGTH = 200


@click.group(cls=Group)
def requests() -> None:
    """List, show and follow the requests of API clients."""


@requests.command(
    "list",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot requests list --status 404\n"
    "  mock-sendpilot requests list --method PATCH --path '/v1/leads/{id}/status'\n"
    "  mock-sendpilot requests list --operation leads.list --limit 5",
)
@request_options
@click.option(
    "--status",
    type=click.IntRange(100, 599),
    help="Only requests with this status. Example: --status 404",
)
@click.option(
    "--without-key",
    is_flag=True,
    help="List the requests without a known API key, of all workspaces. Example: --without-key",
)
@limit_option
@json_option
@client_options
def list_requests(
    *,
    status: int | None,
    without_key: bool,
    limit: int,
    as_json: bool,
    client: Client,
    **target: str | None,
) -> None:
    """List the latest requests, newest first."""
    filters = {
        **target,
        "status": None if status is None else str(status),
        "withoutKey": "true" if without_key else None,
    }
    print_list(client, "requests", filters, limit=limit, as_json=as_json, line=_line)


@requests.command(epilog="Example: mock-sendpilot requests show req_12")
@id_argument
@json_option
@client_options
def show(resource_id: str, as_json: bool, client: Client) -> None:
    """Show request ID and its response, with headers and bodies."""
    if resource_id == _CHANGES:
        raise click.UsageError(f"{resource_id!r} is not the id of a request")
    entry = client.request("GET", f"/requests/{quote_segment(resource_id)}")
    if as_json:
        print_json(entry)
        return
    click.echo(_line(entry))
    for part in ("request", "response"):
        click.echo(f"{part}:")
        for name, value in entry[part]["headers"].items():
            click.echo(f"  {name}: {value}")
        body: str = entry[part]["body"]
        value = parse_object(body.encode())
        if value is not None:
            body = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        if body:
            suffix = " (the first 64 kB)" if entry[part]["truncated"] else ""
            click.echo("\n".join(f"  {line}" for line in body.splitlines()) + suffix)
    if entry["events"]:
        click.echo(f"events: {', '.join(entry['events'])}")


@requests.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot requests tail\n"
    "  mock-sendpilot requests tail --count 1 --json"
)
@click.option(
    "--count", type=click.IntRange(1), help="Exit after this number of requests. Example: --count 3"
)
@json_option
@client_options
def tail(count: int | None, as_json: bool, client: Client) -> None:
    """Print requests as they come, until Ctrl+C.

    With --json each is a line of JSON.
    """
    position: dict[str, Any] = {}
    printed = 0
    with suppress(KeyboardInterrupt):
        while count is None or printed < count:
            # The first request asks for the position alone: what came before is not printed.
            query = urlencode({**position, "waitSeconds": _WAIT_SECONDS if position else 0})
            reply = client.request("GET", f"/requests/changes?{query}")
            position = {"since": reply["latest"], "journal": reply["journal"]}
            for entry in reply["requests"][: None if count is None else count - printed]:
                printed += 1
                if as_json:
                    print_json(entry)
                else:
                    body = shorten(entry["request"]["body"], _MAX_BODY_LENGTH)
                    click.echo(f"{_line(entry)}  {body}".rstrip())


def _line(entry: dict[str, Any]) -> str:
    query = f"?{urlencode(entry['query'], doseq=True)}" if entry["query"] else ""
    target = f"{entry['method']} {entry['path']}{query}"
    operation = entry["operation"] or "no operation"
    status = "no response" if entry["status"] is None else entry["status"]
    response = f"{status}, {entry['durationMs']:g} ms"
    fault = f"  fault {entry['fault']}" if entry["fault"] else ""
    return f"{entry['at']}  {entry['id']}  {target}  {response}  {operation}{fault}"
