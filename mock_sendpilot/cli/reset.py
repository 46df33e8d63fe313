"""`mock-sendpilot reset`: put a workspace back to its seed."""

import click

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import client_options, json_option
from mock_sendpilot.cli.workspaces import workspace_text


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot reset\n"
    "  mock-sendpilot reset --drop-endpoints --api-key YOUR_OTHER_API_KEY"
)
@click.option(
    "--drop-endpoints",
    is_flag=True,
    help="Remove endpoints that are not in the seed; by default all endpoints stay, with their "
    "secrets. Example: --drop-endpoints",
)
@json_option
@client_options
def reset(drop_endpoints: bool, as_json: bool, client: Client) -> None:
    """Put the workspace back to its seed: contents, events, deliveries, clock and ids."""
    reply = client.request("POST", "/reset", {"keepEndpoints": not drop_endpoints})
    if as_json:
        print_json(reply)
    else:
        click.echo(workspace_text(reply))
