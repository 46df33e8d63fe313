"""`mock-sendpilot deliveries`, `resend`: deliveries of events to endpoints, and their attempts."""

from typing import Any

import click

from mock_sendpilot.cli.client import Client, parse_object, quote_segment
from mock_sendpilot.cli.formatting import (
    attempt_name,
    attempt_outcome,
    delivery_status,
    print_json,
    print_list,
    shorten,
)
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    ID,
    OneOf,
    client_options,
    endpoint_option,
    event_option,
    id_argument,
    json_option,
    limit_option,
)
from mock_sendpilot.webhooks.deliveries import STATES

_EVENT_PREFIX = "evt_"
_MAX_BODY_LENGTH = 300
_OK = range(200, 300)


@click.group(cls=Group)
def deliveries() -> None:
    """List and show deliveries."""


@deliveries.command(
    "list",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot deliveries list --state exhausted\n"
    "  mock-sendpilot deliveries list --lead lead_abc123 --event lead.status.changed",
)
@click.option(
    "--state",
    metavar="STATE",
    type=OneOf(lambda: STATES),
    help=f"Only deliveries in this state: {', '.join(STATES)}. Example: --state exhausted",
)
@endpoint_option
@event_option("Only deliveries of events of this type.")
@click.option("--lead", type=ID, help="Only events of this lead. Example: --lead lead_abc123")
@limit_option
@json_option
@client_options
def list_deliveries(
    *,
    state: str | None,
    endpoint: str | None,
    event: str | None,
    lead: str | None,
    limit: int,
    as_json: bool,
    client: Client,
) -> None:
    """List the latest deliveries, newest first."""
    filters = {"state": state, "endpointId": endpoint, "eventType": event, "leadId": lead}
    print_list(client, "deliveries", filters, limit=limit, as_json=as_json, line=_line)


@deliveries.command(epilog="Example: mock-sendpilot deliveries show dlv_3k9v2q7xd0ab")
@id_argument
@json_option
@client_options
def show(resource_id: str, as_json: bool, client: Client) -> None:
    """Show each attempt of delivery ID, and when the next one is due."""
    if resource_id.startswith(_EVENT_PREFIX):
        problem = f"{resource_id!r} is the id of an event; see: events show {resource_id}"
        raise click.UsageError(problem)
    delivery = client.request("GET", f"/deliveries/{quote_segment(resource_id)}")
    if as_json:
        print_json(delivery)
        return
    click.echo(_line(delivery))
    for attempt in delivery["attempts"]:
        _print_attempt(delivery["eventType"], attempt)


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot resend evt_1780304400000_k3v9q2x7d\n"
    "  mock-sendpilot resend dlv_3k9v2q7xd0ab\n"
    "  mock-sendpilot resend --since 2026-06-01T09:00:00Z"
)
@click.argument("resource_id", metavar="[ID]", required=False, type=ID)
@click.option(
    "--since",
    help="All deliveries made since then that have failed. Example: --since 2026-06-01T09:00:00Z",
)
@json_option
@client_options
def resend(resource_id: str | None, since: str | None, as_json: bool, client: Client) -> None:
    """Make one more attempt of the delivery or event ID.

    With --since it is made of all deliveries since then that have failed. The event keeps its id
    and is signed again. The retry schedule stays as it is. The command does not wait for the
    attempt.
    """
    if (resource_id is None) == (since is None):
        raise click.UsageError("expected the ID of a delivery or event, or --since a time")
    command = "deliveries list"
    if resource_id is None:
        reply = client.request("POST", "/deliveries/resend", {"since": since})
    else:
        kind = "events" if resource_id.startswith(_EVENT_PREFIX) else "deliveries"
        reply = client.request("POST", f"/{kind}/{quote_segment(resource_id)}/resend")
        command = f"{kind} show {resource_id}"
    if as_json:
        print_json(reply)
        return
    for delivery in reply["deliveries"]:
        click.echo(f"{delivery['id']}: {delivery['eventType']} to {delivery['endpointId']}")
    click.echo(f"resent: {len(reply['deliveries'])}")
    if reply["deliveries"]:
        click.echo(f"  see the outcome with: mock-sendpilot {command}")


def _line(delivery: dict[str, Any]) -> str:
    lead = f"  {delivery['leadId']}" if delivery["leadId"] else ""
    event = f"{delivery['eventType']}  {delivery['eventId']}{lead}"
    status = f"to {delivery['endpointId']}: {delivery_status(delivery)}"
    return f"{delivery['createdAt']}  {delivery['id']}  {event}  {status}"


def _print_attempt(event_type: str, attempt: dict[str, Any]) -> None:
    request, response = attempt["request"], attempt["response"]
    notes = [f"{attempt['durationMs']:g} ms"]
    # A disruption may have renamed the event in the body.
    sent_type = (parse_object(request["body"].encode()) or {}).get("eventType")
    if isinstance(sent_type, str) and sent_type != event_type:
        notes.append(f"sent as {sent_type}")
    if attempt["disruption"]:
        notes.append(f"disrupted: {attempt['disruption']}")
    outcome = f"{attempt_name(attempt)}: {attempt_outcome(attempt)}"
    click.echo(f"  {attempt['at']}  {outcome}  POST {request['url']}  {', '.join(notes)}")
    if response is not None and response["status"] not in _OK and response["body"].strip():
        body = " ".join(response["body"].split())
        click.echo(f"    response: {shorten(body, _MAX_BODY_LENGTH)}")
