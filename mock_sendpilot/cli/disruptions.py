"""`mock-sendpilot disrupt`, `disruptions`: deliveries that are made hostile on purpose."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
import orjson

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import TableCommand, print_json, remove_armed
from mock_sendpilot.cli.groups import Group
from mock_sendpilot.cli.options import (
    ALWAYS,
    OneOf,
    Times,
    client_options,
    endpoint_option,
    event_option,
    id_or_all_options,
    json_option,
    match_option,
    require_finite,
)


def _kinds() -> tuple[str, ...]:
    from mock_sendpilot.webhooks.disruption_kinds import KINDS

    return tuple(KINDS)


def _kind_rows() -> Mapping[str, str]:
    """Return each kind with its description and its own options, such as `--seconds`."""
    from mock_sendpilot.webhooks.disruption_kinds import CHAOS, DEFAULT_RATE, KINDS

    rows = {}
    for name, kind in KINDS.items():
        about, flags = kind.about, []
        for key, option in kind.options.items():
            if f"`{key}`" in about:
                about = about.replace(f"`{key}`", f"{option.default:.0f} {key}")
                flags.append(f"--{key}")
            elif key != "attempts":  # which most kinds have; the option itself says so
                flags.append(f"--{key} {option.default:.0f}")
        rows[name] = f"{about} ({', '.join(flags)})" if flags else about
    rows[CHAOS] = f"is disrupted in any of these ways that loses nothing (--rate {DEFAULT_RATE:g})"
    return rows


@click.command(
    cls=TableCommand,
    table=_kind_rows,
    short_help="Disrupt the next delivery that matches.",
    help="""Disrupt the next delivery that matches: it

{table}

Only deliveries made from now on are disrupted. A disrupted attempt that fails is retried without
the disruption, so nothing is lost but by drop, and by what a receiver acknowledges without knowing
it.
""",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disrupt duplicate\n"
    "  mock-sendpilot disrupt delay --seconds 30 --event lead.status.changed --times 3\n"
    "  mock-sendpilot disrupt chaos --rate 0.3 --random-seed 42",
)
# Not CHAOS: its module would be imported for every command of this file.
@click.argument("kind", metavar="KIND", type=OneOf(lambda: (*_kinds(), "chaos")))
@endpoint_option
@event_option("Only deliveries of events of this type.")
@match_option
@click.option(
    "--times",
    metavar="N|always",
    type=Times(),
    help="Number of deliveries: 1 by default, always for chaos. Example: --times 3",
)
@click.option(
    "--seconds",
    type=float,
    callback=require_finite,
    help="For delay, reorder, stale_timestamp (negative: in the future) and slow_body. "
    "Example: --seconds 30",
)
@click.option(
    "--attempts",
    type=int,
    help="Number of attempts of a delivery to disrupt: 1 by default; for all kinds but the first "
    "four. Example: --attempts 2",
)
@click.option("--copies", type=int, help="For duplicate: 1 by default. Example: --copies 2")
@click.option("--bytes", type=int, help="For huge_body: 1000000 by default. Example: --bytes 5000")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1),
    callback=require_finite,
    help="For chaos: share of deliveries, 0.2 by default. Example: --rate 0.3",
)
@click.option(
    "--random-seed",
    help="For chaos: the same seed disrupts the same events in the same way. "
    "Example: --random-seed 42",
)
@click.option(
    "--chaos-kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    type=OneOf(_kinds),
    help="For chaos: only this kind; may be repeated. Example: --chaos-kind drop",
)
@json_option
@client_options
def disrupt(*, kind: str, as_json: bool, client: Client, **options: Any) -> None:
    """Arm a disruption."""
    fields = {
        "kind": kind,
        "endpointId": options["endpoint"],
        "eventType": options["event"],
        "match": options["match"] or None,
        "kinds": list(options["kinds"]) or None,
        "randomSeed": options["random_seed"],
        **{name: options[name] for name in ("seconds", "attempts", "copies", "bytes", "rate")},
    }
    body: dict[str, Any] = {key: value for key, value in fields.items() if value is not None}
    if options["times"] is not None:
        body["times"] = None if options["times"] == ALWAYS else options["times"]
    disruption = client.request("POST", "/disruptions", body)
    if as_json:
        print_json(disruption)
    else:
        seed = disruption["randomSeed"]
        suffix = "" if seed is None else f", random seed {seed}"
        click.echo(f"{disruption['id']}: {kind} armed{suffix}")


@click.group(cls=Group)
def disruptions() -> None:
    """List and remove disruptions."""


@disruptions.command("list", epilog="Example: mock-sendpilot disruptions list")
@json_option
@client_options
def list_disruptions(as_json: bool, client: Client) -> None:
    """List disruptions and the deliveries they matched, oldest first."""
    reply = client.request("GET", "/disruptions")
    if as_json:
        print_json(reply)
        return
    for disruption in reply["disruptions"]:
        click.echo("; ".join(_parts(disruption)))
        for match in disruption["matches"]:
            click.echo(f"  {match['kind']}: {match['eventId']}, {match['deliveryId']}")
    if not reply["disruptions"]:
        click.echo("no disruptions", err=True)


@disruptions.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disruptions remove dis_3k9v2q7xd0ab\n"
    "  mock-sendpilot disruptions remove --all"
)
@id_or_all_options
@json_option
@client_options
def remove(resource_id: str | None, removes_all: bool, as_json: bool, client: Client) -> None:
    """Disarm and remove the disruption ID, or all of them."""
    remove_armed(client, "disruptions", resource_id, removes_all=removes_all, as_json=as_json)


def _parts(disruption: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a disruption's line: its kind and state, its filters, its options."""
    times = disruption["times"]
    count = "always" if times is None else f"{disruption['matchCount']} of {times}"
    yield f"{disruption['id']}: {disruption['kind']}, {disruption['state']}, {count}"
    if disruption["endpointId"]:
        yield f"to {disruption['endpointId']}"
    if disruption["eventType"]:
        yield f"of {disruption['eventType']}"
    if disruption["match"]:
        pairs = [f"{key}={orjson.dumps(v).decode()}" for key, v in disruption["match"].items()]
        yield f"where {', '.join(pairs)}"
    if disruption["options"]:
        yield ", ".join(f"{key}={number:.15g}" for key, number in disruption["options"].items())
    if disruption["randomSeed"] is not None:
        yield f"random seed {disruption['randomSeed']}"
    if disruption["kinds"]:
        yield f"kinds: {', '.join(disruption['kinds'])}"
