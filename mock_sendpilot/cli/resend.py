"""`mock-sendpilot resend`: send deliveries and events again."""

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import ID, client_options, json_option

_EVENT_PREFIX = "evt_"


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
    """Make one more attempt of the delivery or event ID, or of all that failed --since a time.

    The event keeps its id and is signed again. The retry schedule stays as it is. The command does
    not wait for the attempt.
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
