"""`mock-sendpilot start`: run the server."""

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mock_sendpilot.cli.client import ENV_PREFIX
from mock_sendpilot.cli.formatting import fail, is_terminal, show_progress
from mock_sendpilot.cli.log import log_to_stderr
from mock_sendpilot.cli.memory import (
    COLLECT_SECONDS,
    collect_garbage,
    collections_off,
    give_back_large_blocks,
    make_collections_rare,
)
from mock_sendpilot.cli.start_options import ConfigurableCommand, places, source_of, start_options

if TYPE_CHECKING:
    from mock_sendpilot.cli.stopping import Parent, StopSignal
    from mock_sendpilot.contracts.contract import Contract
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.server import EmulatorServer
    from mock_sendpilot.states.state_file import StateFile
    from mock_sendpilot.tls.gateway import HttpsPort
    from mock_sendpilot.world.seed import EndpointSeed, WorkspaceSeed

_STOP_SECONDS = 0.5  # for running requests; webhooks that are being sent get half of it
_POLL_SECONDS = 0.2
_logger = logging.getLogger(__name__)


@click.command(
    cls=ConfigurableCommand,
    epilog="\b\nExamples:\n"
    "  mock-sendpilot start --port 0 --json\n"
    "  mock-sendpilot start --webhook http://127.0.0.1:9000/hooks --contract live",
)
@start_options
def start(**options: Any) -> None:
    """Start the server and serve until Ctrl+C or SIGTERM."""
    from mock_sendpilot.cli.stopping import Parent, StopRequested, raise_on_stop_signal

    if options["tls"] and options["host"] not in {"127.0.0.1", "localhost"}:
        raise click.UsageError(
            f"{places('tls')}: expected --host 127.0.0.1: nobody else trusts the certificate. For "
            "other machines put a proxy with a certificate of yours in front of the server"
        )
    parent = Parent() if options["exit_with_parent"] else None
    log = log_to_stderr(options["log_level"], as_json=options["log_format"] == "json")
    state_file = None
    if options["state"]:
        from mock_sendpilot.states.state_file import StateFile

        state_file = StateFile(Path(options["state"]))
    with collections_off():
        emulator = make_emulator(options, state_file)
        server = make_server(emulator, options)
    https = _https_port(server, options) if options["tls"] else None
    from mock_sendpilot.cli.banner import json_banner, text_banner

    if options["json"]:
        banner = json_banner(server, https)
    else:
        shows_secrets = options["show_secrets"] or is_terminal()
        banner = text_banner(server, https, shows_secrets=shows_secrets)
    # Until here a signal ends the process at once: there is nothing to clean up, and an exception
    # in the middle of an import may crash it.
    try:
        stop_signal = raise_on_stop_signal()
        try:
            with https or nullcontext():
                _serve(server, banner, state_file, lambda: _is_over(stop_signal, parent))
        finally:
            stop_server(emulator, server, state_file)
    except StopRequested:
        pass
    log.finish()


def make_emulator(
    options: dict[str, Any],
    state_file: "StateFile | None" = None,
    *,
    shares_secret: bool = False,
) -> "Emulator":
    """Return an emulator with the state or the seed loaded, or exit with the reason.

    Args:
        options: those of `start`.
        state_file: where the state is kept.
        shares_secret: give all endpoints without a secret the same one, also those that are added
            later.
    """
    from mock_sendpilot.contracts.contract import named_contract
    from mock_sendpilot.emulator import Emulator
    from mock_sendpilot.errors import InvalidInput, SendPilotError

    contract_options = [_parse_contract_option(text) for text in options["contract_option"]]
    try:
        contract = named_contract(options["contract"], contract_options)
    except InvalidInput as error:
        raise click.UsageError(f"{places('contract', 'contract_option')}: {error}") from error
    try:
        emulator = Emulator(
            contract=contract,
            random_seed=options["random_seed"],
            timeout_seconds=options["webhook_timeout"],
            rate_limit=options["rate_limit"],
        )
        emulator.default_secret = _default_secret(options, emulator, is_required=shares_secret)
        has_state = state_file is not None and _load_state(emulator, state_file, options)
        if not has_state:
            emulator.load(_seeds(options, contract), endpoints=_endpoint_seeds(options, emulator))
    except SendPilotError as error:
        fail(*getattr(error, "problems", (error.message,)))
    except OSError as error:
        is_state = options["state"] is not None and str(error.filename) == options["state"]
        key = "state" if is_state else "fixtures"
        fail(f"cannot read {options[key]} ({places(key)}): {_reason(error)}")
    if options["chaos"] is not None and not has_state:
        rate, random_seed = options["chaos"]
        for workspace in emulator.workspaces():
            emulator.outbox(workspace).disruptions.arm_chaos(random_seed, rate=rate)
    return emulator


