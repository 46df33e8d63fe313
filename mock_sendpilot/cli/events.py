"""`mock-sendpilot events`: the recorded events and their deliveries."""

from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import delivery_status, print_json, print_list
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    ID,
    client_options,
    event_option,
    id_argument,
    json_option,
    limit_option,
)

_CHANGES = "changes"  # a route of its own, in the place of an id


@click.group(cls=Group)
def events() -> None:
    """List and show events."""


@events.command(
    "list",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot events list --lead lead_abc123\n"
    "  mock-sendpilot events list --event lead.status.changed --limit 5",
)
@event_option("Only events of this type.")
@click.option("--lead", type=ID, help="Only events of this lead. Example: --lead lead_abc123")
@limit_option
@json_option
@client_options
def list_events(
    event: str | None, lead: str | None, limit: int, as_json: bool, client: Client
) -> None:
    """List the latest events, newest first."""
    filters = {"eventType": event, "leadId": lead}
    print_list(client, "events", filters, limit=limit, as_json=as_json, line=_line)


@events.command(epilog="Example: mock-sendpilot events show evt_1780304400000_k3v9q2x7d")
@id_argument
@json_option
@client_options
def show(resource_id: str, as_json: bool, client: Client) -> None:
    """Show the body of event ID and the state of its deliveries."""
    if resource_id == _CHANGES:
        raise click.UsageError(f"{resource_id!r} is not the id of an event")
    event = client.request("GET", f"/events/{quote_segment(resource_id)}")
    if as_json:
        print_json(event)
        return
    click.echo(_line(event))
    click.echo(orjson.dumps(event["body"], option=orjson.OPT_INDENT_2).decode())
    for delivery in event["deliveries"]:
        click.echo(f"{delivery['id']} to {delivery['endpointId']}: {delivery_status(delivery)}")


def _line(event: dict[str, Any]) -> str:
    lead = f"  {event['leadId']}" if event["leadId"] else ""
    states = ", ".join(delivery["state"] for delivery in event["deliveries"]) or "no endpoint"
    return f"{event['occurredAt']}  {event['id']}  {event['eventType']}{lead}  {states}"
