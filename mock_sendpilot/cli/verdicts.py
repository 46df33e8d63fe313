"""The output of a check: each result as soon as it is known, the explanations, JUnit XML."""

import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import orjson

from mock_sendpilot.cli.formatting import fail, uses_color
from mock_sendpilot.cli.options import folder_problem, without_problem

if TYPE_CHECKING:
    from mock_sendpilot.verdicts.report import Report, Result

_SIGNS = "✓✗–"


def seconds_problem(seconds: float) -> str | None:
    """Return why a number is none of seconds, or None."""
    return None if math.isfinite(seconds) else "expected a number of seconds"


strict_option = click.option(
    "--strict", is_flag=True, help="Count a warning as a failure. Example: --strict"
)


def junit_option(example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option for a file of JUnit XML."""
    return click.option(
        "--junit",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        metavar="FILE",
        callback=without_problem(folder_problem),
        help=f"Write the report as JUnit XML as well. Example: --junit {example}",
    )


def print_report(
    run: "Callable[[Callable[[Result], None]], Report]",
    *,
    heading: str,
    titles: Sequence[str],
    as_json: bool,
    junit: Path | None,
    is_strict: bool,
) -> None:
    """Run checks, print each result as soon as it is known, and exit with 1 if one failed.

    Args:
        run: runs the checks; it passes on each result.
        heading: the first line of the table.
        titles: the titles of all checks.
        as_json: print one JSON document instead of the table.
        junit: a file for JUnit XML.
        is_strict: count a warning as a failure.
    """
    # With a file to write the command goes on after `| head`: the file is what CI reads.
    output = _Output(is_only=junit is None)
    report = _run_checks(run, output, heading=heading, titles=titles, as_json=as_json)
    if junit is not None:
        from mock_sendpilot.verdicts.junit import as_junit

        try:
            junit.write_bytes(as_junit(report, is_strict=is_strict))
        except OSError as error:
            fail(f"{os.fspath(junit)} cannot be written: {error.strerror or error}")
    output.end()
    if report.failed or (is_strict and report.warned):
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


def _run_checks(
    run: "Callable[[Callable[[Result], None]], Report]",
    output: _Output,
    *,
    heading: str,
    titles: Sequence[str],
    as_json: bool,
) -> "Report":
    from mock_sendpilot.verdicts.report import Style

    width = max(map(len, titles))
    style = Style(color=uses_color(), is_plain=not output.can_encode(_SIGNS), title_width=width)
    progress = Style(color=False, is_plain=True, title_width=width)
    # A person who sees standard error and not the table follows the progress there.
    shows_progress = _is_terminal(sys.stderr) and (as_json or not _is_terminal(sys.stdout))
    is_first = True

    def print_result(result: "Result") -> None:
        nonlocal is_first
        if is_first and not as_json:
            output.print(f"{heading}\n")
        is_first = False
        if result.is_tried and not as_json:
            output.print(style.line(result))
        if result.is_tried and shows_progress:
            click.echo(_encodable(progress.line(result), sys.stderr), err=True)

    report = run(print_result)
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
