"""`mock-sendpilot simulate`: one step by hand, of a lead, a campaign or a job."""

from collections.abc import Mapping
from typing import Any

import click

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
)
from mock_sendpilot.cli.values import ID, OneOf, identity, pairs

_RESOURCES: Mapping[str, tuple[str, ...]] = {
    "leads": (
        "connection_sent",
        "accept_connection",
        "withdraw_connection",
        "message_sent",
        "reply",
        "unreachable",
        "done",
    ),
    "campaigns": ("start", "pause", "resume", "finish"),
    "jobs": ("complete", "fail"),
}
ACTIONS = tuple(action for actions in _RESOURCES.values() for action in actions)


@click.command(
    epilog="\b\nExamples:\n"
    '  mock-sendpilot simulate reply lead_abc123 --text "Call me Tuesday"\n'
    "  mock-sendpilot simulate pause camp_xyz789"
)
@click.argument("action", metavar="ACTION", type=OneOf(ACTIONS))
@identity
@click.option("--text", help='The note, message, reply or error. Example: --text "Call me"')
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    help='The same text by its key in the event. Example: --set reply="Call me"',
)
@click.option(
    "--sender", type=ID, help="A sender other than the lead's own. Example: --sender sender_tom"
)
@json_option
@control_options
def simulate(
    *,
    action: str,
    target: str,
    text: str | None,
    overrides: dict[str, Any],
    sender: str | None,
    wants_json: bool,
    server: Server,
) -> None:
    """Make one step, ACTION, of the lead, campaign, search or extraction ID.

    Leads: connection_sent, accept_connection, withdraw_connection, message_sent, reply,
    unreachable, done. Campaigns: start, pause, resume, finish. Searches and extractions: complete,
    fail. What cannot happen is refused with the reason.
    """
    resource = next(name for name, actions in _RESOURCES.items() if action in actions)
    body: dict[str, Any] = {"action": action, "text": text, "senderId": sender}
    body["overrides"] = overrides or None
    given = {key: value for key, value in body.items() if value is not None}
    answer = ask(server, "POST", f"/{resource}/{segment(target)}/simulate", given)
    if wants_json:
        print_json(answer)
    else:
        click.echo(f"{action}: {answer['id']} is {answer.get('status', answer.get('state'))}")
