"""The command line: `mock-sendpilot`."""

import click

from mock_sendpilot.cli.groups import LazyGroup
from mock_sendpilot.version import __version__

_COMMANDS = (
    "check-receiver",
    "clock",
    "contracts",
    "deliveries",
    "disrupt",
    "disruptions",
    "endpoints",
    "events",
    "fault",
    "faults",
    "listen",
    "ready",
    "requests",
    "resend",
    "reset",
    "seed",
    "simulate",
    "snapshot",
    "start",
    "trigger",
    "wait",
    "workspaces",
)


@click.group(
    cls=LazyGroup,
    modules={name: f"mock_sendpilot.cli.{name.replace('-', '_')}" for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: mock-sendpilot start",
)
@click.version_option(__version__, prog_name="mock-sendpilot")
def main() -> None:
    """The SendPilot API on your own machine: stateful, with signed and retried webhooks.

    Exit codes: 0 success, 1 failure, 2 wrong usage.
    """
