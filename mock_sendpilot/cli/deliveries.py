"""`mock-sendpilot deliveries`: what was sent to whom, and what has come of it."""

from typing import Any

import click
import orjson

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
    tell_all,
)
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.outcomes import name_of, outcome, standing
from mock_sendpilot.cli.values import ID, OneOf, event_option, identity, limit_option
from mock_sendpilot.cli.words import STATES

_EVENT = "evt_"
_LONGEST_ANSWER = 300
_WELL = range(200, 300)


@click.group(cls=Group)
def deliveries() -> None:
    """List and show deliveries."""


@deliveries.command(
    "list",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot deliveries list --state exhausted\n"
    "  mock-sendpilot deliveries list --lead lead_abc123 --event lead.status.changed",
)
@click.option(
    "--state",
    metavar="STATE",
    type=OneOf(STATES),
    help=f"Only in this state: {', '.join(STATES)}. Example: --state exhausted",
)
@click.option(
    "--endpoint", type=ID, help="Only to this endpoint. Example: --endpoint ep_8fj2kd93ms0a"
)
@event_option("Only of events of this type.")
@click.option("--lead", type=ID, help="Only about this lead. Example: --lead lead_abc123")
@limit_option
@json_option
@control_options
def list_all(
    *,
    state: str | None,
    endpoint: str | None,
    event: str | None,
    lead: str | None,
    limit: int,
    wants_json: bool,
    server: Server,
) -> None:
    """List the latest deliveries, newest first."""
    filters = {"state": state, "endpointId": endpoint, "eventType": event, "leadId": lead}
    tell_all(server, "deliveries", filters, limit=limit, wants_json=wants_json, line=_line)


@deliveries.command(epilog="Example: mock-sendpilot deliveries show dlv_3k9v2q7xd0ab")
@identity
@json_option
@control_options
def show(target: str, wants_json: bool, server: Server) -> None:
    """Show each attempt of delivery ID, and when the next one is."""
    if target.startswith(_EVENT):
        raise click.UsageError(f"{target!r} is the id of an event; see: events show {target}")
    delivery = ask(server, "GET", f"/deliveries/{segment(target)}")
    if wants_json:
        print_json(delivery)
        return
    click.echo(_line(delivery))
    for attempt in delivery["attempts"]:
        _tell_attempt(delivery["eventType"], attempt)


def _line(delivery: dict[str, Any]) -> str:
    about = f"  {delivery['leadId']}" if delivery["leadId"] else ""
    what = f"{delivery['eventType']}  {delivery['eventId']}{about}"
    to = f"to {delivery['endpointId']}: {standing(delivery)}"
    return f"{delivery['createdAt']}  {delivery['id']}  {what}  {to}"


def _tell_attempt(event_type: str, attempt: dict[str, Any]) -> None:
    notes = [f"{attempt['durationMs']:g} ms"]
    sent_as = _event_type(attempt["request"]["body"])
    if sent_as not in {None, event_type}:
        notes.append(f"sent as {sent_as}")
    if attempt["disruption"]:
        notes.append(f"disrupted: {attempt['disruption']}")
    took = ", ".join(notes)
    url = attempt["request"]["url"]
    click.echo(f"  {attempt['at']}  {name_of(attempt)}: {outcome(attempt)}  POST {url}  {took}")
    answer = attempt["response"]
    if answer is not None and answer["status"] not in _WELL and answer["body"].strip():
        text = " ".join(answer["body"].split())
        short = text if len(text) <= _LONGEST_ANSWER else f"{text[:_LONGEST_ANSWER]}…"
        click.echo(f"    it answered: {short}")


def _event_type(body: str) -> str | None:
    """What a request called its event; None where it cannot be seen."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return None
    name = found.get("eventType") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None
