"""`mock-sendpilot trigger`: an event by hand, about something that is there."""

from collections.abc import Iterator
from typing import Any

import click

from mock_sendpilot.cli.control import (
    NoAnswer,
    Server,
    ask,
    control_options,
    json_option,
    print_json,
)
from mock_sendpilot.cli.values import ID, NonEmpty, pairs
from mock_sendpilot.cli.words import EVENTS, table

_HELP = f"""Send EVENT, any of the twelve, about something that exists.

{table(EVENTS)}

Those are the names of the default contract and the option that says what each is about; without it
something suitable is taken, and named. The names of other contracts, such as lead.updated, are
known, too. Nothing else changes, unless --with-effects says so.
"""


@click.command(
    help=_HELP,
    epilog="\b\nExamples:\n"
    '  mock-sendpilot trigger message.received --text "Call me Tuesday"\n'
    "  mock-sendpilot trigger lead.status.changed --lead lead_abc123 --set newStatus=DONE\n"
    "  mock-sendpilot trigger campaign.paused --campaign camp_xyz789 --with-effects",
)
@click.argument("event", metavar="EVENT", type=NonEmpty())
@click.option("--lead", type=ID, help="The lead it is about. Example: --lead lead_abc123")
@click.option(
    "--campaign", type=ID, help="The campaign it is about. Example: --campaign camp_xyz789"
)
@click.option(
    "--job", type=ID, help="The search or extraction it is about. Example: --job search_1"
)
@click.option(
    "--sender", type=ID, help="A sender other than the lead's own. Example: --sender sender_tom"
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    help="What a key of its data is to hold; may be repeated. Example: --set newStatus=DONE",
)
@click.option(
    "--text",
    help="The message, reply or note in it, whatever the contract calls its key. "
    'Example: --text "Call me"',
)
@click.option(
    "--with-effects",
    is_flag=True,
    help="Do what causes the event, with all its effects. Example: --with-effects",
)
@json_option
@control_options
def trigger(
    *,
    event: str,
    lead: str | None,
    campaign: str | None,
    job: str | None,
    sender: str | None,
    overrides: dict[str, Any],
    text: str | None,
    with_effects: bool,
    wants_json: bool,
    server: Server,
) -> None:
    """Have an event sent; the help says which."""
    about = {"leadId": lead, "campaignId": campaign, "jobId": job, "senderId": sender}
    body: dict[str, Any] = {key: value for key, value in about.items() if value is not None}
    body |= {"eventType": event, "overrides": overrides, "withEffects": with_effects}
    body |= {} if text is None else {"text": text}
    try:
        answer = ask(server, "POST", "/events", body)
    except NoAnswer as error:
        raise NoAnswer(_in_options(error.message)) from error
    if wants_json:
        print_json(answer)
        return
    click.echo(f"{answer['id']}: {answer['eventType']}")
    for field, chosen in answer.get("chosen", {}).items():
        click.echo(f"  about {chosen}; choose another with {_option_of(field)}")
    for delivery in answer["deliveries"]:
        click.echo(f"  to {delivery['endpointId']}: {delivery['state']}")
    if not answer["deliveries"]:
        for line in _why_nobody_gets_it(server, answer["eventType"]):
            click.echo(f"  {line}")


def _why_nobody_gets_it(server: Server, event_type: str) -> Iterator[str]:
    found = ask(server, "GET", "/endpoints")["endpoints"]
    disabled = [one for one in found if not one["enabled"]]
    wanting = [one for one in disabled if one["events"] is None or event_type in one["events"]]
    for endpoint in wanting:
        how = f"mock-sendpilot endpoints enable {endpoint['id']}"
        yield f"{endpoint['id']} is disabled; enable it with: {how}"
    if not wanting:
        yield "no endpoint wants it; add one with: mock-sendpilot endpoints add URL"


def _in_options(problem: str) -> str:
    """What the control API says of its fields, said of the options they come from."""
    for field in ("leadId", "campaignId", "jobId"):
        problem = problem.replace(f"{field} is required", f"{_option_of(field)} is required")
    problem = problem.replace("text cannot be set", "--text cannot be set")
    return problem.replace("text and ", "--text and ").replace("overrides.", "--set ")


def _option_of(field: str) -> str:
    """Return the option that fills a field of the control API, such as --lead for leadId."""
    return f"--{field.removesuffix('Id')}"
