"""The end of a command whose output cannot be written."""

import errno
import sys
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
        _tell(f"mock-sendpilot: the output cannot be written: {error.strerror}")
    sys.exit(1)


def _tell(reason: str) -> None:
    try:
        click.echo(reason, err=True)
    except OSError:
        sys.stderr = None  # nor here; else the exit code would be Python's own for that
