"""`mock-sendpilot disrupt`: make deliveries hostile."""

from collections.abc import Iterator
from typing import Any

import click
from click.types import StringParamType

from mock_sendpilot.cli.client import Client
from mock_sendpilot.cli.formatting import help_table, print_json
from mock_sendpilot.cli.options import (
    ID,
    OneOf,
    client_options,
    event_option,
    json_option,
    match_option,
    require_finite,
)
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, DEFAULT_RATE, KINDS

ALWAYS = "always"


def _kind_rows() -> Iterator[tuple[str, str]]:
    """Yield each kind with its description and its own options, such as `--seconds`."""
    for name, kind in KINDS.items():
        about, flags = kind.about, []
        for key, option in kind.options.items():
            if f"`{key}`" in about:
                about = about.replace(f"`{key}`", f"{option.default:.0f} {key}")
                flags.append(f"--{key}")
            elif key != "attempts":  # which most kinds have; the option itself says so
                flags.append(f"--{key} {option.default:.0f}")
        yield name, f"{about} ({', '.join(flags)})" if flags else about
    yield CHAOS, f"is disrupted in any of these ways that loses nothing (--rate {DEFAULT_RATE:g})"


class Times(StringParamType):
    """A number of deliveries or requests, or `always`."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or `always`."""
        return value if value == ALWAYS else click.IntRange(1).convert(value, param, ctx)


@click.command(
    short_help="Disrupt the next delivery that matches.",
    help=f"""Disrupt the next delivery that matches: it

{help_table(dict(_kind_rows()))}

Only deliveries made from now on are disrupted. A disrupted attempt that fails is retried without
the disruption, so nothing is lost but by drop, and by what a receiver acknowledges without knowing
it.
""",
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disrupt duplicate\n"
    "  mock-sendpilot disrupt delay --seconds 30 --event lead.status.changed --times 3\n"
    "  mock-sendpilot disrupt chaos --rate 0.3 --random-seed 42",
)
@click.argument("kind", metavar="KIND", type=OneOf([*KINDS, CHAOS]))
@click.option(
    "--endpoint",
    type=ID,
    help="Only deliveries to this endpoint. Example: --endpoint ep_8fj2kd93ms0a",
)
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
    type=OneOf(KINDS),
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
