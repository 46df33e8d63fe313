"""`mock-sendpilot trigger`: an event by hand, about something that is there."""

from typing import Any

import click

from mock_sendpilot.cli.control import (
    NoAnswer,
    Server,
    ask_for,
    control_options,
    fail,
    json_option,
    pairs,
    print_json,
)


@click.command(
    epilog="Examples: mock-sendpilot trigger lead.status.changed --lead lead_abc123 "
    "--set newStatus=DONE | mock-sendpilot trigger campaign.paused --campaign camp_xyz789 --apply"
)
@click.argument("event", metavar="EVENT")
@click.option("--lead", help="The lead it is about. Example: --lead lead_abc123")
@click.option("--campaign", help="The campaign it is about. Example: --campaign camp_xyz789")
@click.option("--job", help="The search or extraction it is about. Example: --job search_1")
@click.option("--sender", help="A sender other than the lead's own. Example: --sender sender_tom")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    help="What a key of its data is to hold; may be repeated. Example: --set newStatus=DONE",
)
@click.option("--apply", is_flag=True, help="Do what causes the event, with all its effects.")
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
    apply: bool,
    wants_json: bool,
    server: Server,
) -> None:
    """Have EVENT, any of the twelve, sent about something that is there.

    Nothing else changes, unless --apply says so.
    """
    about = {"leadId": lead, "campaignId": campaign, "jobId": job, "senderId": sender}
    body: dict[str, Any] = {key: value for key, value in about.items() if value is not None}
    body |= {"eventType": event, "set": overrides, "apply": apply}
    try:
        answer = ask_for(server, "POST", "/events", body)
    except NoAnswer as error:
        fail(_in_options(str(error)))
    if wants_json:
        print_json(answer)
    else:
        click.echo(f"{answer['id']}: {answer['eventType']}")
        for delivery in answer["deliveries"]:
            click.echo(f"  to {delivery['endpointId']}: {delivery['state']}")
        if not answer["deliveries"]:
            click.echo("  no endpoint wants it; add one with: mock-sendpilot endpoints add URL")


def _in_options(problem: str) -> str:
    """What the control API says of its fields, said of the options they come from."""
    for field in ("lead", "campaign", "job"):
        problem = problem.replace(f"{field}Id is required", f"--{field} is required")
    return problem.replace("set.", "--set ")
