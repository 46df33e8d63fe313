"""`mock-sendpilot exec`: run a command with an emulator of its own."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.formatting import fail
from mock_sendpilot.cli.log import log_to_stderr
from mock_sendpilot.cli.start import make_emulator, make_server, stop_server
from mock_sendpilot.cli.start_options import ConfigurableCommand, start_options
from mock_sendpilot.network import VENDOR_HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.server import EmulatorServer

# A free port, so that any number of them run at the same time, as in a matrix of CI.
_FIXED: Mapping[str, Any] = {"host": "127.0.0.1", "port": 0, "state": None}
_WITHOUT = (*_FIXED, "tls", "tls_port", "exit_with_parent", "show_secrets", "json")


@click.command(
    "exec",
    cls=ConfigurableCommand,
    context_settings={"allow_interspersed_args": False},
    epilog="\b\nExamples:\n"
    "  mock-sendpilot exec -- npm test\n"
    "  mock-sendpilot exec --contract live -- go test ./...",
)
@partial(start_options, without=_WITHOUT, defaults={"log_level": "warning"})
@click.option(
    "--exit-with-parent/--no-exit-with-parent",
    default=True,
    show_default=True,
    help="End the command when the process that has started this one is gone; not on Windows. "
    "Example: --exit-with-parent",
)
@click.option(
    "--tls/--no-tls",
    default=None,
    envvar=f"{ENV_PREFIX}TLS",
    show_envvar=True,
    show_default="on if the extra `tls` is installed",
    help="Let https://api.sendpilot.ai reach the emulator, too. Example: --tls",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(
    command: tuple[str, ...], exit_with_parent: bool, tls: bool | None, **options: Any
) -> None:
    """Run COMMAND with an emulator of its own.

    The emulator is on a free port of 127.0.0.1 as long as COMMAND runs. The variables
    SENDPILOT_BASE_URL, SENDPILOT_API_KEY and SENDPILOT_WEBHOOK_SECRET tell the app where, and
    MOCK_SENDPILOT_URL the other commands. Endpoints that are added without a secret have
    SENDPILOT_WEBHOOK_SECRET. With the extra `tls`, https://api.sendpilot.ai is the emulator, too.

    SIGINT, SIGTERM and SIGHUP are forwarded. What COMMAND leaves running is ended, and killed 5
    seconds later. Exit codes: that of COMMAND, 128+N after signal N, 126 not executable, 127 not
    found; without COMMAND having run, 1 or 2.
    """
    from mock_sendpilot.cli.stopping import Parent

    parent = Parent()  # before the seed is loaded, so that an end meanwhile is noticed
    log = log_to_stderr(options["log_level"], as_json=options["log_format"] == "json")
    options.update(_FIXED)
    emulator = make_emulator(options, shares_secret=True)
    server = make_server(emulator, options)
    server.start()
    try:
        with ExitStack() as stack:
            variables = {**os.environ, **_variables(emulator, server, options)}
            if tls is not False:
                redirection = redirection_to(server.port, is_required=tls is True)
                variables |= stack.enter_context(redirection)
            code = _run(command, variables, must_end=parent.is_gone if exit_with_parent else None)
    finally:
        stop_server(emulator, server)
    log.finish()
    sys.exit(code)


def _run(
    command: tuple[str, ...],
    variables: dict[str, str],
    *,
    must_end: "Callable[[], bool] | None",
) -> int:
    from mock_sendpilot.cli.process_group import CannotRun, ProcessGroup

    try:
        group = ProcessGroup(command, variables, forwards_signals=True)
    except CannotRun as error:
        click.echo(f"mock-sendpilot: {error.message}", err=True)
        return error.code
    try:
        return group.wait(must_end=must_end)
    finally:
        group.end()


def _variables(
    emulator: "Emulator", server: "EmulatorServer", options: dict[str, Any]
) -> dict[str, str]:
    """Return the variables for the first workspace."""
    from mock_sendpilot.cli.env import server_variables

    workspace = next(iter(emulator.workspaces()), None)
    api_keys = [] if workspace is None else emulator.api_keys(workspace)
    api_key = next((one.key for one in api_keys if not one.is_revoked), None)
    if workspace is None or api_key is None:
        fail("the first workspace of the seed has no API key: SENDPILOT_API_KEY needs one")
    endpoints = emulator.outbox(workspace).endpoints.all()
    # The app has one variable: endpoints that it adds get the default secret, those of a seed not.
    secret = options["webhook_secret"] or next((one.secret for one in endpoints), None)
    return server_variables(
        origin=server.origin,
        api_key=api_key,
        webhook_secret=secret or emulator.default_secret,
        control_token=options["control_token"],
    )


def redirection_to(
    server_port: int, *, is_required: bool
) -> "AbstractContextManager[Mapping[str, str]]":
    """Return a context with the variables that lead the vendor's host to the server."""
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.tls.authority import TlsNotInstalled
    from mock_sendpilot.tls.redirection import redirection

    try:
        return redirection(server_port, os.environ)
    except InvalidInput as error:
        fail(error.message)
    except TlsNotInstalled as error:
        if is_required:
            fail(error.message)
        click.echo(
            f"mock-sendpilot: {VENDOR_HOST} is the real service for this command: {error.message}; "
            "or use --no-tls if the app takes SENDPILOT_BASE_URL",
            err=True,
        )
        return nullcontext({})