def _load_state(emulator: "Emulator", state_file: "StateFile", options: dict[str, Any]) -> bool:
    """Load the workspaces of the state file; return whether it exists."""
    states = state_file.load()
    if states is None:
        return False
    emulator.load_states(states)
    endpoints = _endpoint_seeds(options, emulator)
    for workspace in emulator.workspaces():
        # The endpoints of --webhook are in the state already, unless the flag is new.
        urls = {one.url for one in emulator.outbox(workspace).endpoints.all()}
        emulator.add_endpoints(workspace, [one for one in endpoints if one.url not in urls])
    _logger.info("the state of %s is loaded, and no seed", options["state"])
    return True


def _parse_contract_option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--contract-option: expected OPTION=VALUE, got {text!r}")
    return key, value


def _seeds(options: dict[str, Any], contract: "Contract") -> "list[WorkspaceSeed]":
    from mock_sendpilot.control.shipped_seeds import demo_seeds, empty_seed
    from mock_sendpilot.scheduling.clock import SystemClock
    from mock_sendpilot.world.models import ApiKey

    own_key: str | None = options["api_key"]
    if options["empty"]:
        if options["fixtures"]:
            raise click.UsageError(f"{places('empty', 'fixtures')} exclude each other")
        return [empty_seed(own_key) if own_key else empty_seed()]
    now = SystemClock().now()
    if options["fixtures"]:
        from mock_sendpilot.control.seed_loading import parse_seed

        text = read_fixtures(options["fixtures"])
        seeds = parse_seed(text, now=now, default_contract=contract, watch=show_progress)
    else:
        seeds = demo_seeds(now, contract)
    known_keys = {key.key for seed in seeds for key in seed.api_keys}
    if own_key is None or own_key in known_keys:
        return seeds
    if not options["fixtures"]:  # the demo's other workspaces have keys that everybody knows
        return [replace(seeds[0], api_keys=(ApiKey(key=own_key),))]
    if source_of("api_key") is not ParameterSource.ENVIRONMENT:
        flags = places("api_key", "fixtures")
        raise click.UsageError(f"{flags} exclude each other: the seed has the keys")
    # No error, since the other commands read the same variable.
    _logger.warning(
        "%sAPI_KEY opens no workspace here: the seed of --fixtures has the keys", ENV_PREFIX
    )
    return seeds


def read_fixtures(path: str) -> bytes:
    """Return the bytes of a fixtures file; `-` is standard input."""
    if path != "-":
        return Path(path).read_bytes()
    if sys.stdin is None:
        raise click.UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def _default_secret(
    options: dict[str, Any], emulator: "Emulator", *, is_required: bool
) -> str | None:
    """Return the secret of endpoints that have none of their own."""
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.webhooks.endpoints import check_endpoint

    secret: str | None = options["webhook_secret"]
    try:
        check_endpoint(emulator.contract, secret=secret)
    except InvalidInput as error:
        raise click.UsageError(f"{places('webhook_secret')}: {error}") from error
    return emulator.new_secret() if secret is None and is_required else secret


