"""`mock-sendpilot events`: what has happened, and how it was told."""

from typing import Any

import click
import orjson

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
    tell_all,
)
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.outcomes import standing
from mock_sendpilot.cli.values import ID, event_option, identity, limit_option

_CHANGES = "changes"
"""Has a route of its own where the id of an event would be."""


@click.group(cls=Group)
def events() -> None:
    """List and show events."""


@events.command(
    "list",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot events list --lead lead_abc123\n"
    "  mock-sendpilot events list --event lead.status.changed --limit 5",
)
@event_option("Only of this type.")
@click.option("--lead", type=ID, help="Only about this lead. Example: --lead lead_abc123")
@limit_option
@json_option
@control_options
def list_all(
    event: str | None, lead: str | None, limit: int, wants_json: bool, server: Server
) -> None:
    """List the latest events, newest first."""
    filters = {"eventType": event, "leadId": lead}
    tell_all(server, "events", filters, limit=limit, wants_json=wants_json, line=_line)


@events.command(epilog="Example: mock-sendpilot events show evt_1780304400000_k3v9q2x7d")
@identity
@json_option
@control_options
def show(target: str, wants_json: bool, server: Server) -> None:
    """Show the body of event ID, its deliveries, and what has come of them."""
    if target == _CHANGES:
        raise click.UsageError(f"{target!r} is not the id of an event")
    answer = ask(server, "GET", f"/events/{segment(target)}")
    if wants_json:
        print_json(answer)
        return
    click.echo(_line(answer))
    click.echo(orjson.dumps(answer["body"], option=orjson.OPT_INDENT_2).decode())
    for delivery in answer["deliveries"]:
        click.echo(f"{delivery['id']} to {delivery['endpointId']}: {standing(delivery)}")


def _line(row: dict[str, Any]) -> str:
    about = f"  {row['leadId']}" if row["leadId"] else ""
    states = ", ".join(delivery["state"] for delivery in row["deliveries"]) or "no endpoint"
    return f"{row['occurredAt']}  {row['id']}  {row['eventType']}{about}  {states}"
