"""`mock-sendpilot wait`, `ready`: waiting for events, for all work, or for a server."""

import sys
import time
from http import HTTPStatus
from typing import Any

import click

from mock_sendpilot.cli.client import Client, RequestFailed, parse_object, send_request
from mock_sendpilot.cli.formatting import due_text, fail, print_json
from mock_sendpilot.cli.options import (
    ID,
    client_options,
    event_option,
    json_option,
    match_option,
    require_finite,
    url_option,
)

_PAUSE_SECONDS = 0.05
_READY_SECONDS = 2.0


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot wait --timeout 10 && ./check-what-my-app-did\n"
    "  mock-sendpilot wait --event lead.status.changed --match leadId=lead_abc123\n"
    "  mock-sendpilot wait --event message.sent --after evt_1780304400000_k3v9q2x7d"
)
@click.option(
    "--timeout",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    metavar="SECONDS",
    callback=require_finite,
    help="Seconds to wait. Example: --timeout 10",
)
@event_option("Wait for an event of this type.")
@match_option
@click.option("--count", type=click.IntRange(1), help="Number of events. Example: --count 3")
@click.option(
    "--after",
    metavar="EVENT_ID",
    type=ID,
    help="Only events recorded after this one. Example: --after evt_1780304400000_k3v9q2x7d",
)
@json_option
@client_options
def wait(
    *,
    timeout: float,
    event: str | None,
    match: dict[str, Any],
    count: int | None,
    after: str | None,
    as_json: bool,
    client: Client,
) -> None:
    """Wait until nothing is running or due.

    The exit code is 1 if that takes longer than the timeout. A task that is due later, such as a
    retry, does not count: see clock advance. With --event, --match, --count or --after the command
    waits for events to be sent instead. Events sent before it started count, too, unless --after
    says otherwise.
    """
    filters = {"eventType": event, "match": match or None, "count": count, "after": after}
    wanted = {key: value for key, value in filters.items() if value is not None}
    body = {**(wanted or {"idle": True}), "timeoutSeconds": timeout}
    reply = client.request("POST", "/wait", body, accepted_statuses=(HTTPStatus.CONFLICT,))
    succeeded = reply["failure"] is None if wanted else reply["idle"]
    if as_json:
        print_json(reply)
    elif not wanted:
        frozen = ", frozen" if reply["frozen"] else ""
        state = f"{'idle' if succeeded else 'not idle'} at {reply['now']}{frozen}"
        click.echo(f"{state}; {due_text(reply)}", err=not succeeded)
    elif succeeded:
        for row in reply["events"]:
            click.echo(f"{row['id']}: {row['eventType']}")
    else:
        click.echo(reply["failure"], err=True)
    sys.exit(0 if succeeded else 1)


# --- ready ----------------------------------------------------------------------------------------


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
    """Wait for the server: exit with 0 as soon as it answers.

    The exit code is 1 if it does not answer in time.
    """
    deadline = time.monotonic() + wait_seconds
    seconds = min(_READY_SECONDS, wait_seconds or _READY_SECONDS)
    while True:
        problem = _problem(url, seconds)
        if problem is None:
            click.echo(f"{url} is ready")
            return
        remaining = deadline - time.monotonic() - _PAUSE_SECONDS
        if remaining <= 0:  # no time for another try after the pause
            fail(f"{url} is not ready: {problem}")
        time.sleep(_PAUSE_SECONDS)
        seconds = min(_READY_SECONDS, remaining)


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
