"""`mock-sendpilot env`: the environment variables of a running server."""

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import client_options
from mock_sendpilot.cli.variables import SHELLS, WEBHOOK_SECRET, server_variables


@click.command(
    epilog="\b\nExamples:\n"
    '  eval "$(mock-sendpilot env)"\n'
    '  mock-sendpilot env --shell dotenv >> "$GITHUB_ENV"'
)
@click.option(
    "--shell",
    type=click.Choice(tuple(SHELLS)),
    default="sh",
    show_default=True,
    help="Syntax to print them in; dotenv is NAME=VALUE. Example: --shell fish",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object. Example: --json")
@client_options
def env(shell: str, as_json: bool, client: Client) -> None:
    """Print the environment variables of a running server.

    The signing secret is that of the workspace's oldest endpoint.
    """
    endpoints = client.request("GET", "/endpoints")["endpoints"]
    secret: str | None = None
    if endpoints:
        path = f"/endpoints/{quote_segment(endpoints[0]['id'])}/secret"
        secret = client.request("GET", path)["secret"]
    variables = server_variables(
        origin=client.url.rstrip("/"),
        api_key=client.api_key,
        webhook_secret=secret,
        control_token=client.control_token,
    )
    if as_json:
        print_json(variables)
    else:
        for name, value in variables.items():
            click.echo(SHELLS[shell](name, value))
    if secret is None:
        click.echo(f"no endpoints, hence no {WEBHOOK_SECRET}", err=True)
