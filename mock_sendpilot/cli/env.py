"""`mock-sendpilot env`: the environment variables that tell an app where the emulator is."""

import shlex
from collections.abc import Callable, Mapping

import click

from mock_sendpilot.cli.client import ENV_PREFIX, Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.options import client_options

BASE_URL = "SENDPILOT_BASE_URL"
API_KEY = "SENDPILOT_API_KEY"
WEBHOOK_SECRET = "SENDPILOT_WEBHOOK_SECRET"


def server_variables(
    *,
    origin: str,
    api_key: str,
    webhook_secret: str | None,
    control_token: str | None,
) -> dict[str, str]:
    """Return the variables for an app, and those for the other commands.

    Args:
        origin: of the server.
        api_key: the key of the workspace.
        webhook_secret: the signing secret of the workspace's endpoints; without one the variable is
            left out.
        control_token: the token of the control API, if it has one.
    """
    secrets = {WEBHOOK_SECRET: webhook_secret, f"{ENV_PREFIX}CONTROL_TOKEN": control_token}
    return {
        BASE_URL: f"{origin}/v1",
        API_KEY: api_key,
        f"{ENV_PREFIX}URL": origin,
        f"{ENV_PREFIX}API_KEY": api_key,
        **{name: value for name, value in secrets.items() if value is not None},
    }


def _sh(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    # Unlike sh, fish knows these two escapes between single quotes.
    text = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{text}'"


def _powershell(name: str, value: str) -> str:
    text = value.replace("'", "''")
    return f"$env:{name} = '{text}'"


def _dotenv(name: str, value: str) -> str:
    return f"{name}={value}"


SHELLS: Mapping[str, Callable[[str, str], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
}
"""The syntax of each shell; `dotenv` is the line of an env file, such as $GITHUB_ENV."""


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

    The signing secret is that of the workspace's oldest endpoint. The variables that lead
    https://api.sendpilot.ai to the emulator are those of `exec` alone, also if the server was
    started with --tls: their proxy and their files end with the command that it runs.
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