def _endpoint_seeds(options: dict[str, Any], emulator: "Emulator") -> "list[EndpointSeed]":
    """Return an endpoint seed for each --webhook; its secret is the same in every workspace."""
    from mock_sendpilot.errors import InvalidInput
    from mock_sendpilot.webhooks.endpoints import check_endpoint
    from mock_sendpilot.world.seed import EndpointSeed

    contract = emulator.contract
    seeds = []
    for text in options["webhook"]:
        url, _, events = text.partition("#")
        secret = emulator.default_secret or emulator.new_secret()
        types = tuple(name.strip() for name in events.split(",") if name.strip()) or None
        names = None if types is None else map(contract.own_event_type, types)
        try:
            check_endpoint(contract, url=url, secret=secret, event_types=names)
        except InvalidInput as error:
            raise click.UsageError(f"{places('webhook')}: {error}") from error
        seeds.append(EndpointSeed(url=url, secret=secret, event_types=types))
    return seeds


def make_server(emulator: "Emulator", options: dict[str, Any]) -> "EmulatorServer":
    """Return a server whose port is open, or exit with the reason."""
    from mock_sendpilot.errors import SendPilotError
    from mock_sendpilot.server import EmulatorServer

    try:
        return EmulatorServer(
            emulator,
            host=options["host"],
            port=options["port"],
            allowed_hosts=options["allowed_host"],
            cors_origins=options["cors_origin"],
            control_token=options["control_token"],
            has_control=not options["no_control"],
            has_dashboard=not options["no_dashboard"],
        )
    except SendPilotError as error:
        fail(error.message)
    except (OSError, UnicodeError) as error:
        address = f"{options['host']}:{options['port']}"
        fail(f"cannot listen on {address}: {_reason(error)}; --port 0 picks a free port")


def _reason(error: Exception) -> str:
    """Return the system's description of an error, without the address that Python adds."""
    number = getattr(error, "errno", None)
    text = os.strerror(number) if isinstance(number, int) and number > 0 else ""
    return text if text and "Unknown" not in text else str(error)


def _https_port(server: "EmulatorServer", options: dict[str, Any]) -> "HttpsPort":
    """Return an https port in front of a server, or exit with the reason."""
    from mock_sendpilot.tls.authority import TlsNotInstalled
    from mock_sendpilot.tls.gateway import HttpsPort

    try:
        return HttpsPort(server.port, port=options["tls_port"])
    except TlsNotInstalled as error:
        fail(error.message)
    except OSError as error:
        fail(
            f"cannot listen on port {options['tls_port']} ({places('tls_port')}): "
            f"{_reason(error)}; --tls-port 0 picks a free port"
        )


def _serve(
    server: "EmulatorServer",
    banner: str,
    state_file: "StateFile | None",
    is_over: Callable[[], bool],
) -> None:
    """Serve until a stop signal raises `StopRequested`, or until it is over."""
    if state_file is not None:
        try:
            state_file.start(server.emulator)
        except OSError as error:
            fail(f"cannot write {state_file.path} ({places('state')}): {_reason(error)}")
    make_collections_rare()
    server.start()
    if sys.stdout is not None:
        try:
            sys.stdout.write(f"{banner}\n")
            sys.stdout.flush()
        except OSError:  # the reader is gone, or the disk full: serve all the same
            sys.stdout = None  # or Python flushes it at exit, and fails again
    give_back_large_blocks()
    # A signal ends the loop with an exception. It need not interrupt a sleep: of several signals at
    # once, the kernel may hand all to other threads.
    while True:
        collect_at = time.monotonic() + COLLECT_SECONDS
        while time.monotonic() < collect_at:
            time.sleep(_POLL_SECONDS)
            if is_over():
                return
        collect_garbage()


def _is_over(stop_signal: "StopSignal", parent: "Parent | None") -> bool:
    """Return whether there is a reason to stop; a signal has usually raised its exception."""
    if parent is not None and parent.is_gone():
        _logger.info("the process that started the server has ended")
        return True
    return stop_signal.is_received


def stop_server(
    emulator: "Emulator", server: "EmulatorServer", state_file: "StateFile | None" = None
) -> None:
    """Stop serving, save the state, and close the emulator."""
    # In this order: no request changes what is saved, and what is saved still has its clock.
    server.stop(timeout_seconds=_STOP_SECONDS)
    if state_file is not None:
        state_file.stop(emulator)
    pending = emulator.pending_count
    emulator.close(timeout_seconds=_STOP_SECONDS / 2)
    _logger.info("stopped; deliveries still pending: %d", pending)
