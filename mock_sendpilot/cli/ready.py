"""`mock-sendpilot ready`: wait for the server, in scripts."""

import time
from http import HTTPStatus

import click

from mock_sendpilot.cli.client import RequestFailed, parse_object, send_request
from mock_sendpilot.cli.formatting import fail
from mock_sendpilot.cli.options import require_finite, url_option

_PAUSE_SECONDS = 0.05
_RESPONSE_SECONDS = 2.0


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot start & mock-sendpilot ready --wait 10 && pytest\n"
    "  mock-sendpilot ready --url https://sendpilot.staging.example"
)
@url_option
@click.option(
    "--wait",
    "wait_seconds",
    default=0.0,
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    callback=require_finite,
    help="Seconds to keep trying. Example: --wait 10",
)
def ready(url: str, wait_seconds: float) -> None:
    """Exit with 0 as soon as the server answers, or with 1 if it does not in time."""
    deadline = time.monotonic() + wait_seconds
    seconds = min(_RESPONSE_SECONDS, wait_seconds or _RESPONSE_SECONDS)
    while True:
        problem = _problem(url, seconds)
        if problem is None:
            click.echo(f"{url} is ready")
            return
        remaining = deadline - time.monotonic() - _PAUSE_SECONDS
        if remaining <= 0:
            fail(f"{url} is not ready: {problem}")
        time.sleep(_PAUSE_SECONDS)
        seconds = min(_RESPONSE_SECONDS, remaining)


def _problem(url: str, seconds: float) -> str | None:
    """Return why the server is not ready; None if it is."""
    try:
        response = send_request(url, "GET", "/readyz", headers={}, timeout_seconds=seconds)
    except RequestFailed as error:
        return f"it {error.message.removeprefix(f'{url} ')}"
    if response.status != HTTPStatus.OK:
        return f"it answers {response.status}"
    if "pendingDeliveries" not in (parse_object(response.content) or {}):
        return "it is not a mock_sendpilot server: unexpected response of /readyz"
    return None
