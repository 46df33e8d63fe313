"""`mock-sendpilot wait`: until nothing is being sent or due, or until events have come."""

import sys
from http import HTTPStatus
from typing import Any

import click

from mock_sendpilot.cli.clock import next_line
from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    match_option,
    print_json,
)


@click.command(
    epilog="Examples: mock-sendpilot wait --timeout 10 && ./check-what-my-app-did | "
    "mock-sendpilot wait --event lead.status.changed --match leadId=lead_abc123"
)
@click.option(
    "--timeout",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    metavar="SECONDS",
    help="How long to wait at most. Example: --timeout 10",
)
@click.option("--event", help="Wait for an event of this type. Example: --event lead.updated")
@match_option
@click.option("--count", type=click.IntRange(1), help="For so many events. Example: --count 3")
@json_option
@control_options
def wait(
    *,
    timeout: float,
    event: str | None,
    match: dict[str, Any],
    count: int | None,
    wants_json: bool,
    server: Server,
) -> None:
    """Exit with 0 when nothing is at work or due any more, with 1 if it is not so in time.

    What is due later, such as a retry, does not count: see clock advance. With --event, --match or
    --count it waits for events that have been sent; those of before count, too.
    """
    wanted: dict[str, Any] = {"eventType": event, "match": match or None, "count": count}
    given = {key: value for key, value in wanted.items() if value is not None}
    body = {**(given or {"idle": True}), "timeoutSeconds": timeout}
    answer = ask(server, "POST", "/wait", body, accepted=(HTTPStatus.CONFLICT,))
    has_come = answer["failure"] is None if given else answer["idle"]
    if wants_json:
        print_json(answer)
    elif given:
        _tell_events(answer)
    else:
        stands = ", frozen" if answer["frozen"] else ""
        text = f"{'idle' if has_come else 'not idle'} at {answer['now']}{stands}"
        click.echo(f"{text}; {next_line(answer)}", err=not has_come)
    sys.exit(0 if has_come else 1)


def _tell_events(answer: dict[str, Any]) -> None:
    if answer["failure"] is not None:
        click.echo(answer["failure"], err=True)
        return
    for event in answer["events"]:
        click.echo(f"{event['id']}: {event['eventType']}")
