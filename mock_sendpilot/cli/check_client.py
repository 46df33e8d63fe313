"""`mock-sendpilot check-client`: check a client of the vendor's API."""

import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.exec import redirection_to
from mock_sendpilot.cli.formatting import fail
from mock_sendpilot.cli.options import contract_option, json_option, without_problem
from mock_sendpilot.cli.start import read_fixtures
from mock_sendpilot.cli.verdicts import (
    junit_option,
    print_report,
    seconds_problem,
    strict_option,
)
from mock_sendpilot.client_check.sync import (
    MAX_HANG_SECONDS,
    MAX_SECONDS,
    Ending,
    Limits,
    error_line,
)

if TYPE_CHECKING:
    from mock_sendpilot.client_check.report import ClientReport
    from mock_sendpilot.client_check.sync import Address
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.states.snapshots import WorkspaceState
    from mock_sendpilot.verdicts.report import Result

_STOPPED = 130
_GRACE_SECONDS = 1.0
_MAX_OUTPUT_BYTES = 4000


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="\b\nExamples:\n"
    "  mock-sendpilot check-client -- python sync.py\n"
    "  mock-sendpilot check-client --junit client.xml -- npm run sync",
)
@contract_option("the API")
@click.option(
    "--fixtures",
    metavar="FILE",
    help="A seed; its first workspace is the world of the sync, instead of three leads and two "
    "conversations. Example: --fixtures world.json",
)
@click.option(
    "--max-duration",
    default=MAX_SECONDS,
    show_default=True,
    type=click.FloatRange(0.5, 3600),
    callback=without_problem(seconds_problem),
    help="Seconds that one run of COMMAND may take. Example: --max-duration 120",
)
@click.option(
    "--max-hang",
    default=MAX_HANG_SECONDS,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    callback=without_problem(seconds_problem),
    help="Most seconds that the client should wait for a response. Example: --max-hang 30",
)
@click.option(
    "--tls/--no-tls",
    default=None,
    envvar=f"{ENV_PREFIX}TLS",
    show_envvar=True,
    show_default="on if the extra `tls` is installed",
    help="Let https://api.sendpilot.ai reach the emulator, too. Example: --tls",
)
@strict_option
@junit_option("client.xml")
@json_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def check_client(
    *,
    command: tuple[str, ...],
    contract: "Contract",
    fixtures: str | None,
    max_duration: float,
    max_hang: float,
    tls: bool | None,
    strict: bool,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Check the client of the vendor's API that COMMAND runs.

    COMMAND is one sync. It runs some twenty times, each time with an emulator of its own and with
    other faults. It finds the emulator by SENDPILOT_BASE_URL and SENDPILOT_API_KEY, as with `exec`.
    If it fails, its exit code should not be 0.

    Exit codes: 0 nothing failed, 1 a check failed, 2 the command line is wrong or COMMAND cannot
    be run.
    """
    from mock_sendpilot.cli.process_group import CannotRun
    from mock_sendpilot.cli.stopping import StopRequested, raise_on_stop_signal
    from mock_sendpilot.client_check.checks import CHECKS, run_checks

    sync = _CommandSync(command, tls=tls)
    state = _state(fixtures, contract)
    limits = Limits(max_seconds=max_duration, max_hang_seconds=max_hang)

    def run(on_result: "Callable[[Result], None]") -> "ClientReport":
        return run_checks(sync, state, limits=limits, on_result=on_result)

    try:
        with _signal_handlers():
            raise_on_stop_signal()
            print_report(
                run,
                heading=f"{sync.name}, contract {state.world.contract.name}",
                titles=[check.title for check in CHECKS],
                as_json=as_json,
                junit=junit,
                is_strict=strict,
            )
    except CannotRun as error:
        raise click.UsageError(error.message) from error
    except StopRequested:
        sys.exit(_STOPPED)


@contextmanager
def _signal_handlers() -> Iterator[None]:
    """Put the handlers of signals back at the end."""
    from mock_sendpilot.cli.process_group import FORWARDED

    before = {number: signal.getsignal(number) for number in FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _state(fixtures: str | None, contract: "Contract") -> "WorkspaceState":
    """Return the world that each run begins with."""
    from mock_sendpilot.client_check.world import API_KEY, for_checks, small_seed, state_of
    from mock_sendpilot.control.seed_loading import parse_seed
    from mock_sendpilot.errors import SendPilotError
    from mock_sendpilot.scheduling.clock import SystemClock

    if fixtures is None:
        return state_of(small_seed(contract))
    try:
        text = read_fixtures(fixtures)
        seeds = parse_seed(text, now=SystemClock().now(), default_contract=contract)
        seed = seeds[0]
        key = next((one.key for one in seed.api_keys if not one.is_revoked), API_KEY)
        return for_checks(state_of(seed).world, key)
    except OSError as error:
        fail(f"cannot read {fixtures} (--fixtures): {error.strerror or error}")
    except (SendPilotError, IndexError) as error:
        fail(f"--fixtures: {error}")


class _CommandSync:
    """A sync that is a command.

    Args:
        command: the program and its arguments.
        tls: whether the vendor's host leads to the emulator; None if that can be done.
    """

    def __init__(self, command: tuple[str, ...], *, tls: bool | None) -> None:
        self._command = command
        self._tls = tls
        self.name = error_line(shlex.join(command))

    def run(self, address: "Address", must_end: Callable[[], bool]) -> Ending:
        """Run the command to its end; when it must end, end its process group."""
        from mock_sendpilot.cli.env import server_variables
        from mock_sendpilot.cli.process_group import ProcessGroup
        from mock_sendpilot.cli.stopping import StopRequested

        variables = server_variables(
            origin=address.server.origin,
            api_key=address.api_key,
            webhook_secret=None,
            control_token=None,
        )
        was_ended = False

        def ends() -> bool:
            nonlocal was_ended
            was_ended = was_ended or must_end()
            return was_ended

        redirection = (
            nullcontext({})
            if self._tls is False
            else redirection_to(address.server.port, is_required=self._tls is True)
        )
        with redirection as redirected, tempfile.TemporaryFile() as output:
            with _signal_handlers():
                # It forwards signals, or one between its start and the wait would leave it running.
                group = ProcessGroup(
                    self._command,
                    {**os.environ, **variables, **redirected},
                    forwards_signals=True,
                    grace_seconds=_GRACE_SECONDS,
                    output=output,
                )
                try:
                    code = group.wait(must_end=ends)
                finally:
                    group.end()
            if group.was_asked_to_end:
                raise StopRequested
            size = output.seek(0, os.SEEK_END)
            output.seek(max(0, size - _MAX_OUTPUT_BYTES))
            lines = output.read().decode("utf-8", "replace").strip().splitlines()
        self._tls = self._tls if redirected else False  # what is missing is said once
        error = f"exit code {code}" if code else None
        if error and lines:
            error = f"{error}: {error_line(lines[-1])}"
        return Ending(error, was_ended=was_ended)
