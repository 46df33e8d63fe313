"""`mock-sendpilot endpoints`: manage webhook endpoints, as the vendor's dashboard does."""

from collections.abc import Iterator
from typing import Any

import click

from mock_sendpilot.cli.client import Client, quote_segment
from mock_sendpilot.cli.formatting import print_json
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    EXAMPLE_SECRET,
    Command,
    NonEmpty,
    client_options,
    event_option,
    header_option,
    id_argument,
    json_option,
    require_finite,
)

_FROM_CONTRACT = "from the contract"


def _secret_only_option(command: Command) -> Command:
    """Give a command `--secret-only`."""
    text = 'Print the secret and nothing else, for "$(…)". Example: --secret-only'
    return click.option("--secret-only", is_flag=True, help=text)(command)


@click.group(cls=Group)
def endpoints() -> None:
    """Add, list, change, test and delete webhook endpoints."""


@endpoints.command("list", epilog="Example: mock-sendpilot endpoints list")
@json_option
@client_options
def list_endpoints(as_json: bool, client: Client) -> None:
    """List all endpoints, oldest first. Settings in brackets are not the default."""
    reply = client.request("GET", "/endpoints")
    if as_json:
        print_json(reply)
        return
    for endpoint in reply["endpoints"]:
        click.echo(_line(endpoint))
    if not reply["endpoints"]:
        click.echo("no endpoints; add one with: mock-sendpilot endpoints add URL", err=True)


@endpoints.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a --print-secret\n"
    "  mock-sendpilot endpoints show ep_8fj2kd93ms0a --secret-only"
)
@id_argument
@click.option(
    "--print-secret", is_flag=True, help="Print the secret in full. Example: --print-secret"
)
@_secret_only_option
@json_option
@client_options
def show(
    resource_id: str, print_secret: bool, secret_only: bool, as_json: bool, client: Client
) -> None:
    """Show the settings and the state of endpoint ID."""
    path = f"/endpoints/{quote_segment(resource_id)}"
    if secret_only:
        _print_secret(client.request("GET", f"{path}/secret"), as_json=as_json)
        return
    endpoint = client.request("GET", path)
    if print_secret:
        endpoint["secret"] = client.request("GET", f"{path}/secret")["secret"]
    if as_json:
        print_json(endpoint)
    else:
        for name, value in _details(endpoint):
            click.echo(f"{name}: {value}")


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
    help="Only events of this type; may be repeated. Example: --event lead.status.changed",
)
@click.option(
    "--secret", help=f"Signing secret, instead of a new one. Example: --secret {EXAMPLE_SECRET}"
)
@click.option(
    "--retry-delay",
    multiple=True,
    type=float,
    callback=require_finite,
    metavar="SECONDS",
    help="Delay before a retry; repeated, the retry schedule in place of the contract's. "
    "Example: --retry-delay 1 --retry-delay 5",
)
@click.option(
    "--timeout",
    type=float,
    callback=require_finite,
    metavar="SECONDS",
    help="Seconds that the receiver has for its response. Example: --timeout 5",
)
@click.option(
    "--signature",
    multiple=True,
    metavar="SCHEME",
    help="Signature scheme in place of the contract's: documented, svix or standardwebhooks; may "
    "be repeated. Example: --signature svix",
)
@click.option(
    "--concurrency",
    type=int,
    help="Maximum number of deliveries at the same time. Example: --concurrency 8",
)
@click.option(
    "--signature-clock",
    metavar="CLOCK",
    help="Time in signatures: wall, virtual (the clock of the workspace) or process (the server's "
    "process). Example: --signature-clock virtual",
)
@header_option
@click.option(
    "--pass-traceparent",
    is_flag=True,
    help="Pass the trace of a request with a header traceparent on to its webhooks. "
    "Example: --pass-traceparent",
)
@_secret_only_option
@json_option
@client_options
def add(*, receiver: str, secret_only: bool, as_json: bool, client: Client, **options: Any) -> None:
    """Add an endpoint for the URL RECEIVER, and print its secret."""
    fields = {
        "url": receiver,
        "events": list(options["event"]) or None,
        "secret": options["secret"],
        "retryDelaysSeconds": list(options["retry_delay"]) or None,
        "timeoutSeconds": options["timeout"],
        "signatures": list(options["signature"]) or None,
        "concurrency": options["concurrency"],
        "signatureClock": options["signature_clock"],
        "headers": options["headers"] or None,
        "passTraceparent": options["pass_traceparent"] or None,
    }
    body = {key: value for key, value in fields.items() if value is not None}
    endpoint = client.request("POST", "/endpoints", body)
    if secret_only:
        _print_secret(endpoint, as_json=as_json)
    elif as_json:
        print_json(endpoint)
    else:
        click.echo(f"{_line(endpoint)}\nsecret: {endpoint['secret']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints disable ep_8fj2kd93ms0a")
@id_argument
@json_option
@client_options
def disable(resource_id: str, as_json: bool, client: Client) -> None:
    """Disable endpoint ID, and cancel its pending deliveries."""
    _set_enabled(client, resource_id, enabled=False, as_json=as_json)


@endpoints.command(epilog="Example: mock-sendpilot endpoints enable ep_8fj2kd93ms0a")
@id_argument
@json_option
@client_options
def enable(resource_id: str, as_json: bool, client: Client) -> None:
    """Send events to endpoint ID again."""
    _set_enabled(client, resource_id, enabled=True, as_json=as_json)


