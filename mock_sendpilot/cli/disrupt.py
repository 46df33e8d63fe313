"""`mock-sendpilot disrupt`: deliveries that are made hostile on purpose."""

from typing import Any

import click

from mock_sendpilot.cli.control import (
    Server,
    ask,
    control_options,
    json_option,
    match_option,
    print_json,
)

KINDS = (
    "duplicate",
    "reorder",
    "delay",
    "drop",
    "stale_timestamp",
    "wrong_secret",
    "missing_signature",
    "altered_body",
    "old_secret",
    "renamed_event",
    "unknown_event",
    "extra_fields",
    "missing_fields",
    "huge_body",
    "slow_body",
    "broken_connection",
    "wrong_content_type",
    "chaos",
)


@click.command(
    epilog="Examples: mock-sendpilot disrupt duplicate | mock-sendpilot disrupt delay --seconds 30 "
    "--event lead.status.changed --times 3 | mock-sendpilot disrupt chaos --rate 0.3 --seed 42"
)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--endpoint", help="Only to this endpoint. Example: --endpoint ep_8fj2kd93ms0a")
@click.option("--event", help="Only of this type. Example: --event lead.status.changed")
@match_option
@click.option("--times", type=click.IntRange(1), help="How many deliveries; 1 by default.")
@click.option("--always", is_flag=True, help="All deliveries that fit, as chaos does.")
@click.option("--seconds", type=float, help="Of delay, reorder, stale_timestamp, slow_body.")
@click.option("--attempts", type=int, help="How many attempts of a delivery; 1 by default.")
@click.option("--copies", type=int, help="Of duplicate; 1 by default.")
@click.option("--bytes", type=int, help="Of huge_body; 1000000 by default.")
@click.option("--rate", type=click.FloatRange(0, 1), help="Of chaos: which share; 0.2 by default.")
@click.option("--seed", help="Of chaos: the same seed disrupts the same events alike.")
@click.option("--kind", "kinds", multiple=True, help="Of chaos: only this kind; may be repeated.")
@json_option
@control_options
def disrupt(*, kind: str, wants_json: bool, server: Server, **options: Any) -> None:  # noqa: ANN401 - the options above
    """Make the next delivery that fits hostile, in the way KIND says.

    It counts for what is queued from now on. A disrupted attempt that fails is made again as it
    should be: but for drop, nothing is lost.
    """
    answer = ask(server, "POST", "/disruptions", _body(kind, options))
    if wants_json:
        print_json(answer)
    else:
        seed = f", seed {answer['seed']}" if answer["seed"] is not None else ""
        click.echo(f"{answer['id']}: {kind} armed{seed}")


def _body(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    if options["always"] and options["times"] is not None:
        raise click.UsageError("--always and --times exclude each other")
    plain = ("times", "seconds", "attempts", "copies", "bytes", "rate", "seed")
    wanted: dict[str, Any] = {
        "kind": kind,
        "endpointId": options["endpoint"],
        "eventType": options["event"],
        "match": options["match"] or None,
        "kinds": list(options["kinds"]) or None,
        **{name: options[name] for name in plain},
    }
    body = {key: value for key, value in wanted.items() if value is not None}
    return {**body, "times": None} if options["always"] else body
