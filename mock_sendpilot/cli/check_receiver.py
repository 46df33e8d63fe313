"""`mock-sendpilot check-receiver`: check a webhook receiver."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli.options import (
    contract_option,
    json_option,
    receiver_secret_option,
    url_problem,
    without_problem,
)
from mock_sendpilot.cli.verdicts import (
    junit_option,
    print_report,
    seconds_problem,
    strict_option,
)
from mock_sendpilot.receiver_check.target import MAX_LATENCY_SECONDS, Target, lead_id_problem
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.world.endpoint_settings import SIGNATURE_SCHEMES, signatures_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.receiver_check.report import ReceiverReport
    from mock_sendpilot.verdicts.report import Result


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot check-receiver http://127.0.0.1:9000/webhooks --secret whsec_…\n"
    "  mock-sendpilot check-receiver https://app.example/webhooks --contract live \\\n"
    "    --junit receiver.xml",
)
@click.argument("url", metavar="URL", callback=without_problem(url_problem))
@receiver_secret_option(required=True)
@contract_option("the events")
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    type=click.Choice(SIGNATURE_SCHEMES),
    callback=without_problem(lambda schemes: signatures_problem(schemes or None)),
    help="A signature scheme the receiver may verify, instead of the contract's; repeatable. "
    "Example: --scheme standardwebhooks",
)
@click.option(
    "--timeout",
    default=TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    callback=without_problem(seconds_problem),
    help="Seconds to wait for a response. Example: --timeout 10",
)
@click.option(
    "--max-latency",
    default=MAX_LATENCY_SECONDS,
    show_default=True,
    type=click.FloatRange(0.01, 3600),
    callback=without_problem(seconds_problem),
    help="Seconds that a response, and the effect of an event, should take at most. "
    "Example: --max-latency 1",
)
@click.option(
    "--probe",
    metavar="URL",
    callback=without_problem(url_problem),
    help="A URL of your app that returns the number of effects of events, or a JSON list of them, "
    "to a GET. Example: --probe http://127.0.0.1:9000/events",
)
@click.option(
    "--lead-id",
    callback=without_problem(lead_id_problem),
    help="The id of a lead your app knows. Example: --lead-id lead_abc123",
)
@strict_option
@junit_option("receiver.xml")
@json_option
def check_receiver(
    *,
    url: str,
    secret: str,
    contract: "Contract",
    schemes: tuple[str, ...],
    timeout: float,
    max_latency: float,
    probe: str | None,
    lead_id: str | None,
    strict: bool,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Check the webhook receiver at URL with test webhooks.

    No server is needed. The events are made up, and so is their lead unless --lead-id names one: a
    receiver has to answer 2xx to events about leads it does not know.

    Exit codes: 0 nothing failed, 1 a check failed, 2 the command line is wrong or the probe returns
    no count.
    """
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.receiver_check.checks import checks_for, run_checks
    from mock_sendpilot.receiver_check.target import url_probe

    target = Target(
        url=url,
        secret=secret,
        contract=contract,
        schemes=schemes,
        timeout_seconds=timeout,
        max_latency_seconds=max_latency,
        probe=None if probe is None else url_probe(probe, timeout_seconds=timeout),
        lead_id=lead_id,
    )

    def run(on_result: "Callable[[Result], None]") -> "ReceiverReport":
        try:
            return run_checks(target, on_result=on_result)
        except InvalidInput as error:
            raise click.BadParameter(str(error), param_hint="--probe") from error

    print_report(
        run,
        heading=f"{target.url}, contract {contract.name}",
        titles=[check.title for check in checks_for(contract)],
        as_json=as_json,
        junit=junit,
        is_strict=strict,
    )
