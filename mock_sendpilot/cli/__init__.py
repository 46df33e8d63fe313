"""The command line: `mock-sendpilot`."""

from collections.abc import Mapping

import click

from mock_sendpilot.cli.groups import LazyGroup
from mock_sendpilot.version import __version__

_COMMANDS: Mapping[str, str] = {
    "check-client": "check_client",
    "check-receiver": "check_receiver",
    "clock": "clock",
    "contracts": "contracts",
    "deliveries": "deliveries",
    "disrupt": "disruptions",
    "disruptions": "disruptions",
    "endpoints": "endpoints",
    "env": "env",
    "events": "events",
    "exec": "exec",
    "explore": "explore",
    "fault": "faults",
    "faults": "faults",
    "listen": "listen",
    "ready": "wait",
    "replay": "replay",
    "requests": "requests",
    "resend": "deliveries",
    "reset": "workspaces",
    "seed": "seed",
    "simulate": "simulate",
    "snapshot": "workspaces",
    "start": "start",
    "trace": "trace",
    "trigger": "events",
    "wait": "wait",
    "workspaces": "workspaces",
}
"""The module of each command."""


@click.group(
    cls=LazyGroup,
    modules={name: f"mock_sendpilot.cli.{module}" for name, module in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: mock-sendpilot start",
)
@click.version_option(__version__, prog_name="mock-sendpilot")
def main() -> None:
    """The SendPilot API on your own machine: stateful, with signed and retried webhooks.

    Exit codes: 0 success, 1 failure, 2 wrong usage.
    """
