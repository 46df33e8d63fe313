"""`mock-sendpilot endpoints`: what the vendor's dashboard does with webhook endpoints."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
    segment,
    tell,
)
from mock_sendpilot.cli.endpoint_text import line, sheet
from mock_sendpilot.cli.lazy_group import Group
from mock_sendpilot.cli.options import finite
from mock_sendpilot.cli.values import NonEmpty, event_option, header_option, identity

Command = TypeVar("Command", bound=Callable[..., Any])
_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


def _secret_only_option(command: Command) -> Command:
    """Give a command `--secret-only`; it gets `secret_only`."""
    text = 'Print the secret and nothing else, for "$(…)". Example: --secret-only'
    return click.option("--secret-only", is_flag=True, help=text)(command)


@click.group(cls=Group)
def endpoints() -> None:
    """List, show, add, disable, enable, rotate-secret, test and delete webhook endpoints."""


@endpoints.command("list", epilog="Example: mock-sendpilot endpoints list")
@json_option
@control_options
def list_all(wants_json: bool, server: Server) -> None:
    """List all endpoints, oldest first; settings in brackets where they are not as usual."""
    answer = ask(server, "GET", "/endpoints")
    if wants_json:
        print_json(answer)
        return
    for endpoint in answer["endpoints"]:
        click.echo(line(endpoint))
    if not answer["endpoints"]:
        click.echo("no endpoints; add one with: mock-sendpilot endpoints add URL", err=True)


@endpoints.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a --print-secret\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a --secret-only"
)
@identity
@click.option("--print-secret", is_flag=True, help="The secret in full. Example: --print-secret")
@_secret_only_option
@json_option
@control_options
def show(
    target: str, print_secret: bool, secret_only: bool, wants_json: bool, server: Server
) -> None:
    """Show all that is known of endpoint ID."""
    path = f"/endpoints/{segment(target)}"
    if secret_only:
        _print_secret(ask(server, "GET", f"{path}/secret"), wants_json=wants_json)
        return
    endpoint = ask(server, "GET", path)
    if print_secret:
        endpoint["secret"] = ask(server, "GET", f"{path}/secret")["secret"]
    if wants_json:
        print_json(endpoint)
    else:
        click.echo(sheet(endpoint))


@endpoints.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot endpoints add http://127.0.0.1:9000/webhooks --event lead.status.changed\n"
    "  mock-sendpilot endpoints add http://127.0.0.1:9000/webhooks --retry-delay 1 --retry-delay 2"
)
@click.argument("receiver", metavar="RECEIVER")
@click.option(
    "--event",
    multiple=True,
    metavar="EVENT",
    type=NonEmpty(),
    help="Only this event; may be repeated. Example: --event lead.status.changed",
)
@click.option(
    "--secret",
    help=f"Sign with this secret instead of a new one. Example: --secret {_SECRET}",
)
@click.option(
    "--retry-delay",
    multiple=True,
    type=float,
    callback=finite,
    metavar="SECONDS",
    help="The schedule, in place of the contract's; repeated for each further attempt. "
    "Example: --retry-delay 1 --retry-delay 5",
)
@click.option(
    "--timeout",
    type=float,
    callback=finite,
    metavar="SECONDS",
    help="How long it has for its answer. Example: --timeout 5",
)
@click.option(
    "--signature",
    multiple=True,
    metavar="SCHEME",
    help="documented, svix or standardwebhooks, in place of the contract's; may be repeated. "
    "Example: --signature svix",
)
@click.option(
    "--concurrency",
    type=int,
    help="How many deliveries may be under way at one time. Example: --concurrency 8",
)
@click.option(
    "--signature-clock",
    metavar="CLOCK",
    help="Which time stands in signatures: wall, virtual (the clock of the workspace) or process "
    "(the server's process). Example: --signature-clock virtual",
)
@header_option
@_secret_only_option
@json_option
@control_options
def add(
    *,
    receiver: str,
    secret_only: bool,
    wants_json: bool,
    server: Server,
    **options: Any,
) -> None:
    """Have events sent to the URL RECEIVER, and print the signing secret."""
    body = {
        "url": receiver,
        "events": list(options["event"]) or None,
        "secret": options["secret"],
        "retryDelaysSeconds": list(options["retry_delay"]) or None,
        "timeoutSeconds": options["timeout"],
        "signatures": list(options["signature"]) or None,
        "concurrency": options["concurrency"],
        "signatureClock": options["signature_clock"],
        "headers": options["headers"] or None,
    }
    given = {key: value for key, value in body.items() if value is not None}
    answer = ask(server, "POST", "/endpoints", given)
    if secret_only:
        _print_secret(answer, wants_json=wants_json)
    elif wants_json:
        print_json(answer)
    else:
        click.echo(f"{line(answer)}\nsecret: {answer['secret']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints disable ep_8fj2kd93ms0a")
@identity
@json_option
@control_options
def disable(target: str, wants_json: bool, server: Server) -> None:
    """Send nothing more to endpoint ID; what is pending for it is cancelled."""
    _change(server, target, {"enabled": False}, wants_json=wants_json)


@endpoints.command(epilog="Example: mock-sendpilot endpoints enable ep_8fj2kd93ms0a")
@identity
@json_option
@control_options
def enable(target: str, wants_json: bool, server: Server) -> None:
    """Send to endpoint ID again."""
    _change(server, target, {"enabled": True}, wants_json=wants_json)


@endpoints.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot endpoints rotate-secret ep_8fj2kd93ms0a\n"
    f"  mock-sendpilot endpoints rotate-secret ep_8fj2kd93ms0a --secret {_SECRET}"
)
@identity
@click.option(
    "--secret", help=f"The new secret; one is made if it is left out. Example: --secret {_SECRET}"
)
@_secret_only_option
@json_option
@control_options
def rotate_secret(
    target: str, secret: str | None, secret_only: bool, wants_json: bool, server: Server
) -> None:
    """Give endpoint ID a new secret, and print it; the old one is valid for 24 hours more."""
    answer = ask(server, "POST", f"/endpoints/{segment(target)}/rotate-secret", {"secret": secret})
    if secret_only:
        _print_secret(answer, wants_json=wants_json)
        return
    if wants_json:
        print_json(answer)
        return
    until = answer["retiredSecrets"][0]["validUntil"]
    click.echo(f"secret: {answer['secret']}\nthe old one is valid until {until}")


@endpoints.command(
    epilog="Example: mock-sendpilot endpoints test ep_8fj2kd93ms0a --event lead.status.changed"
)
@identity
@event_option("Which event; by default one that the endpoint wants.")
@json_option
@control_options
def test(target: str, event: str | None, wants_json: bool, server: Server) -> None:
    """Send endpoint ID an event with sample data; it is sent after this has ended."""
    path = f"/endpoints/{segment(target)}/test"
    answer = ask(server, "POST", path, {"eventType": event})
    if wants_json:
        print_json(answer)
        return
    click.echo(f"{answer['id']}: {answer['eventType']}")
    click.echo(f"  see what comes of it with: mock-sendpilot events show {answer['id']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints delete ep_8fj2kd93ms0a")
@identity
@json_option
@control_options
def delete(target: str, wants_json: bool, server: Server) -> None:
    """Forget endpoint ID; what is pending for it is cancelled."""
    tell(server, "DELETE", f"/endpoints/{segment(target)}")
    if wants_json:
        print_json({"deleted": [target]})
    else:
        click.echo(f"{target}: deleted")


def _print_secret(answer: dict[str, Any], *, wants_json: bool) -> None:
    if wants_json:
        print_json({"secret": answer["secret"]})
    else:
        click.echo(answer["secret"])


def _change(server: Server, endpoint: str, body: dict[str, Any], *, wants_json: bool) -> None:
    answer = ask(server, "PATCH", f"/endpoints/{segment(endpoint)}", body)
    if wants_json:
        print_json(answer)
    else:
        click.echo(line(answer))
