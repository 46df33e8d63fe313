"""`mock-sendpilot resend`: deliveries and events once more."""

import click

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
)
from mock_sendpilot.cli.values import ID

_EVENT = "evt_"


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot resend evt_1780304400000_k3v9q2x7d\n"
    "  mock-sendpilot resend dlv_3k9v2q7xd0ab\n"
    "  mock-sendpilot resend --since 2026-06-01T09:00:00Z"
)
@click.argument("target", metavar="[ID]", required=False, type=ID)
@click.option(
    "--since",
    help="All that was queued since then and has failed. Example: --since 2026-06-01T09:00:00Z",
)
@json_option
@control_options
def resend(target: str | None, since: str | None, wants_json: bool, server: Server) -> None:
    """Make one more attempt of the delivery or event ID, or of all that failed --since a time.

    The event keeps its id and is signed afresh; the schedule of the delivery stays as it is. The
    attempt is made after this has ended.
    """
    if (target is None) == (since is None):
        raise click.UsageError("give the ID of a delivery or event, or --since a time")
    is_event = target is not None and target.startswith(_EVENT)
    if target is None:
        answer = ask(server, "POST", "/deliveries/resend", {"since": since})
    else:
        kind = "events" if is_event else "deliveries"
        answer = ask(server, "POST", f"/{kind}/{segment(target)}/resend")
    if wants_json:
        print_json(answer)
        return
    for delivery in answer["deliveries"]:
        click.echo(f"{delivery['id']}: {delivery['eventType']} to {delivery['endpointId']}")
    click.echo(f"resent: {len(answer['deliveries'])}")
    if answer["deliveries"]:
        command = f"{'events' if is_event else 'deliveries'} show {target}"
        how = "deliveries list" if target is None else command
        click.echo(f"  see what comes of it with: mock-sendpilot {how}")
