"""`mock-sendpilot endpoints`: what the vendor's dashboard does with webhook endpoints."""

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


@click.group()
def endpoints() -> None:
    """List, add, disable, enable, rotate, test and delete webhook endpoints."""


@endpoints.command("list", epilog="Example: mock-sendpilot endpoints list")
@json_option
@control_options
def list_all(wants_json: bool, server: Server) -> None:
    """List all endpoints, oldest first."""
    answer = ask(server, "GET", "/endpoints")
    if wants_json:
        print_json(answer)
        return
    for endpoint in answer["endpoints"]:
        click.echo(_line(endpoint))


@endpoints.command(
    epilog="Example: mock-sendpilot endpoints add http://127.0.0.1:9000/webhooks "
    "--event lead.status.changed --retry-delay 1 --retry-delay 2"
)
@click.argument("receiver")
@click.option("--event", multiple=True, help="Only this event; may be repeated.")
@click.option("--secret", help="Sign with this secret instead of a new one.")
@click.option(
    "--retry-delay",
    multiple=True,
    type=float,
    metavar="SECONDS",
    help="The schedule, in place of the contract's; repeated for each further attempt.",
)
@click.option("--timeout", type=float, metavar="SECONDS", help="How long it has for its answer.")
@click.option(
    "--signature",
    multiple=True,
    metavar="SCHEME",
    help="documented, svix or standardwebhooks, in place of the contract's; may be repeated.",
)
@click.option("--concurrency", type=int, help="How many deliveries may be under way at one time.")
@click.option("--signature-clock", help="wall or virtual: which time signatures bear.")
@json_option
@control_options
def add(*, receiver: str, wants_json: bool, server: Server, **options: Any) -> None:  # noqa: ANN401 - the options above
    """Have events sent to RECEIVER, and print the signing secret."""
    body = {
        "url": receiver,
        "events": list(options["event"]) or None,
        "secret": options["secret"],
        "retryDelaysSeconds": list(options["retry_delay"]) or None,
        "timeoutSeconds": options["timeout"],
        "signatures": list(options["signature"]) or None,
        "concurrency": options["concurrency"],
        "signatureClock": options["signature_clock"],
    }
    given = {key: value for key, value in body.items() if value is not None}
    answer = ask(server, "POST", "/endpoints", given)
    if wants_json:
        print_json(answer)
    else:
        click.echo(f"{_line(answer)}\nsecret: {answer['secret']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints disable ep_8fj2kd93ms0a")
@click.argument("endpoint", metavar="ID")
@json_option
@control_options
def disable(endpoint: str, wants_json: bool, server: Server) -> None:
    """Send nothing more to endpoint ID; what is pending for it is cancelled."""
    _change(server, endpoint, {"enabled": False}, wants_json=wants_json)


@endpoints.command(epilog="Example: mock-sendpilot endpoints enable ep_8fj2kd93ms0a")
@click.argument("endpoint", metavar="ID")
@json_option
@control_options
def enable(endpoint: str, wants_json: bool, server: Server) -> None:
    """Send to endpoint ID again."""
    _change(server, endpoint, {"enabled": True}, wants_json=wants_json)


@endpoints.command(epilog="Example: mock-sendpilot endpoints rotate ep_8fj2kd93ms0a")
@click.argument("endpoint", metavar="ID")
@click.option("--secret", help="The new secret; one is made if it is left out.")
@json_option
@control_options
def rotate(endpoint: str, secret: str | None, wants_json: bool, server: Server) -> None:
    """Give endpoint ID a new secret, and print it; the old one is valid for 24 hours more."""
    answer = ask(server, "POST", f"/endpoints/{segment(endpoint)}/rotate", {"secret": secret})
    if wants_json:
        print_json(answer)
        return
    until = answer["retiredSecrets"][0]["validUntil"]
    click.echo(f"secret: {answer['secret']}\nthe old one is valid until {until}")


@endpoints.command(
    epilog="Example: mock-sendpilot endpoints test ep_8fj2kd93ms0a --event lead.status.changed"
)
@click.argument("endpoint", metavar="ID")
@click.option("--event", help="Which event; by default one that the endpoint wants.")
@json_option
@control_options
def test(endpoint: str, event: str | None, wants_json: bool, server: Server) -> None:
    """Send endpoint ID an event with sample data."""
    path = f"/endpoints/{segment(endpoint)}/test"
    answer = ask(server, "POST", path, {"eventType": event})
    if wants_json:
        print_json(answer)
    else:
        click.echo(f"{answer['id']}: {answer['eventType']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints delete ep_8fj2kd93ms0a")
@click.argument("endpoint", metavar="ID")
@control_options
def delete(endpoint: str, server: Server) -> None:
    """Forget endpoint ID; what is pending for it is cancelled."""
    ask(server, "DELETE", f"/endpoints/{segment(endpoint)}")
    click.echo(f"{endpoint}: deleted")


def _change(server: Server, endpoint: str, body: dict[str, Any], *, wants_json: bool) -> None:
    answer = ask(server, "PATCH", f"/endpoints/{segment(endpoint)}", body)
    if wants_json:
        print_json(answer)
    else:
        click.echo(_line(answer))


def _line(endpoint: dict[str, Any]) -> str:
    events = ", ".join(endpoint["events"] or ["all events"])
    reason = f" ({endpoint['disabledReason']})" if endpoint["disabledReason"] else ""
    state = "" if endpoint["enabled"] else f", disabled{reason}"
    return f"{endpoint['id']}: {endpoint['url']}  {events}{state}"
