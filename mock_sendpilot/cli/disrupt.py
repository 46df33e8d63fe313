"""`mock-sendpilot disrupt`: deliveries that are made hostile on purpose."""

from typing import Any

import click
from click.types import StringParamType

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    print_json,
)
from mock_sendpilot.cli.options import finite
from mock_sendpilot.cli.values import ID, OneOf, event_option, match_option
from mock_sendpilot.cli.words import KINDS, table

ALWAYS = "always"
_CHAOS = "chaos"
_HELP = f"""Make the next delivery that fits hostile, in the way KIND says.

{table(KINDS)}

It counts for what is queued from now on. A disrupted attempt that fails is made again as it should
be, so that nothing is lost but by drop, and by what a receiver acknowledges
without knowing it.
"""


class Times(StringParamType):
    """A number of deliveries, or `always`."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or `always`."""
        return value if value == ALWAYS else click.IntRange(1).convert(value, param, ctx)


@click.command(
    help=_HELP,
    epilog="\b\nExamples:\n"
    "  mock-sendpilot disrupt duplicate\n"
    "  mock-sendpilot disrupt delay --seconds 30 --event lead.status.changed --times 3\n"
    "  mock-sendpilot disrupt chaos --rate 0.3 --random-seed 42",
)
@click.argument("kind", metavar="KIND", type=OneOf(KINDS))
@click.option(
    "--endpoint", type=ID, help="Only to this endpoint. Example: --endpoint ep_8fj2kd93ms0a"
)
@event_option("Only of this type.")
@match_option
@click.option(
    "--times",
    metavar="N|always",
    type=Times(),
    help="How many deliveries: 1 by default, of chaos always. Example: --times 3",
)
@click.option(
    "--seconds",
    type=float,
    callback=finite,
    help="Of delay, reorder, stale_timestamp (negative: in the future), slow_body. "
    "Example: --seconds 30",
)
@click.option(
    "--attempts",
    type=int,
    help="How many attempts of a delivery, of all kinds but the first four; 1 by default. "
    "Example: --attempts 2",
)
@click.option("--copies", type=int, help="Of duplicate; 1 by default. Example: --copies 2")
@click.option("--bytes", type=int, help="Of huge_body; 1000000 by default. Example: --bytes 5000")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1),
    callback=finite,
    help="Of chaos: which share; 0.2 by default. Example: --rate 0.3",
)
@click.option(
    "--random-seed",
    help="Of chaos: the same seed disrupts the same events alike. Example: --random-seed 42",
)
@click.option(
    "--chaos-kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    type=OneOf(kind for kind in KINDS if kind != _CHAOS),
    help="Of chaos: only this kind; may be repeated. Example: --chaos-kind drop",
)
@json_option
@control_options
def disrupt(*, kind: str, wants_json: bool, server: Server, **options: Any) -> None:
    """Arm a disruption; the help says of which kinds."""
    answer = ask(server, "POST", "/disruptions", _body(kind, options))
    if wants_json:
        print_json(answer)
    else:
        seed = f", random seed {answer['randomSeed']}" if answer["randomSeed"] is not None else ""
        click.echo(f"{answer['id']}: {kind} armed{seed}")


def _body(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    plain = ("times", "seconds", "attempts", "copies", "bytes", "rate")
    wanted: dict[str, Any] = {
        "kind": kind,
        "endpointId": options["endpoint"],
        "eventType": options["event"],
        "match": options["match"] or None,
        "kinds": list(options["kinds"]) or None,
        "randomSeed": options["random_seed"],
        **{name: options[name] for name in plain},
    }
    body = {key: value for key, value in wanted.items() if value is not None}
    return {**body, "times": None} if options["times"] == ALWAYS else body
