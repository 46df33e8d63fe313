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
    print_json,
)
from mock_sendpilot.cli.options import finite
from mock_sendpilot.cli.values import ID, event_option, match_option


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
    callback=finite,
    help="How long to wait at most. Example: --timeout 10",
)
@event_option("Wait for an event of this type.")
@match_option
@click.option("--count", type=click.IntRange(1), help="For so many events. Example: --count 3")
@click.option(
    "--after",
    metavar="EVENT_ID",
    type=ID,
    help="For events that came after this one, and none of before. "
    "Example: --after evt_1780304400000_k3v9q2x7d",
)
@json_option
@control_options
def wait(
    *,
    timeout: float,
    event: str | None,
    match: dict[str, Any],
    count: int | None,
    after: str | None,
    wants_json: bool,
    server: Server,
) -> None:
    """Exit with 0 when nothing is at work or due any more, with 1 if it is not so in time.

    What is due later, such as a retry, does not count: see clock advance. With --event, --match,
    --count or --after it waits for events that have been sent; those of before count, too, unless
    --after says since which event.
    """
    about = {"eventType": event, "match": match or None, "count": count, "after": after}
    given = {key: value for key, value in about.items() if value is not None}
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
