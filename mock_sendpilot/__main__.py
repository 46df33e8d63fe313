"""`python -m mock_sendpilot` is `mock-sendpilot`; with no command it starts the server."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl+C ends the process at once, without a traceback, unless a command has to clean up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    from mock_sendpilot.cli import main as command_line  # importing the commands takes a while

    command_line(arguments)


if __name__ == "__main__":
    main(sys.argv[1:] or ["start"])
