"""`mock-sendpilot events`: what has happened, and how it was told."""

from typing import Any
from urllib.parse import urlencode

import click
import orjson

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
)


@click.group()
def events() -> None:
    """List and show events."""


@events.command("list", epilog="Example: mock-sendpilot events list --lead lead_abc123")
@click.option("--event", help="Only of this type. Example: --event lead.status.changed")
@click.option("--lead", help="Only about this lead. Example: --lead lead_abc123")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
@control_options
def list_all(
    event: str | None, lead: str | None, limit: int, wants_json: bool, server: Server
) -> None:
    """List the latest events, newest first."""
    query = {"eventType": event, "leadId": lead, "limit": limit}
    given = {key: value for key, value in query.items() if value is not None}
    answer = ask(server, "GET", f"/events?{urlencode(given, errors='replace')}")
    if wants_json:
        print_json(answer)
        return
    for row in answer["events"]:
        click.echo(_line(row))


@events.command(epilog="Example: mock-sendpilot events show evt_1780304400000_k3v9q2x7d")
@click.argument("event", metavar="ID")
@json_option
@control_options
def show(event: str, wants_json: bool, server: Server) -> None:
    """Show the body of event ID and its deliveries."""
    answer = ask(server, "GET", f"/events/{segment(event)}")
    if wants_json:
        print_json(answer)
        return
    click.echo(_line(answer))
    click.echo(orjson.dumps(answer["body"], option=orjson.OPT_INDENT_2).decode())
    for delivery in answer["deliveries"]:
        state = f"{delivery['state']}, attempts: {delivery['attemptCount']}"
        click.echo(f"{delivery['id']} to {delivery['endpointId']}: {state}")


def _line(row: dict[str, Any]) -> str:
    about = f"  {row['leadId']}" if row["leadId"] else ""
    states = ", ".join(delivery["state"] for delivery in row["deliveries"]) or "no endpoint"
    return f"{row['occurredAt']}  {row['id']}  {row['eventType']}{about}  {states}"
