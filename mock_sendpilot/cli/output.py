"""The end of a command whose output cannot be written."""

import errno
import sys
from contextlib import suppress
from typing import NoReturn

import click

_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF, errno.EDQUOT)


def end_for(error: OSError) -> NoReturn:
    """End the process with 1: quietly when its reader is gone, else with the reason.

    Raises:
        OSError: the same, if it is of something else than the output.
    """
    if error.errno not in _OF_OUTPUT:
        raise error
    sys.stdout = None  # nothing more is to be flushed at exit
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            reason = f"the output cannot be written: {error.strerror}"
            click.echo(f"mock-sendpilot: {reason}", err=True)
    sys.exit(1)