@endpoints.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot endpoints rotate-secret ep_8fj2kd93ms0a\n"
    f"  mock-sendpilot endpoints rotate-secret ep_8fj2kd93ms0a --secret {EXAMPLE_SECRET}"
)
@id_argument
@click.option(
    "--secret", help=f"The new secret; random by default. Example: --secret {EXAMPLE_SECRET}"
)
@_secret_only_option
@json_option
@client_options
def rotate_secret(
    resource_id: str, secret: str | None, secret_only: bool, as_json: bool, client: Client
) -> None:
    """Give endpoint ID a new secret, and print it. The old one stays valid for 24 hours."""
    path = f"/endpoints/{quote_segment(resource_id)}/rotate-secret"
    endpoint = client.request("POST", path, {"secret": secret})
    if secret_only:
        _print_secret(endpoint, as_json=as_json)
    elif as_json:
        print_json(endpoint)
    else:
        until = endpoint["retiredSecrets"][0]["validUntil"]
        click.echo(f"secret: {endpoint['secret']}\nthe old one is valid until {until}")


@endpoints.command(
    epilog="Example: mock-sendpilot endpoints test ep_8fj2kd93ms0a --event lead.status.changed"
)
@id_argument
@event_option("Event type; by default one that the endpoint wants.")
@json_option
@client_options
def test(resource_id: str, event: str | None, as_json: bool, client: Client) -> None:
    """Send endpoint ID an event with sample data. The command does not wait for the response."""
    path = f"/endpoints/{quote_segment(resource_id)}/test"
    reply = client.request("POST", path, {"eventType": event})
    if as_json:
        print_json(reply)
        return
    click.echo(f"{reply['id']}: {reply['eventType']}")
    click.echo(f"  see the outcome with: mock-sendpilot events show {reply['id']}")


@endpoints.command(epilog="Example: mock-sendpilot endpoints delete ep_8fj2kd93ms0a")
@id_argument
@json_option
@client_options
def delete(resource_id: str, as_json: bool, client: Client) -> None:
    """Delete endpoint ID, and cancel its pending deliveries."""
    client.delete(f"/endpoints/{quote_segment(resource_id)}")
    if as_json:
        print_json({"deleted": [resource_id]})
    else:
        click.echo(f"{resource_id}: deleted")


def _set_enabled(client: Client, endpoint_id: str, *, enabled: bool, as_json: bool) -> None:
    path = f"/endpoints/{quote_segment(endpoint_id)}"
    endpoint = client.request("PATCH", path, {"enabled": enabled})
    if as_json:
        print_json(endpoint)
    else:
        click.echo(_line(endpoint))


def _print_secret(endpoint: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json({"secret": endpoint["secret"]})
    else:
        click.echo(endpoint["secret"])


# --- endpoints as text ---------------------------------------------------------------------------


def _line(endpoint: dict[str, Any]) -> str:
    """Return an endpoint in a line, with the settings that are not the default."""
    settings = "; ".join(_changed_settings(endpoint))
    state = "" if endpoint["enabled"] else f", {_state(endpoint)}"
    suffix = f"  [{settings}]" if settings else ""
    return f"{endpoint['id']}: {endpoint['url']}  {_event_types(endpoint)}{state}{suffix}"


def _details(endpoint: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the name and the value of everything that is known of an endpoint."""
    delays, schemes = endpoint["retryDelaysSeconds"], endpoint["signatures"]
    seconds = endpoint["timeoutSeconds"]
    yield "id", endpoint["id"]
    yield "url", endpoint["url"]
    yield "events", _event_types(endpoint)
    yield "state", _state(endpoint)
    yield "secret", endpoint["secret"]
    retired = [f"{one['secret']} until {one['validUntil']}" for one in endpoint["retiredSecrets"]]
    if retired:
        yield "older secrets", ", ".join(retired)
    yield "retries", _FROM_CONTRACT if delays is None else _delays(delays)
    yield "timeout", "from the server" if seconds is None else f"{seconds:g} s"
    yield "signatures", _FROM_CONTRACT if schemes is None else ", ".join(schemes)
    yield "concurrency", endpoint["concurrency"]
    yield "signature clock", endpoint["signatureClock"]
    yield "headers", _headers(endpoint) or "none"
    yield "passes traceparent", "yes" if endpoint["passTraceparent"] else "no"
    yield "forwarded", "yes, by a listener" if endpoint["forwarded"] else "no"
    yield "created at", endpoint["createdAt"]


def _changed_settings(endpoint: dict[str, Any]) -> Iterator[str]:
    # Null leaves a setting to the contract or the server; the others are compared with defaults.
    if endpoint["retryDelaysSeconds"] is not None:
        yield f"retries {_delays(endpoint['retryDelaysSeconds'])}"
    if endpoint["timeoutSeconds"] is not None:
        yield f"timeout {endpoint['timeoutSeconds']:g} s"
    if endpoint["signatures"] is not None:
        yield f"signatures {', '.join(endpoint['signatures'])}"
    if endpoint["concurrency"] != 1:
        yield f"concurrency {endpoint['concurrency']}"
    if endpoint["signatureClock"] != "wall":
        yield f"signature clock {endpoint['signatureClock']}"
    if endpoint["headers"]:
        yield f"headers {_headers(endpoint)}"
    flags = {"passTraceparent": "passes traceparent", "forwarded": "forwarded"}
    yield from (text for key, text in flags.items() if endpoint[key])


def _event_types(endpoint: dict[str, Any]) -> str:
    return ", ".join(endpoint["events"] or ["all events"])


def _state(endpoint: dict[str, Any]) -> str:
    reason = f" ({endpoint['disabledReason']})" if endpoint["disabledReason"] else ""
    return "enabled" if endpoint["enabled"] else f"disabled{reason}"


def _delays(delays: list[float]) -> str:
    numbers = ", ".join(f"{seconds:g}" for seconds in delays)
    return f"after {numbers} s" if delays else "none"


def _headers(endpoint: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in endpoint["headers"].items())
