"""`mock-sendpilot ready`: whether the server answers, for scripts."""

import http.client
import math
import sys
import time

import click

from mock_sendpilot.cli.control import address, url_option

_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 2.0


@click.command(epilog="Example: mock-sendpilot start & mock-sendpilot ready --wait 10 && pytest")
@url_option
@click.option(
    "--wait",
    "wait_seconds",
    default=0.0,
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="Keep asking for so long. Example: --wait 10",
)
def ready(url: str, wait_seconds: float) -> None:
    """Exit with 0 as soon as the server answers, with 1 if it does not in time."""
    host, port = address(url)
    if not math.isfinite(wait_seconds):
        raise click.UsageError(f"--wait must be a number of seconds, not {wait_seconds}")
    deadline = time.monotonic() + wait_seconds
    while True:
        problem = _problem(host, port)
        if problem is None:
            click.echo(f"{url} is ready")
            return
        if time.monotonic() >= deadline:
            click.echo(f"mock-sendpilot: {url} is not ready: {problem}", err=True)
            sys.exit(1)
        time.sleep(_PAUSE_SECONDS)


def _problem(host: str, port: int) -> str | None:
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"it answers {status}"
