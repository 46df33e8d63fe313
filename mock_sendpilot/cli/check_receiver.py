"""`mock-sendpilot check-receiver`: check a webhook receiver."""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import click
import orjson

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.formatting import fail, uses_color
from mock_sendpilot.cli.options import EXAMPLE_SECRET, contract_by_name, json_option
from mock_sendpilot.receiver_check.target import MAX_LATENCY_SECONDS, Target, lead_id_problem
from mock_sendpilot.urls import url_problems
from mock_sendpilot.webhooks.http_sender import TIMEOUT_SECONDS
from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret
from mock_sendpilot.world.endpoint_settings import SIGNATURE_SCHEMES, signatures_problem

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.receiver_check.report import Report, Result

Value = TypeVar("Value")
_SIGNS = "✓✗–"


def _without_problem(
    problem: Callable[[Value], str | None],
) -> Callable[[click.Context, click.Parameter, Value | None], Value | None]:
    """Return what click calls with the value of a parameter, to reject one with a problem."""

    def check(
        _ctx: click.Context, _parameter: click.Parameter, value: Value | None
    ) -> Value | None:
        text = None if value is None else problem(value)
        if text:
            raise click.BadParameter(text)
        return value

    return check


def _url_problem(url: str) -> str:
    return "; ".join(url_problems(url))


def _seconds_problem(seconds: float) -> str | None:
    return None if math.isfinite(seconds) else "expected a number of seconds"


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot check-receiver http://127.0.0.1:9000/webhooks --secret whsec_…\n"
    "  mock-sendpilot check-receiver https://app.example/webhooks --contract live \\\n"
    "    --junit receiver.xml",
)
@click.argument("url", metavar="URL", callback=_without_problem(_url_problem))
@click.option(
    "--secret",
    required=True,
    envvar=f"{ENV_PREFIX}WEBHOOK_SECRET",
    show_envvar=True,
    callback=_without_problem(
        lambda secret: None if is_secret(secret) else f"expected {SECRET_FORMAT}"
    ),
    help=f"The signing secret of the receiver. Example: --secret {EXAMPLE_SECRET}",
)
@click.option(
    "--contract",
    default="documented",
    show_default=True,
    metavar="NAME",
    envvar=f"{ENV_PREFIX}CONTRACT",
    show_envvar=True,
    callback=contract_by_name,
    help="The contract of the events: documented, example, schema, live, strict or observed. "
    "Example: --contract live",
)
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    type=click.Choice(SIGNATURE_SCHEMES),
    callback=_without_problem(lambda schemes: signatures_problem(schemes or None)),
    help="A signature scheme the receiver may verify, instead of the contract's; repeatable. "
    "Example: --scheme standardwebhooks",
)
@click.option(
    "--timeout",
    default=TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    callback=_without_problem(_seconds_problem),
    help="Seconds to wait for a response. Example: --timeout 10",
)
@click.option(
    "--max-latency",
    default=MAX_LATENCY_SECONDS,
    show_default=True,
    type=click.FloatRange(0.01, 3600),
    callback=_without_problem(_seconds_problem),
    help="Seconds that a response, and the effect of an event, should take at most. "
    "Example: --max-latency 1",
)
@click.option(
    "--probe",
    metavar="URL",
    callback=_without_problem(_url_problem),
    help="A URL of your app that returns the number of effects of events, or a JSON list of them, "
    "to a GET. Example: --probe http://127.0.0.1:9000/events",
)
@click.option(
    "--lead-id",
    callback=_without_problem(lead_id_problem),
    help="The id of a lead your app knows. Example: --lead-id lead_abc123",
)
@click.option("--strict", is_flag=True, help="Count a warning as a failure. Example: --strict")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    callback=_without_problem(
        lambda path: None if path.parent.is_dir() else f"there is no folder {str(path.parent)!r}"
    ),
    help="Write the report as JUnit XML as well. Example: --junit receiver.xml",
)
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
    # With a file to write the command goes on after `| head`: the file is what CI reads.
    output = _Output(is_only=junit is None)
    report = _run_checks(target, output, as_json=as_json)
    if junit is not None:
        from mock_sendpilot.receiver_check.report import as_junit

        try:
            junit.write_bytes(as_junit(report, is_strict=strict))
        except OSError as error:
            fail(f"{os.fspath(junit)} cannot be written: {error.strerror or error}")
    output.end()
    if report.failed or (strict and report.warned):
        sys.exit(1)


class _Output:
    """Standard output, which may be closed, full, or read no longer.

    Args:
        is_only: whether nothing else is written, so that the command ends as soon as it breaks.
    """

    def __init__(self, *, is_only: bool) -> None:
        self._is_only = is_only
        self._error: OSError | None = None

    def can_encode(self, text: str) -> bool:
        """Return whether its encoding has all characters of a text."""
        return _encodable(text, sys.stdout) == text

    def print(self, text: str) -> None:
        """Print a line, with ? for characters that its encoding lacks."""
        if self._error is not None:
            return
        try:
            click.echo(_encodable(text, sys.stdout))
        except OSError as error:
            self._error = error
            if self._is_only:
                self.end()

    def end(self) -> None:
        """End the command if the output broke."""
        if self._error is not None:
            raise self._error


def _run_checks(target: Target, output: _Output, *, as_json: bool) -> "Report":
    """Run the checks, and print each result as soon as it is known."""
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.receiver_check.checks import checks_for, run_checks
    from mock_sendpilot.receiver_check.report import Style

    checks = checks_for(target.contract)
    width = max(len(check.title) for check in checks)
    style = Style(color=uses_color(), is_plain=not output.can_encode(_SIGNS), title_width=width)
    progress = Style(color=False, is_plain=True, title_width=width)
    # A person who sees standard error and not the table follows the progress there.
    shows_progress = _is_terminal(sys.stderr) and (as_json or not _is_terminal(sys.stdout))

    def print_result(result: "Result") -> None:
        if result.id == checks[0].id and not as_json:
            output.print(f"{target.url}, contract {target.contract.name}\n")
        if result.is_tried and not as_json:
            output.print(style.line(result))
        if result.is_tried and shows_progress:
            click.echo(_encodable(progress.line(result), sys.stderr), err=True)

    try:
        report = run_checks(target, on_result=print_result)
    except InvalidInput as error:
        raise click.BadParameter(str(error), param_hint="--probe") from error
    if as_json:
        output.print(orjson.dumps(report.as_json()).decode())
    else:
        output.print(report.explanations(style))
    return report


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _encodable(text: str, stream: TextIO | None) -> str:
    """Return a text with ? for what a stream cannot encode; a closed stream is None."""
    encoding = (stream and stream.encoding) or "ascii"
    return text.encode(encoding, "replace").decode(encoding)
