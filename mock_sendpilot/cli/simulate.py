"""`mock-sendpilot simulate`: one step of a lead, a campaign or a job, by hand."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import click

from mock_sendpilot.cli.client import Client, Reply, RequestRefused, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import (
    ID,
    OneOf,
    client_options,
    json_option,
    parse_pairs,
)
from mock_sendpilot.contracts import vocabulary as words

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "leads": words.LEAD_ACTIONS,
    "campaigns": words.CAMPAIGN_ACTIONS,
    "jobs": words.JOB_ACTIONS,
}
"""The actions of each kind of resource, by its path."""


@click.command(
    help=f"""Simulate one step of the lead, campaign or job ID.

Leads: {", ".join(words.LEAD_ACTIONS)}.
Campaigns: {", ".join(words.CAMPAIGN_ACTIONS)}.
Searches and extractions: {", ".join(words.JOB_ACTIONS)}.
A step, ACTION, that cannot happen is refused with the reason.
""",
    epilog="\b\nExamples:\n"
    '  mock-sendpilot simulate reply lead_abc123 --text "Call me Tuesday"\n'
    "  mock-sendpilot simulate pause camp_xyz789\n"
    "  mock-sendpilot simulate --list lead_abc123",
)
@click.argument(
    "action",
    metavar="[ACTION]",
    required=False,
    type=OneOf(lambda: [one for each in _ACTIONS.values() for one in each]),
)
@click.argument("resource_id", metavar="[ID]", required=False, type=ID)
@click.option(
    "--list",
    "listed_id",
    metavar="ID",
    type=ID,
    help="List the actions of a lead, campaign or job that can happen now, and why the others "
    "cannot. Example: --list lead_abc123",
)
@click.option("--text", help='Text of the note, message, reply or error. Example: --text "Call me"')
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_pairs,
    help='The same text by its key in the event. Example: --set reply="Call me"',
)
@click.option(
    "--sender", type=ID, help="A sender other than the lead's own. Example: --sender sender_tom"
)
@json_option
@client_options
def simulate(
    *,
    action: str | None,
    resource_id: str | None,
    listed_id: str | None,
    text: str | None,
    overrides: dict[str, Any],
    sender: str | None,
    as_json: bool,
    client: Client,
) -> None:
    """Simulate one step, or list what can be simulated."""
    if listed_id is not None:
        if action is not None:
            raise click.UsageError("--list and ACTION exclude each other")
        _print_actions(_find_actions(client, listed_id), as_json=as_json)
        return
    if action is None or resource_id is None:
        missing = "ACTION" if action is None else "ID"
        raise click.UsageError(f"Missing argument '{missing}', or --list ID.")
    resource = next(name for name, actions in _ACTIONS.items() if action in actions)
    fields = {"action": action, "text": text, "senderId": sender, "overrides": overrides or None}
    body = {key: value for key, value in fields.items() if value is not None}
    path = f"/{resource}/{quote_segment(resource_id)}/simulate"
    reply = client.request("POST", path, body)
    if as_json:
        print_json(reply)
    else:
        click.echo(f"{action}: {reply['id']} is {reply.get('status', reply.get('state'))}")


def _find_actions(client: Client, resource_id: str) -> Reply:
    """Return the actions of a lead, a campaign or a job, whichever has that id."""
    # An id does not tell what it belongs to: those of a seed are as its author wrote them.
    for resource in _ACTIONS:
        path = f"/{resource}/{quote_segment(resource_id)}/actions"
        reply = client.request("GET", path, accepted_statuses=(HTTPStatus.NOT_FOUND,))
        if "actions" in reply:
            return reply
    raise RequestRefused(f"this workspace has no lead, campaign or job {resource_id!r}")


def _print_actions(reply: Reply, *, as_json: bool) -> None:
    if as_json:
        print_json(reply)
        return
    click.echo(f"{reply['id']} is {reply['status']}")
    for one in reply["actions"]:
        click.echo(f"  {one['action']}" + ("" if one["possible"] else f": no, {one['reason']}"))
