"""`mock-sendpilot fault`, `faults`: requests of API clients that fail on purpose."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import help_table, print_json, remove_armed
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    ALWAYS,
    ID,
    Times,
    client_options,
    id_or_all_options,
    json_option,
    request_options,
)

_CHAOS = "chaos"
_ROWS: Mapping[str, str] = {
    "status=503": "is answered with this error in the vendor's envelope; nothing is done",
    "retry-after=3": "has this header as well; together with a status",
    "after-effect": "is handled nevertheless; only its response is lost",
    "latency=2": "is answered this number of seconds later",
    "hang": "is never answered",
    "reset": "loses its connection before the response; with reset=body in the middle of it",
    "empty": "gets no byte before the connection is closed",
    "truncate": "gets half of the body before the connection is closed",
    "malformed": "gets JSON that ends too early",
    "content-type=text/html": "gets another content type",
    "missing=leads.id": "gets JSON without this field; also null=, retype=, unknown= and extra=",
    "trickle=100": "is answered with this number of bytes a second",
    "page=stale": "gets the first response to the same request; or page=repeated, the one before",
    _CHAOS: "is hit by any of several effects that a client with retries survives",
}


@click.command(
    help=f"""Arm a fault for the next /v1 request that matches.

The request

{help_table(_ROWS)}

Effects combine, such as status=503 latency=2. The control API is never hit.
""",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot fault status=503 --times 2\n"
    "  mock-sendpilot fault latency=2 --operation leads.list --times always\n"
    "  mock-sendpilot fault status=500 after-effect --method PATCH\n"
    "  mock-sendpilot fault chaos --probability 0.3 --random-seed 42",
)
@click.argument("effects", metavar="EFFECT...", nargs=-1, required=True, type=ID)
@request_options
@click.option(
    "--times",
    metavar="N|always",
    type=Times(),
    help="Number of requests: 1 by default, always for chaos. Example: --times 3",
)
@click.option(
    "--probability",
    type=click.FloatRange(0, 1),
    help="Share of the requests that match: 1 by default, 0.2 for chaos. "
    "Example: --probability 0.3",
)
@click.option(
    "--random-seed",
    type=ID,
    help="The same seed hits the same requests. Example: --random-seed 42",
)
@json_option
@client_options
def fault(*, effects: tuple[str, ...], as_json: bool, client: Client, **options: Any) -> None:
    """Arm a fault."""
    target = {name: options[name] for name in ("method", "path", "operation")}
    body: dict[str, Any] = {
        "pattern": {name: value for name, value in target.items() if value is not None}
    }
    if effects == (_CHAOS,):
        body["chaos"] = True
    else:
        from mock_sendpilot.errors import InvalidInput
        from mock_sendpilot.traffic.effects import effect_from_words

        # Read here and not by the server: a mistake is one of the command line, with exit code 2.
        try:
            body["effect"] = effect_from_words(effects).json
        except InvalidInput as error:
            raise click.UsageError(str(error)) from error
    if options["times"] is not None:
        body["times"] = None if options["times"] == ALWAYS else options["times"]
    if options["probability"] is not None:
        body["probability"] = options["probability"]
    if options["random_seed"] is not None:
        body["randomSeed"] = options["random_seed"]
    armed = client.request("POST", "/faults", body)
    if as_json:
        print_json(armed)
        return
    suffix = f", random seed {armed['randomSeed']}" if armed["chaos"] else ""
    click.echo(f"{armed['id']}: {' '.join(effects)} armed{suffix}")


@click.group(cls=Group)
def faults() -> None:
    """List and remove faults."""


@faults.command("list", epilog="Example: mock-sendpilot faults list")
@json_option
@client_options
def list_faults(as_json: bool, client: Client) -> None:
    """List all faults with the requests they hit, oldest first."""
    reply = client.request("GET", "/faults")
    if as_json:
        print_json(reply)
        return
    for armed in reply["faults"]:
        click.echo("; ".join(_parts(armed)))
        for match in armed["matches"]:
            effect = orjson.dumps(match["effect"]).decode()
            click.echo(f"  {match['at']}  {match['method']} {match['path']}: {effect}")
    if not reply["faults"]:
        click.echo("no faults", err=True)


@faults.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot faults remove fault_3k9v2q7xd0ab\n"
    "  mock-sendpilot faults remove --all"
)
@id_or_all_options
@json_option
@client_options
def remove(resource_id: str | None, removes_all: bool, as_json: bool, client: Client) -> None:
    """Disarm and remove the fault ID, or all of them."""
    remove_armed(client, "faults", resource_id, removes_all=removes_all, as_json=as_json)


def _parts(armed: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a fault's line: its effect and state, its pattern, its chance."""
    times = armed["times"]
    count = "always" if times is None else f"{armed['matchCount']} of {times}"
    effect = "chaos" if armed["chaos"] else orjson.dumps(armed["effect"]).decode()
    yield f"{armed['id']}: {effect}, {armed['state']}, {count}"
    if armed["pattern"]:
        yield f"for {orjson.dumps(armed['pattern']).decode()}"
    if armed["probability"] < 1:
        yield f"probability {armed['probability']:g}, random seed {armed['randomSeed']}"
    for name in ("from", "until"):
        if armed[name]:
            yield f"{name} {armed[name]}"
