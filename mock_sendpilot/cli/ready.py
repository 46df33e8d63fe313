"""`mock-sendpilot ready`: whether the server answers, for scripts."""

import sys
import time
from http import HTTPStatus

import click

from mock_sendpilot.cli.control import parsed_object, url_option
from mock_sendpilot.cli.exchange import NoAnswer, exchange
from mock_sendpilot.cli.options import finite

_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 2.0
_OURS = "pendingDeliveries"


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
    callback=finite,
    help="Keep asking for so long. Example: --wait 10",
)
def ready(url: str, wait_seconds: float) -> None:
    """Exit with 0 as soon as the server answers, with 1 if it does not in time."""
    deadline = time.monotonic() + wait_seconds
    seconds = min(_ANSWER_SECONDS, wait_seconds or _ANSWER_SECONDS)
    while True:
        problem = _problem(url, seconds)
        if problem is None:
            click.echo(f"{url} is ready")
            return
        left = deadline - time.monotonic() - _PAUSE_SECONDS
        if left <= 0:
            click.echo(f"mock-sendpilot: {url} is not ready: {problem}", err=True)
            sys.exit(1)
        time.sleep(_PAUSE_SECONDS)
        seconds = min(_ANSWER_SECONDS, left)


def _problem(url: str, seconds: float) -> str | None:
    try:
        answer = exchange(url, "GET", "/readyz", headers={}, seconds=seconds)
    except NoAnswer as error:
        return f"it {error.message.removeprefix(f'{url} ')}"
    if answer.status != HTTPStatus.OK:
        return f"it answers {answer.status}"
    is_ours = _OURS in (parsed_object(answer.content) or {})
    return None if is_ours else "it is no mock_sendpilot: its /readyz answers otherwise"
