"""`mock-sendpilot ready`: whether the server answers, for scripts."""

import http.client
import math
import os
import sys
import time
from urllib.parse import urlsplit

import click

from mock_sendpilot.cli.options import PREFIX

_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 2.0


@click.command(epilog="Example: mock-sendpilot start & mock-sendpilot ready --wait 10 && pytest")
@click.option(
    "--url",
    default=lambda: f"http://127.0.0.1:{os.environ.get(f'{PREFIX}PORT', '7363')}",
    show_default=f"http://127.0.0.1:7363, or the port of {PREFIX}PORT",
    envvar=f"{PREFIX}URL",
    show_envvar=True,
    help="Where the server is. Example: --url http://127.0.0.1:8080",
)
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
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or parts.scheme != "http" or not math.isfinite(wait_seconds):
        raise click.UsageError(f"--url must be such as http://127.0.0.1:7363, not {url!r}")
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
