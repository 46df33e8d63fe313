"""The command line: `mock-sendpilot`."""

import click

from mock_sendpilot.cli.clock import clock
from mock_sendpilot.cli.contracts import contracts
from mock_sendpilot.cli.disrupt import disrupt, disruptions
from mock_sendpilot.cli.endpoints import endpoints
from mock_sendpilot.cli.events import events
from mock_sendpilot.cli.listen import listen
from mock_sendpilot.cli.ready import ready
from mock_sendpilot.cli.resend import resend
from mock_sendpilot.cli.seed import seed
from mock_sendpilot.cli.simulate import simulate
from mock_sendpilot.cli.start import start
from mock_sendpilot.cli.trigger import trigger
from mock_sendpilot.cli.wait import wait
from mock_sendpilot.version import __version__


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: mock-sendpilot start",
)
@click.version_option(__version__, prog_name="mock-sendpilot")
def main() -> None:
    """The SendPilot API on your own machine: stateful, with signed and retried webhooks.

    Exit codes: 0 all is well, 1 it could not be done, 2 the command line is wrong.
    """


for command in (
    clock,
    contracts,
    disrupt,
    disruptions,
    endpoints,
    events,
    listen,
    ready,
    resend,
    seed,
    simulate,
    start,
    trigger,
    wait,
):
    main.add_command(command)
