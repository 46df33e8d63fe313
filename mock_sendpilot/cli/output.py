"""The end of a command whose output cannot be written."""

import errno
import sys
from contextlib import suppress
from typing import NoReturn

import click


def end_for(error: OSError) -> NoReturn:
    """End the process with 1: quietly when its reader is gone, else with the reason."""
    sys.stdout = None  # nothing more is to be flushed at exit
    if error.errno != errno.EPIPE:
        what = error.filename or "the output cannot be written"
        with suppress(OSError):
            click.echo(f"mock-sendpilot: {what}: {error.strerror or error}", err=True)
    sys.exit(1)
