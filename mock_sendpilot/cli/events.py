"""`mock-sendpilot events`, `trigger`: the recorded events, and events by hand."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client, RequestFailed, quote_segment
from mock_sendpilot.cli.formatting import TableCommand, delivery_status, print_json, print_list
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    ID,
    NonEmpty,
    client_options,
    event_option,
    id_argument,
    json_option,
    limit_option,
    parse_pairs,
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


# --- trigger --------------------------------------------------------------------------------------


def _subject_rows() -> Mapping[str, str]:
    """Return the option for the subject of each event, by its name in the default contract."""
    from mock_sendpilot.contracts.contract import named_contract

    rows = {}
    for event_type in named_contract("documented").event_types:
        if event_type.startswith("campaign."):
            rows[event_type] = "--campaign"
        else:  # only searches and extractions complete
            rows[event_type] = "--job" if event_type.endswith(".completed") else "--lead"
    return rows


@click.command(
    cls=TableCommand,
    table=_subject_rows,
    help="""Send any of the 12 events about a lead, campaign or job.

{table}

These are the event types of the default contract, with the option for their subject. Without it a
suitable one is chosen and printed. Event types of other contracts, such as lead.updated, work, too.
Nothing else changes, unless you add --with-effects.
""",
    epilog="\b\nExamples:\n"
    '  mock-sendpilot trigger message.received --text "Call me Tuesday"\n'
    "  mock-sendpilot trigger lead.status.changed --lead lead_abc123 --set newStatus=DONE\n"
    "  mock-sendpilot trigger campaign.paused --campaign camp_xyz789 --with-effects",
)
@click.argument("event", metavar="EVENT", type=NonEmpty())
@click.option("--lead", type=ID, help="Lead of the event. Example: --lead lead_abc123")
@click.option("--campaign", type=ID, help="Campaign of the event. Example: --campaign camp_xyz789")
@click.option("--job", type=ID, help="Search or extraction of the event. Example: --job search_1")
@click.option(
    "--sender", type=ID, help="A sender other than the lead's own. Example: --sender sender_tom"
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_pairs,
    help="Value of a key of its data; may be repeated. Example: --set newStatus=DONE",
)
@click.option(
    "--text",
    help="Text of the message, reply or note, whatever the contract calls its key. "
    'Example: --text "Call me"',
)
@click.option(
    "--with-effects",
    is_flag=True,
    help="Cause the event instead, with all its effects. Example: --with-effects",
)
@json_option
@client_options
def trigger(
    *,
    event: str,
    lead: str | None,
    campaign: str | None,
    job: str | None,
    sender: str | None,
    overrides: dict[str, Any],
    text: str | None,
    with_effects: bool,
    as_json: bool,
    client: Client,
) -> None:
    """Send an event."""
    subjects = {"leadId": lead, "campaignId": campaign, "jobId": job, "senderId": sender}
    optional = {**subjects, "text": text}
    body: dict[str, Any] = {key: value for key, value in optional.items() if value is not None}
    body |= {"eventType": event, "overrides": overrides, "withEffects": with_effects}
    try:
        reply = client.request("POST", "/events", body)
    except RequestFailed as error:
        raise RequestFailed(_with_option_names(error.message)) from error
    if as_json:
        print_json(reply)
        return
    click.echo(f"{reply['id']}: {reply['eventType']}")
    for field, chosen_id in reply.get("chosen", {}).items():
        click.echo(f"  about {chosen_id}; choose another with {_option_name(field)}")
    for delivery in reply["deliveries"]:
        click.echo(f"  to {delivery['endpointId']}: {delivery['state']}")
    if not reply["deliveries"]:
        for line in _missing_endpoint_lines(client, reply["eventType"]):
            click.echo(f"  {line}")


def _missing_endpoint_lines(client: Client, event_type: str) -> Iterator[str]:
    """Yield why an event has no delivery, and how to get one."""
    endpoints = client.request("GET", "/endpoints")["endpoints"]
    disabled = [
        endpoint["id"]
        for endpoint in endpoints
        if not endpoint["enabled"]
        and (endpoint["events"] is None or event_type in endpoint["events"])
    ]
    for endpoint_id in disabled:
        command = f"mock-sendpilot endpoints enable {endpoint_id}"
        yield f"{endpoint_id} is disabled; enable it with: {command}"
    if not disabled:
        yield "no endpoint wants it; add one with: mock-sendpilot endpoints add URL"


def _with_option_names(problem: str) -> str:
    """Return a message of the control API with the options in place of the fields."""
    for field in ("leadId", "campaignId", "jobId"):
        problem = problem.replace(f"{field} is required", f"{_option_name(field)} is required")
    problem = problem.replace("text cannot be set", "--text cannot be set")
    return problem.replace("text and ", "--text and ").replace("overrides.", "--set ")


def _option_name(field: str) -> str:
    """Return the option for a field of the control API, such as --lead for leadId."""
    return f"--{field.removesuffix('Id')}"
