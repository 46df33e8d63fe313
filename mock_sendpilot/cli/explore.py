"""`mock-sendpilot explore`: search for what breaks a webhook receiver."""

import math
import os
import secrets
import shlex
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli.formatting import fail, print_json
from mock_sendpilot.cli.options import (
    contract_option,
    folder_problem,
    json_option,
    receiver_secret_option,
    url_problem,
    without_problem,
)

if TYPE_CHECKING:
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.explorer.exploring import Exploration, Phase
    from mock_sendpilot.testing.receiver_process import ReceiverProcess
    from mock_sendpilot.testing.sandbox import Sandbox

_MAX_EXAMPLES = 1_000_000
_MIN_TIMEOUT_SECONDS, _MAX_TIMEOUT_SECONDS = 0.1, 600
_TERMINATED = 143


def checked_probe(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> "str | list[str] | None":
    """Return a URL, or the words of a command; None for none."""
    if text is None:
        return None
    if text.startswith(("http://", "https://")):
        without_problem(url_problem)(ctx, parameter, text)
        return text
    words = _words(ctx, parameter, text)
    if not words:
        raise click.BadParameter("expected a URL or a command, got nothing")
    return words


def _words(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError as error:
        raise click.BadParameter(f"expected a command: {error}") from error


_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(
    epilog="\b\nExamples:\n"
    "  mock-sendpilot explore http://127.0.0.1:9000/webhooks --probe leads.sh\n"
    "  mock-sendpilot explore http://127.0.0.1:9000/ --probe 'python leads.py'",
)
@click.argument("url", metavar="URL", callback=without_problem(url_problem))
@click.option(
    "--probe",
    required=True,
    metavar="URL|COMMAND",
    callback=checked_probe,
    help="A URL or command that returns your app's view of its leads, as JSON such as "
    '{"lead_1": {"status": "DONE", "replies": 2}}. Example: --probe http://127.0.0.1:9000/leads',
)
@click.option(
    "--examples",
    default=300,
    show_default=True,
    type=click.IntRange(1, _MAX_EXAMPLES),
    help="The number of schedules to play. Example: --examples 1000",
)
@click.option(
    "--seed",
    metavar="TEXT",
    help="The seed of the search; by default a new one, which is printed. Example: --seed 4f2a",
)
@click.option(
    "--replay",
    metavar="FILE|SEED",
    help="Play the schedule of a test or of JSON that was printed; or search with that seed. "
    "Example: --replay test_found.py",
)
@receiver_secret_option(required=False)
@contract_option("the events")
@click.option(
    "--receiver",
    "command",
    metavar="COMMAND",
    callback=_words,
    help="The command that runs your app: it is started, killed while it handles webhooks, and "
    "started again. Example: --receiver 'python app.py'",
)
@click.option(
    "--kinds",
    multiple=True,
    metavar="KIND",
    help="Draw only this kind of disruption; repeatable. By default those after which a correct "
    "app knows everything in the end. Example: --kinds reorder --kinds duplicate",
)
@click.option(
    "--timeout",
    default=2.0,
    show_default=True,
    type=click.FloatRange(_MIN_TIMEOUT_SECONDS, _MAX_TIMEOUT_SECONDS),
    help="Seconds for a response, and for your app to agree in the end. Example: --timeout 5",
)
@click.option(
    "--test",
    type=_FILE,
    metavar="FILE",
    callback=without_problem(folder_problem),
    help="Write what was found as a pytest test. Example: --test test_found.py",
)
@click.option(
    "--svg",
    type=_FILE,
    metavar="FILE",
    callback=without_problem(folder_problem),
    help="Write the sequence diagram of what was found as SVG. Example: --svg found.svg",
)
@click.option(
    "--artifacts",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that gets an HTML file about what was found, which replay plays again. Example: "
    "--artifacts evidence",
)
@json_option
def explore(
    *,
    url: str,
    probe: "str | list[str]",
    examples: int,
    seed: str | None,
    replay: str | None,
    secret: str | None,
    contract: "Contract",
    command: list[str],
    kinds: tuple[str, ...],
    timeout: float,
    test: Path | None,
    svg: Path | None,
    artifacts: Path | None,
    as_json: bool,
) -> None:
    """Search for what breaks the webhook receiver at URL.

    Schedules of changes, replies, disruptions, pauses and webhooks that arrive at the same time are
    drawn from a seed. At the end of each everything is delivered, and then your app must agree with
    the emulator about the leads. The smallest schedule that fails is printed as a story, a sequence
    diagram and a test. No server is needed, but the extra `explore` is.

    Exit codes: 0 nothing was found, 1 something was found, 2 the command line is wrong or the app
    cannot be reached.
    """
    from mock_sendpilot.errors import InvalidInput

    if math.isnan(timeout):
        raise click.BadParameter("expected a number of seconds", param_hint="--timeout")
    file = replay if replay is not None and Path(replay).exists() else None
    chosen_seed = seed or (replay if file is None else None) or secrets.token_hex(4)
    progress = _Progress(examples)
    if artifacts is not None:
        _check_folder(artifacts)
    try:
        with ExitStack() as stack:
            sandbox, process = _opened(stack, contract, command, url)
            require_answers(url, probe, timeout)
            exploration = sandbox.explore(
                url,
                probe=probe,
                examples=examples,
                random_seed=chosen_seed,
                secret=secret,
                restart=process,
                kinds=kinds or None,
                timeout=timeout,
                replay=file,
                on_progress=progress.show,
            )
    except InvalidInput as error:
        progress.end()
        raise click.UsageError(str(error)) from error
    progress.end()
    _write(exploration, test, svg)
    if artifacts is not None and exploration.found:
        _save(exploration, artifacts)
    if as_json:
        print_json(exploration.as_json())
    else:
        click.echo(str(exploration))
    if exploration.found:
        sys.exit(1)


class _Progress:
    """A line on a terminal that says how far the search is; elsewhere nothing."""

    def __init__(self, examples: int) -> None:
        self._examples = examples
        self._is_on = sys.stderr is not None and sys.stderr.isatty()
        self._length = 0

    def show(self, count: int, phase: "Phase") -> None:
        """Replace the line."""
        if not self._is_on:
            return
        text = (
            f"{count} of {self._examples} schedules"
            if phase == "exploring"
            else f"found; shrinking it, {count} schedules"
        )
        click.echo(f"\r{text.ljust(self._length)}", nl=False, err=True)
        self._length = len(text)

    def end(self) -> None:
        """Remove the line."""
        if self._length:
            click.echo(f"\r{' ' * self._length}\r", nl=False, err=True)
            self._length = 0


def _opened(
    stack: ExitStack, contract: "Contract", command: list[str], url: str
) -> "tuple[Sandbox, ReceiverProcess | None]":
    """Return a sandbox and the receiver's process, if it is ours, until the end of the stack."""
    from mock_sendpilot.testing.receiver_process import ReceiverProcess
    from mock_sendpilot.testing.standalone import sandbox

    made = stack.enter_context(sandbox(contract.name))
    if not command:
        return made, None
    # Without it a termination would leave the receiver running.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(_TERMINATED))
    return made, stack.enter_context(ReceiverProcess(command, url=url))


def require_answers(url: str, probe: "str | list[str]", timeout: float) -> None:
    """Refuse a receiver that cannot be reached, and a probe that fails, before any schedule."""
    from urllib.parse import urlsplit

    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.network import connected
    from mock_sendpilot.receiver_check.target import ProbeFailed
    from mock_sendpilot.testing.receiver_check import probe_of

    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        connected(parts.hostname or "", port, timeout_seconds=timeout).close()
    except OSError as error:
        raise InvalidInput(f"{url}: nothing answers there: {error}; start your app") from error
    try:
        probe_of(probe, origin="", timeout_seconds=max(timeout, 1))()
    except ProbeFailed as error:
        raise InvalidInput(f"--probe: {error}") from error


def _check_folder(folder: Path) -> None:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.evidence.files import checked_folder

    try:
        checked_folder(folder)
    except InvalidInput as error:
        raise click.UsageError(f"--artifacts: {error}") from error


def _save(exploration: "Exploration", folder: Path) -> None:
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.evidence.files import file_name
    from mock_sendpilot.evidence.saving import save_exploration

    path = folder / file_name(f"explore-{exploration.random_seed}")
    try:
        save_exploration(path, exploration)
    except InvalidInput as error:
        fail(str(error))
    click.echo(f"{path} tells it, too", err=True)


def _write(exploration: "Exploration", test: Path | None, svg: Path | None) -> None:
    found = exploration.found
    if found is None:
        return
    for path, text in ((test, found.test), (svg, found.svg)):
        if path is None:
            continue
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            fail(f"{os.fspath(path)} cannot be written: {error.strerror or error}")
