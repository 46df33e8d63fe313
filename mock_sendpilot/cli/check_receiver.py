"""`mock-sendpilot check-receiver`: the verdict on a webhook receiver."""

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import orjson

from mock_sendpilot.cli.control import fail, json_option
from mock_sendpilot.cli.options import PREFIX, wants_colour
from mock_sendpilot.cli.values import contract as contract_of_name
from mock_sendpilot.receiver_check.target import (
    MAX_LATENCY_SECONDS,
    SCHEMES,
    TIMEOUT_SECONDS,
    Target,
    lead_id_problems,
    scheme_problems,
)

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.receiver_check.report import Report, Result

_SIGNS = "✓✗–"
_EXAMPLE_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


def _url(_ctx: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    from mock_sendpilot.urls import url_problems

    problems = [] if url is None else url_problems(url)
    if problems:
        raise click.BadParameter("; ".join(problems))
    return url


def _secret(_ctx: click.Context, _parameter: click.Parameter, secret: str) -> str:
    from mock_sendpilot.webhooks.signing import SECRET_FORMAT, is_secret

    if not is_secret(secret):
        raise click.BadParameter(f"must be {SECRET_FORMAT}")
    return secret


def _seconds(_ctx: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    if not math.isfinite(seconds):
        raise click.BadParameter("must be a number of seconds")
    return seconds


def _schemes(
    _ctx: click.Context, _parameter: click.Parameter, schemes: tuple[str, ...]
) -> tuple[str, ...]:
    problems = scheme_problems(schemes)
    if problems:
        raise click.BadParameter("; ".join(problems))
    return schemes


def _lead_id(_ctx: click.Context, _parameter: click.Parameter, lead_id: str | None) -> str | None:
    problems = lead_id_problems(lead_id or "")
    if problems:
        raise click.BadParameter("; ".join(problems))
    return lead_id


def _in_a_folder(
    _ctx: click.Context, _parameter: click.Parameter, path: Path | None
) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}")
    return path


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot check-receiver http://127.0.0.1:9000/webhooks --secret whsec_…\n"
    "  mock-sendpilot check-receiver https://app.example/webhooks --contract live \\\n"
    "    --junit receiver.xml",
)
@click.argument("url", metavar="URL", callback=_url)
@click.option(
    "--secret",
    required=True,
    envvar=f"{PREFIX}WEBHOOK_SECRET",
    show_envvar=True,
    callback=_secret,
    help=f"The signing secret that the receiver has. Example: --secret {_EXAMPLE_SECRET}",
)
@click.option(
    "--contract",
    default="documented",
    show_default=True,
    metavar="NAME",
    envvar=f"{PREFIX}CONTRACT",
    show_envvar=True,
    callback=contract_of_name,
    help="Whose events: documented, example, schema, live, strict or observed. "
    "Example: --contract live",
)
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    type=click.Choice(SCHEMES),
    callback=_schemes,
    help="Signature scheme that it may verify, in place of the contract's; may be repeated. "
    "Example: --scheme standardwebhooks",
)
@click.option(
    "--timeout",
    default=TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    callback=_seconds,
    help="Seconds that it has for an answer. Example: --timeout 10",
)
@click.option(
    "--max-latency",
    default=MAX_LATENCY_SECONDS,
    show_default=True,
    type=click.FloatRange(0.01, 3600),
    callback=_seconds,
    help="Seconds that an answer, and its effect on the probe, should take at most. "
    "Example: --max-latency 1",
)
@click.option(
    "--probe",
    metavar="URL",
    callback=_url,
    help="A URL of your app whose answer to GET shows what events have done, so that a second "
    "effect of one event can be seen. Example: --probe http://127.0.0.1:9000/events",
)
@click.option(
    "--lead-id",
    callback=_lead_id,
    help="A lead that your app knows. Example: --lead-id lead_abc123",
)
@click.option("--strict", is_flag=True, help="Let a warning count as a failure. Example: --strict")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    callback=_in_a_folder,
    help="Write the report as JUnit's XML, too. Example: --junit receiver.xml",
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
    wants_json: bool,
) -> None:
    """Deliver a series of events to the receiver at URL, and say what it does right and wrong.

    No server is needed. The events are made up, and so is the lead in them, unless --lead-id names
    one: a receiver has to answer 2xx to leads that it does not know.

    Exit codes: 0 nothing failed, 1 something did, 2 the command line is wrong or the probe shows
    nothing.
    """
    from mock_sendpilot.receiver_check.probes import url_probe

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
    output = _Output(is_all=junit is None)
    report = _examined(target, output, wants_json=wants_json)
    if junit is not None:
        _write(junit, report, is_strict=strict)
    output.end()
    if report.failed or (strict and report.warned):
        sys.exit(1)


class _Output:
    """Standard output, which may be closed, full, or read no longer.

    Args:
        is_all: whether nothing else is wanted, so that the command ends as soon as it breaks.
    """

    def __init__(self, *, is_all: bool) -> None:
        self._is_all = is_all
        self._error: OSError | None = None

    def can_show(self, text: str) -> bool:
        """Whether its encoding has all these signs."""
        return _shown(text, sys.stdout) == text

    def print(self, text: str) -> None:
        """A line, with ? for signs that its encoding lacks."""
        if self._error is not None:
            return
        try:
            click.echo(_shown(text, sys.stdout))
        except OSError as error:
            self._error = error
            if self._is_all:
                self.end()

    def end(self) -> None:
        """End the command if it broke."""
        if self._error is not None:
            raise self._error


def _examined(target: Target, output: _Output, *, wants_json: bool) -> "Report":
    """Examine it, and print each line as soon as it is there."""
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.receiver_check.checks import checks_under
    from mock_sendpilot.receiver_check.examination import examine
    from mock_sendpilot.receiver_check.report import Style

    checks = checks_under(target.contract)
    width = max(len(check.title) for check in checks)
    style = Style(colour=wants_colour(), is_plain=not output.can_show(_SIGNS), title_width=width)
    progress = Style(colour=False, is_plain=True, title_width=width)

    def tell(result: "Result") -> None:
        if result.id == checks[0].id and not wants_json:
            output.print(f"{target.url}, contract {target.contract.name}\n")
        if result.is_tried and not wants_json:
            output.print(style.line(result))
        if result.is_tried and _watches_errors_alone(wants_json=wants_json):
            click.echo(_shown(progress.line(result), sys.stderr), err=True)

    try:
        report = examine(target, on_result=tell)
    except InvalidInput as error:
        raise click.BadParameter(str(error), param_hint="--probe") from error
    if wants_json:
        output.print(orjson.dumps(report.as_json()).decode())
    else:
        output.print(report.explanations(style))
    return report


def _watches_errors_alone(*, wants_json: bool) -> bool:
    """Whether a person sees standard error and not the table."""
    return _is_watched(sys.stderr) and (wants_json or not _is_watched(sys.stdout))


def _is_watched(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _shown(text: str, stream: TextIO | None) -> str:
    """A text as a stream can show it; there is none where it was closed from the beginning."""
    known = (stream and stream.encoding) or "ascii"
    return text.encode(known, "replace").decode(known)


def _write(path: Path, report: "Report", *, is_strict: bool) -> None:
    from mock_sendpilot.receiver_check.junit import as_junit

    try:
        path.write_bytes(as_junit(report, is_strict=is_strict))
    except OSError as error:
        fail(f"{os.fspath(path)} cannot be written: {error.strerror or error}")
