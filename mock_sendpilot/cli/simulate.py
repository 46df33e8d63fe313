"""`mock-sendpilot simulate`: one step by hand, of a lead, a campaign or a job."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click
import orjson

from mock_sendpilot.cli.control import Server, ask, control_options

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
    epilog='Examples: mock-sendpilot simulate reply lead_abc123 --text "Call me Tuesday" | '
    "mock-sendpilot simulate pause camp_xyz789"
)
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("target", metavar="ID")
@click.option("--text", help='The note, message, reply or error. Example: --text "Call me"')
@click.option("--sender", help="A sender other than the lead's own. Example: --sender sender_tom")
@click.option("--json", "wants_json", is_flag=True, help="Print the answer as JSON.")
@control_options
def simulate(
    *,
    action: str,
    target: str,
    text: str | None,
    sender: str | None,
    wants_json: bool,
    server: Server,
) -> None:
    """Make one step of the lead, campaign, search or extraction ID.

    Leads: connection_sent, accept_connection, withdraw_connection, message_sent, reply,
    unreachable, done. Campaigns: start, pause, resume, finish. Searches and extractions: complete,
    fail. What cannot happen is refused with the reason.
    """
    resource = next(name for name, actions in _RESOURCES.items() if action in actions)
    body: dict[str, Any] = {"action": action, "text": text, "senderId": sender}
    given = {key: value for key, value in body.items() if value is not None}
    answer = ask(
        server,
        "POST",
        f"/{resource}/{quote(target.encode('utf-8', 'replace'), safe='')}/simulate",
        given,
    )
    if wants_json:
        click.echo(orjson.dumps(answer).decode())
    else:
        click.echo(f"{action}: {answer['id']} is {answer.get('status', answer.get('state'))}")
