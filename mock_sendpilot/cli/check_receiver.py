"""`mock-sendpilot check-receiver`: the verdict on a webhook receiver."""

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli.control import fail, json_option, print_json
from mock_sendpilot.cli.options import PREFIX, wants_colour

if TYPE_CHECKING:
    from mock_sendpilot.domain.contracts import Contract
    from mock_sendpilot.verdict.report import Report, Result
    from mock_sendpilot.verdict.target import Target

_SCHEMES = ("documented", "svix", "standardwebhooks")
_SIGNS = "✓✗–"  # noqa: RUF001 - one of the signs
_EXAMPLE_SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="  # noqa: S105 - an example


def _url(_ctx: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    from mock_sendpilot.domain.urls import url_problems  # noqa: PLC0415

    problems = [] if url is None else url_problems(url)
    if problems:
        raise click.BadParameter("; ".join(problems))
    return url


def _secret(_ctx: click.Context, _parameter: click.Parameter, secret: str) -> str:
    from mock_sendpilot.webhooks.signing import WANTED_OF_A_KEY, is_secret  # noqa: PLC0415

    if not is_secret(secret):
        raise click.BadParameter(f"must be {WANTED_OF_A_KEY}")
    return secret


def _contract(_ctx: click.Context, _parameter: click.Parameter, name: str) -> "Contract":
    from mock_sendpilot.domain.contracts import named_contract  # noqa: PLC0415
    from mock_sendpilot.domain.errors import InvalidInput  # noqa: PLC0415

    try:
        return named_contract(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


def _seconds(_ctx: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    if not math.isfinite(seconds):
        raise click.BadParameter("must be a number of seconds")
    return seconds


def _schemes(
    _ctx: click.Context, _parameter: click.Parameter, schemes: tuple[str, ...]
) -> tuple[str, ...]:
    from mock_sendpilot.verdict.target import scheme_problems  # noqa: PLC0415

    problems = scheme_problems(schemes)
    if problems:
        raise click.BadParameter("; ".join(problems))
    return schemes


def _in_a_folder(
    _ctx: click.Context, _parameter: click.Parameter, path: Path | None
) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}")
    return path


@click.command(
    epilog="Examples: mock-sendpilot check-receiver http://127.0.0.1:9000/webhooks "
    f"--secret {_EXAMPLE_SECRET} | mock-sendpilot check-receiver https://app.example/webhooks "
    "--contract live --junit receiver.xml"
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
    callback=_contract,
    help="Whose events: documented, example, schema or live. Example: --contract live",
)
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    type=click.Choice(_SCHEMES),
    callback=_schemes,
    help="Signature scheme that it may verify, in place of the contract's; may be repeated. "
    "Example: --scheme standardwebhooks",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    callback=_seconds,
    help="Seconds that it has for an answer. Example: --timeout 10",
)
@click.option(
    "--prompt-within",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.01, 3600),
    callback=_seconds,
    help="Seconds that an answer, and its effect on the probe, should take at most. "
    "Example: --prompt-within 1",
)
@click.option(
    "--probe",
    metavar="URL",
    callback=_url,
    help="A URL of your app whose answer to GET shows what events have done, so that a second "
    "effect of one event can be seen. Example: --probe http://127.0.0.1:9000/events",
)
@click.option("--lead-id", help="A lead that your app knows. Example: --lead-id lead_abc123")
@click.option("--strict", is_flag=True, help="Let a warning count as a failure.")
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
    prompt_within: float,
    probe: str | None,
    lead_id: str | None,
    strict: bool,
    junit: Path | None,
    wants_json: bool,
) -> None:
    """Deliver a series of events to the receiver at URL, and say what it does right and wrong.

    No server is needed. The events are made up, and so is the lead in them, unless --lead-id names
    one: a receiver has to answer 2xx to leads that it does not know.

    Exit codes: 0 nothing failed, 1 something did, 2 the command line is wrong.
    """
    from mock_sendpilot.verdict.probes import url_probe  # noqa: PLC0415
    from mock_sendpilot.verdict.target import Target  # noqa: PLC0415

    target = Target(
        url=url,
        secret=secret,
        contract=contract,
        schemes=schemes,
        timeout_seconds=timeout,
        prompt_seconds=prompt_within,
        probe=None if probe is None else url_probe(probe, timeout_seconds=timeout),
        lead_id=lead_id,
    )
    report = _examined(target, wants_json=wants_json)
    if junit is not None:
        _write(junit, report, is_strict=strict)
    if report.failed or (strict and report.warned):
        sys.exit(1)


def _examined(target: "Target", *, wants_json: bool) -> "Report":
    """Examine it, and print each line as soon as it is there."""
    from mock_sendpilot.verdict.checks import checks_under  # noqa: PLC0415
    from mock_sendpilot.verdict.examination import examine  # noqa: PLC0415
    from mock_sendpilot.verdict.report import Style  # noqa: PLC0415

    width = max(len(check.title) for check in checks_under(target.contract))
    style = Style(colour=wants_colour(), is_plain=not _can_show(_SIGNS), title_width=width)
    progress = Style(colour=False, is_plain=True, title_width=width)

    def tell(result: "Result") -> None:
        if not result.is_tried:
            return
        if not wants_json:
            _print(style.line(result))
        if _watches_errors_alone(wants_json=wants_json):
            click.echo(_shown(progress.line(result), sys.stderr.encoding), err=True)

    if not wants_json:
        _print(f"{target.url}, contract {target.contract.name}\n")
    report = examine(target, on_result=tell)
    if wants_json:
        print_json(report.as_json())
    else:
        _print(report.explanations(style))
    return report


def _watches_errors_alone(*, wants_json: bool) -> bool:
    """Whether a person sees standard error and not the table."""
    return sys.stderr.isatty() and (wants_json or not sys.stdout.isatty())


def _can_show(text: str) -> bool:
    return _shown(text, sys.stdout.encoding) == text


def _shown(text: str, encoding: str | None) -> str:
    known = encoding or "ascii"
    return text.encode(known, "replace").decode(known)


def _print(text: str) -> None:
    click.echo(_shown(text, sys.stdout.encoding))


def _write(path: Path, report: "Report", *, is_strict: bool) -> None:
    from mock_sendpilot.verdict.junit import as_junit  # noqa: PLC0415

    try:
        path.write_bytes(as_junit(report, is_strict=is_strict))
    except OSError as error:
        fail(f"{os.fspath(path)} cannot be written: {error.strerror or error}")
